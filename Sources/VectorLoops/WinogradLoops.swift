/// The five small transforms of Winograd's minimal filtering, one tile and one vector of channels at a time.
///
/// A tile of points is stored scattered: point (i, j) of an n x n tile at `offsets[i * n + j]`, n = 2 * pairs + 2, in the
/// order 0, +p1, -p1, +p2, -p2, ..., infinity along either axis. A tile of pixels or taps is strided: element (r, c) at
/// r * rowStride + c * columnStride. Every element is one vector of W channels.
///
/// `rowPoints` and `columnPoints` are n, or n - 1 where the filter phase has one tap fewer and so nothing at infinity.
/// `coefficients` come from `WinogradBasis`; `scratch` holds 64 vectors.
public protocol WinogradLoops {
  /// B^T d B: pixels -> points.
  static func inputTransform(
    pairs: Int, rowPoints: Int, columnPoints: Int, coefficients: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>,
    source: UnsafePointer<Float>, rowStride: Int, columnStride: Int, destination: UnsafeMutablePointer<Float>,
    offsets: UnsafePointer<Int>)

  /// A^T m A: points -> 4 x 4 pixels, overwritten.
  static func outputTransform(
    pairs: Int, rowPoints: Int, columnPoints: Int, coefficients: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>,
    source: UnsafePointer<Float>, offsets: UnsafePointer<Int>, destination: UnsafeMutablePointer<Float>, rowStride: Int,
    columnStride: Int)

  /// A y A^T: 4 x 4 pixels -> all n x n points.
  static func outputGradientTransform(
    pairs: Int, coefficients: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>, source: UnsafePointer<Float>,
    rowStride: Int, columnStride: Int, destination: UnsafeMutablePointer<Float>, offsets: UnsafePointer<Int>)

  /// G g G^T: taps -> points. There are rowPoints - 3 by columnPoints - 3 taps.
  static func filterTransform(
    pairs: Int, rowPoints: Int, columnPoints: Int, coefficients: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>,
    source: UnsafePointer<Float>, rowStride: Int, columnStride: Int, destination: UnsafeMutablePointer<Float>,
    offsets: UnsafePointer<Int>)

  /// G^T u G: points -> taps, overwritten.
  static func filterGradientTransform(
    pairs: Int, rowPoints: Int, columnPoints: Int, coefficients: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>,
    source: UnsafePointer<Float>, offsets: UnsafePointer<Int>, destination: UnsafeMutablePointer<Float>, rowStride: Int,
    columnStride: Int)
}
