/// Points 0, +-p, ..., infinity, the coefficients that the kernels take (`WinogradBasis` in Kernels lays them out), and the
/// matrices that they stand for, made from their definitions.
struct Basis {
  let points: [Double]
  /// 1 / N of 0 and of each pair.
  let scales: [Double]
  let numbers: Numbers

  var pairs: Int { points.count }
  var size: Int { 2 * pairs + 2 }

  /// Whole points and made-up whole scales: all transforms are exact. And the bases of the networks.
  static let all = [
    Basis(points: [1, 2], scales: [1, -2, 3], numbers: .integers),
    Basis(points: [1, 2, 3], scales: [1, -2, 3, 2], numbers: .integers),
    Basis(points: [2.0 / 3.0, 1.5], scales: [1, -81.0 / 130, 8.0 / 65], numbers: .reals),
    Basis(points: [1, 2, 0.5], scales: [-1, -2.0 / 9, 1.0 / 90, 32.0 / 45], numbers: .reals),
  ]

  /// Points along the rows and the columns of a tile: with infinity, or without it for one tap fewer.
  var tileSizes: [(rows: Int, columns: Int)] {
    [(size, size), (size, size - 1), (size - 1, size), (size - 1, size - 1)]
  }

  /// The same as ranges: also without 0, for phases that lag.
  var tileRanges: [(rows: Range<Int>, columns: Range<Int>)] {
    tileSizes.flatMap { size in
      [(0, 0), (1, 0), (0, 1), (1, 1)].map { ($0..<size.rows, $1..<size.columns) }
    }
  }

  var coefficients: [Float] {
    let squares = points.map { $0 * $0 }
    var values = points
    for i in 0..<pairs {
      values += polynomial((0..<pairs).filter { $0 != i }.map { squares[$0] })
    }
    return (values + polynomial(squares) + scales).map { Float($0) }
  }

  private var finite: [Double] { [0] + points.flatMap { [$0, -$0] } }

  private func power(_ x: Double, _ exponent: Int) -> Double { (0..<exponent).reduce(1) { value, _ in value * x } }

  /// Coefficients, lowest power first, of the product of (x - root).
  private func polynomial(_ roots: [Double]) -> [Double] {
    var result = [1.0]
    for root in roots {
      result = (0...result.count).map { i in
        (i > 0 ? result[i - 1] : 0) - (i < result.count ? root * result[i] : 0)
      }
    }
    return result
  }

  /// B^T [points, points].
  func input(_ points: Int) -> [[Double]] {
    let rows = finite.indices.map { j in polynomial(finite.indices.filter { $0 != j }.map { finite[$0] }) + [0] }
    return (rows + [polynomial(finite)]).prefix(points).map { Array($0.prefix(points)) }
  }

  /// A^T D [4, points].
  func output(_ points: Int) -> [[Double]] {
    (0..<4).map { i in
      (0..<points).map { j in
        j == size - 1 ? (i == 3 ? 1 : 0) : power(finite[j], i) * scales[(j + 1) / 2]
      }
    }
  }

  /// A [size, 4].
  var outputGradient: [[Double]] {
    (0..<size).map { j in (0..<4).map { j == size - 1 ? ($0 == 3 ? 1 : 0) : power(finite[j], $0) } }
  }

  /// G [points, taps] of a phase that has these points, the taps three fewer. One that lags has a tap of zero before them.
  func filter(_ points: Range<Int>) -> [[Double]] {
    (0..<points.upperBound).map { j in
      (0..<points.count - 3).map { t in
        j == size - 1 ? (t == points.count - 4 ? 1 : 0) : power(finite[j], points.lowerBound + t)
      }
    }
  }

  /// G^T D [taps, points].
  func filterGradient(_ points: Range<Int>) -> [[Double]] {
    let filter = filter(points)
    return (0..<points.count - 3).map { t in
      filter.indices.map { j in filter[j][t] * (j == size - 1 ? 1 : scales[(j + 1) / 2]) }
    }
  }

  /// Roundings of a transform along both axes: along one there are less than 2 for each point (one for the sum, one for a
  /// factor), and a coefficient, at most a product of four that are rounded, carries 8.
  var roundings: Int { numbers == .integers ? 0 : 2 * (2 * size + 8) }
}

/// Element (r, c) of rows x columns^T.
func transformed(
  _ rows: [[Double]], _ columns: [[Double]], _ r: Int, _ c: Int, _ element: (_ row: Int, _ column: Int) -> Float
) -> Reference {
  var sum = Reference()
  for i in rows[r].indices where rows[r][i] != 0 {
    for j in columns[c].indices { sum.add(rows[r][i] * columns[c][j] * Double(element(i, j))) }
  }
  return sum
}
