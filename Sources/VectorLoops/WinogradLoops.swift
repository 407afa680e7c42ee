/// The five small transforms of Winograd's minimal filtering, for a run of tiles or of filter rows and one vector of
/// channels.
///
/// A tile of points is stored scattered: point (i, j) of an n x n tile at `offsets[i * n + j]`, n = 2 * pairs + 2, in the
/// order 0, +p1, -p1, +p2, -p2, ..., infinity along either axis; the next tile of the run lies W behind. A tile of pixels
/// is a list of their addresses, row by row, and the next tile's list follows; the vector lies `channel` floats behind an
/// address. So pixels outside of a picture cost nothing: their address is that of zeros, or of memory to waste. A tile of
/// taps is strided: tap (r, c) at r * rowStride + c * columnStride, and the next row of the run `step` behind.
///
/// `rowPoints` and `columnPoints` are n, or n - 1 where the filter phase has one tap fewer and so nothing at infinity.
/// `coefficients` come from `WinogradBasis`; `scratch` holds 64 vectors.
public protocol WinogradLoops {
  /// B^T d B: pixels -> points. A tile has rowPoints x columnPoints pixels.
  static func inputTransform(
    pairs: Int, rowPoints: Int, columnPoints: Int, coefficients: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, tiles: Int, pixels: UnsafePointer<UnsafeMutablePointer<Float>>, channel: Int,
    destination: UnsafeMutablePointer<Float>, offsets: UnsafePointer<Int>)

  /// A^T m A: points -> 4 x 4 pixels, overwritten.
  /// - Parameter streams: whether stores go past the caches where a vector is a whole line, to `processor_end_streams`;
  ///   pixels then begin at multiples of a line.
  /// - Parameter bias: of one vector of channels; a pixel x then becomes leaky(x + bias), as by `biasLeakyReLU`. `slope` is
  ///   only read with it.
  static func outputTransform(
    pairs: Int, rowPoints: Int, columnPoints: Int, coefficients: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, tiles: Int, source: UnsafePointer<Float>, offsets: UnsafePointer<Int>,
    pixels: UnsafePointer<UnsafeMutablePointer<Float>>, channel: Int, bias: UnsafePointer<Float>?, slope: Float,
    streams: Bool)

  /// A y A^T: 4 x 4 pixels -> all n x n points.
  static func outputGradientTransform(
    pairs: Int, coefficients: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>, tiles: Int,
    pixels: UnsafePointer<UnsafeMutablePointer<Float>>, channel: Int, destination: UnsafeMutablePointer<Float>,
    offsets: UnsafePointer<Int>)

  /// G g G^T: taps -> points. There are rowPoints - 3 by columnPoints - 3 taps.
  /// - Parameter streams: whether stores go past the caches where a vector is a whole line, to `processor_end_streams`.
  static func filterTransform(
    pairs: Int, rowPoints: Int, columnPoints: Int, coefficients: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, count: Int, source: UnsafePointer<Float>, step: Int, rowStride: Int,
    columnStride: Int, destination: UnsafeMutablePointer<Float>, offsets: UnsafePointer<Int>,
    streams: Bool)

  /// One row of G g G^T, with the row `row` [taps] of G for the first axis, or its only factor that is not zero: taps x (columnPoints - 3) taps -> point j of
  /// filter row k at destination + j * pointStride + k * W.
  static func filterRowTransform(
    pairs: Int, columnPoints: Int, coefficients: UnsafePointer<Float>, row: UnsafePointer<Float>, taps: Int, count: Int,
    source: UnsafePointer<Float>, step: Int, rowStride: Int, columnStride: Int,
    destination: UnsafeMutablePointer<Float>, pointStride: Int)

  /// The tiles of a call of `filterRowProduct`.
  static var rowProductTiles: Int { get }

  /// `filterRowTransform` for up to three taps and two panels of columns, and at each of the row's points the
  /// product with `rowProductTiles` tiles: c[j, tile] (+)= sum over k of a[j, tile, k] times point j of filter row k. The
  /// same bits as by `gemmTile`.
  ///
  /// - Parameters:
  ///   - rowTaps: 1, 2 or 3; columnPoints: 5 or 6.
  ///   - depthPanels: panels of W filter rows.
  ///   - sourcePanelStride, cPanelStride: from one panel of columns to the next.
  ///   - a, c: tiles are W apart; those that are not there are computed and written too.
  ///   - aOffsets, cOffsets: of each point of the row.
  ///   - aPanelStride: from one panel of k to the next.
  ///   - scratch: 12 W + 48 vectors.
  ///   - accumulate: adds to c; otherwise c is overwritten.
  ///   - ahead: for each of the row's points, taps that a later call will read. As many rows of them as this call has are
  ///     asked into the second-level cache, and none read.
  static func filterRowProduct(
    columnPoints: Int, coefficients: UnsafePointer<Float>, row: UnsafePointer<Float>, rowTaps: Int, depthPanels: Int,
    source: UnsafePointer<Float>, step: Int, rowStride: Int, columnStride: Int, sourcePanelStride: Int,
    a: UnsafePointer<Float>, aOffsets: UnsafePointer<Int>, aPanelStride: Int, c: UnsafeMutablePointer<Float>,
    cOffsets: UnsafePointer<Int>, cPanelStride: Int, scratch: UnsafeMutablePointer<Float>, accumulate: Bool,
    ahead: UnsafePointer<UnsafePointer<Float>>)

  /// G^T u G: points -> taps, overwritten or added to.
  static func filterGradientTransform(
    pairs: Int, rowPoints: Int, columnPoints: Int, coefficients: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, count: Int, source: UnsafePointer<Float>, offsets: UnsafePointer<Int>,
    destination: UnsafeMutablePointer<Float>, step: Int, rowStride: Int, columnStride: Int, accumulate: Bool)
}
