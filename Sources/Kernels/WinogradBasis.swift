/// Winograd's minimal filtering F(m, r): m outputs of an r-tap filter from m + r - 1 multiplications.
///
/// Derivation (Toom and Cook, transposed). Take n - 1 distinct points p_0 ... p_{n-2} and infinity, n = m + r - 1, and
/// let N_j be the product of (p_j - p_k) over k != j, and N_inf = 1. Then y[i] = sum over t of d[i + t] g[t], for i < m,
/// equals y = A^T D [(G g) . (B^T d)] with
///
///     A^T[i][j] = p_j^i            A^T[i][inf] = 1 for i = m - 1, else 0
///     D[j][j]   = 1 / N_j
///     G[j][t]   = p_j^t            G[inf][t]   = 1 for t = r - 1, else 0
///     B^T[j]    = coefficients of the product of (x - p_k) over k != j
///     B^T[inf]  = coefficients of the product of (x - p_k) over all k
///
/// (Winograd, "Arithmetic Complexity of Computations", 1980; Lavin and Gray, arXiv 1509.09308, both with D in G.) With
/// points in pairs +-p beside 0, rows for +p and -p differ only in the sign of their odd part; the micro-kernels use that.
/// Whatever comes out of the products is scaled by D, outputs and filter gradients alike: among the factors of A^T that
/// costs one multiplication per line, and in G two for each pair of points and more.
///
/// A filter with one tap fewer than r has nothing at infinity, or with a tap of zero before the others nothing at 0: that point
/// is left out, in B^T too.
public struct WinogradBasis: Sendable {
  /// The positive point of each pair.
  public let points: [Double]
  /// Outputs of a tile along one axis.
  public static let outputs = 4

  /// - Parameter points: of evaluation, all different; infinity is added to them.
  public init(points: [Double]) {
    self.points = points
  }

  /// F(4, 3) on 0, +-2/3, +-3/2, infinity. Closed under reciprocals, and its rounding error is a fifth of that of the
  /// textbook points 0, +-1, +-2, infinity.
  public static let threeTaps = WinogradBasis(points: [2.0 / 3.0, 1.5])

  /// F(4, 5) on 0, +-1, +-2, +-1/2, infinity. Its rounding error is 4.5e-6 of the output's RMS, against 1.1e-6 for F(4, 3)
  /// and 3e-7 for a direct product.
  public static let fiveTaps = WinogradBasis(points: [1, 2, 0.5])

  /// Points along one axis, infinity included.
  public var size: Int { 2 * points.count + 2 }
  /// Taps of the longest filter.
  public var taps: Int { size - WinogradBasis.outputs + 1 }

  /// 0, +p_0, -p_0, +p_1, ...: the finite points in the order of rows.
  var finite: [Double] { [0] + points.flatMap { [$0, -$0] } }

  private func norm(_ j: Int) -> Double {
    finite.indices.reduce(1) { $1 == j ? $0 : $0 * (finite[j] - finite[$1]) }
  }

  /// Coefficients, lowest power first, of the product of (x - root).
  private static func polynomial(_ roots: [Double]) -> [Double] {
    roots.reduce([1]) { polynomial, root in
      zip([0] + polynomial, polynomial + [0]).map { $0 - root * $1 }
    }
  }

  /// B^T, size x size.
  var inputMatrix: [[Double]] {
    let rows = finite.indices.map { j in
      WinogradBasis.polynomial(finite.indices.filter { $0 != j }.map { finite[$0] }) + [0]
    }
    return rows + [WinogradBasis.polynomial(finite)]
  }

  /// G, size x taps.
  var filterMatrix: [[Double]] {
    let rows = finite.map { p in (0..<taps).map { power(p, $0) } }
    return rows + [(0..<taps).map { $0 == taps - 1 ? 1 : 0 }]
  }

  /// A^T D, outputs x size.
  var outputMatrix: [[Double]] {
    let m = WinogradBasis.outputs
    return (0..<m).map { i in finite.indices.map { power(finite[$0], i) / norm($0) } + [i == m - 1 ? 1 : 0] }
  }

  private func power(_ x: Double, _ exponent: Int) -> Double { (0..<exponent).reduce(1) { value, _ in value * x } }

  /// What the micro-kernels take, all Float: p_i; q_i, the coefficients in x^2 of the product of (x^2 - p_k^2) over k != i;
  /// Q, the same over all k; 1 / N of 0 and of each pair. The leading coefficients of q_i and Q are 1.
  var coefficients: [Float] {
    let squares = points.map { $0 * $0 }
    var values = points
    for i in points.indices {
      values += WinogradBasis.polynomial(squares.indices.filter { $0 != i }.map { squares[$0] })
    }
    values += WinogradBasis.polynomial(squares)
    values.append(1 / norm(0))
    for i in points.indices { values.append(1 / norm(2 * i + 1)) }
    return values.map { Float($0) }
  }
}
