// How far two clouds of features are apart, each taken as a normal distribution; and the eigenvalues that it needs.
// Everything in Double on one thread: the matrices are small.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Mean and covariance of a cloud of feature vectors.
struct FeatureMoments {
  let mean: [Double]
  /// [dimension, dimension], over count - 1.
  let covariance: SymmetricMatrix

  /// - Precondition: at least two vectors.
  init(_ features: FeatureTable) {
    precondition(features.count > 1, "the covariance of one vector")
    let (count, d) = (features.count, features.dimension)
    var mean = [Double](repeating: 0, count: d)
    for row in 0..<count {
      for i in 0..<d { mean[i] += Double(features[row, i]) }
    }
    for i in 0..<d { mean[i] /= Double(count) }
    var sums = [Double](repeating: 0, count: d * d)
    var centred = mean
    for row in 0..<count {
      for i in 0..<d { centred[i] = Double(features[row, i]) - mean[i] }
      for i in 0..<d {
        for j in 0...i { sums[i * d + j] += centred[i] * centred[j] }
      }
    }
    for i in 0..<d {
      for j in 0...i {
        sums[i * d + j] /= Double(count - 1)
        sums[j * d + i] = sums[i * d + j]
      }
    }
    self.mean = mean
    covariance = SymmetricMatrix(size: d, elements: sums)
  }

  /// Fréchet's distance of the two normal distributions (Dowson and Landau 1982), squared as is usual:
  /// |m1 - m2|^2 + tr(C1 + C2 - 2 (C1^1/2 C2 C1^1/2)^1/2).
  func distance(to other: FeatureMoments) -> Double {
    let shift = zip(mean, other.mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let root = covariance.squareRoot()
    let product = root.times(other.covariance).times(root)
    // The smallest eigenvalues of a product that has none below zero may come out below it by rounding.
    let overlap = product.eigen().values.reduce(0) { $0 + max($1, 0).squareRoot() }
    return max(0, shift + covariance.trace + other.covariance.trace - 2 * overlap)
  }
}

/// A square matrix that equals its transpose, up to rounding.
struct SymmetricMatrix {
  let size: Int
  /// [size, size].
  private(set) var elements: [Double]

  init(size: Int, elements: [Double]) {
    precondition(elements.count == size * size)
    self.size = size
    self.elements = elements
  }

  var trace: Double { (0..<size).reduce(0) { $0 + elements[$1 * size + $1] } }

  func times(_ other: SymmetricMatrix) -> SymmetricMatrix {
    var product = [Double](repeating: 0, count: size * size)
    for i in 0..<size {
      for k in 0..<size {
        let factor = elements[i * size + k]
        for j in 0..<size { product[i * size + j] += factor * other.elements[k * size + j] }
      }
    }
    return SymmetricMatrix(size: size, elements: product)
  }

  /// The root without negative eigenvalues; those of the matrix that are negative by rounding count as 0.
  func squareRoot() -> SymmetricMatrix {
    let (values, vectors) = eigen()
    var root = [Double](repeating: 0, count: size * size)
    for k in 0..<size where values[k] > 0 {
      let value = values[k].squareRoot()
      for i in 0..<size {
        let factor = value * vectors[i * size + k]
        for j in 0..<size { root[i * size + j] += factor * vectors[j * size + k] }
      }
    }
    return SymmetricMatrix(size: size, elements: root)
  }

  /// Eigenvalues in no particular order and the vectors that belong to them, as columns of [size, size]: Jacobi's cyclic
  /// rotations (Golub and Van Loan, Matrix Computations, 8.5), until nothing beside the diagonal matters to a Double.
  func eigen() -> (values: [Double], vectors: [Double]) {
    let n = size
    var a = elements
    var v = [Double](repeating: 0, count: n * n)
    for i in 0..<n { v[i * n + i] = 1 }
    let scale = a.reduce(0) { $0 + $1 * $1 }
    // Convergence is quadratic at the end: some ten sweeps for any matrix, fifty for none.
    for _ in 0..<50 {
      var beside = 0.0
      for p in 0..<n {
        for q in 0..<p { beside += a[p * n + q] * a[p * n + q] }
      }
      if beside <= scale * 1e-30 { break }
      for p in 1..<max(n, 1) {
        for q in 0..<p where a[p * n + q] != 0 {
          let theta = (a[p * n + p] - a[q * n + q]) / (2 * a[p * n + q])
          let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
          let c = 1 / (t * t + 1).squareRoot()
          let s = t * c
          for k in 0..<n { rotate(&a, k * n + q, k * n + p, c, s) }
          for k in 0..<n { rotate(&a, q * n + k, p * n + k, c, s) }
          for k in 0..<n { rotate(&v, k * n + q, k * n + p, c, s) }
        }
      }
    }
    return ((0..<n).map { a[$0 * n + $0] }, v)
  }

  private func rotate(_ x: inout [Double], _ first: Int, _ second: Int, _ c: Double, _ s: Double) {
    let (a, b) = (x[first], x[second])
    x[first] = c * a - s * b
    x[second] = s * a + c * b
  }
}
