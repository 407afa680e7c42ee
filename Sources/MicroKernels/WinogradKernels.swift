/// The five small transforms of Winograd's minimal filtering, for a run of tiles or of filter rows and one vector of
/// channels.
///
/// A tile of points is stored scattered: point (i, j) of an n x n tile at `offsets[i * n + j]`, n = 2 * pairs + 2, in the
/// order 0, +p1, -p1, +p2, -p2, ..., infinity along either axis; the next tile of the run lies W behind. A tile of pixels
/// is a list of their addresses, row by row, and the next tile's list follows; the vector lies `channel` floats behind an
/// address. So pixels outside of a picture cost nothing: their address is that of zeros, or of memory to waste. A tile of
/// taps is strided: tap (r, c) at r * rowStride + c * columnStride, and the next row of the run `step` behind.
///
/// Tiles have 4 x 4 outputs. Along an axis, a filter phase of the most taps that n points serve, n - 3, has all of them;
/// one with fewer taps has nothing at infinity, the last point. It may lag: output o then begins with pixel o + 1 of the
/// window, as if there was a tap of zero before the others, and has nothing at 0, the first point. `rowPoints` and
/// `columnPoints` say which points there are; the others are neither read nor written. Taps are those of the phase alone.
/// `coefficients` come from `WinogradBasis`; `scratch`, where there is one, holds 64 vectors.
public protocol WinogradKernels {
  /// B^T d B: pixels -> points. A tile's pixels are as many as the upper bounds of its points say; where the rows lag the first
  /// of them is not read.
  static func inputTransform(
    pairs: Int, rowPoints: Range<Int>, columnPoints: Range<Int>, coefficients: UnsafePointer<Float>, tiles: Int,
    pixels: UnsafePointer<UnsafeMutablePointer<Float>>, channel: Int, destination: UnsafeMutablePointer<Float>,
    offsets: UnsafePointer<Int>)

  /// A^T D m D A: points -> 4 x 4 pixels, overwritten.
  /// - Parameter streams: whether stores go past the caches where a vector is a whole line, to `processor_end_streams`;
  ///   pixels then begin at multiples of a line.
  /// - Parameter bias: of one vector of channels; a pixel x then becomes leaky(x + bias), as by `biasLeakyReLU`. `slope` is
  ///   only read with it.
  static func outputTransform(
    pairs: Int, rowPoints: Range<Int>, columnPoints: Range<Int>, coefficients: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, tiles: Int, source: UnsafePointer<Float>, offsets: UnsafePointer<Int>,
    pixels: UnsafePointer<UnsafeMutablePointer<Float>>, channel: Int, bias: UnsafePointer<Float>?, slope: Float,
    streams: Bool)

  /// A y A^T: 4 x 4 pixels -> points.
  static func outputGradientTransform(
    pairs: Int, rowPoints: Range<Int>, columnPoints: Range<Int>, coefficients: UnsafePointer<Float>, tiles: Int,
    pixels: UnsafePointer<UnsafeMutablePointer<Float>>, channel: Int, destination: UnsafeMutablePointer<Float>,
    offsets: UnsafePointer<Int>)

  /// G g G^T: taps -> points.
  /// - Parameter streams: whether stores go past the caches where a vector is a whole line, to `processor_end_streams`.
  static func filterTransform(
    pairs: Int, rowTaps: Int, columnTaps: Int, rowPoints: Range<Int>, columnPoints: Range<Int>,
    coefficients: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>, count: Int, source: UnsafePointer<Float>,
    step: Int, rowStride: Int,
    columnStride: Int, destination: UnsafeMutablePointer<Float>, offsets: UnsafePointer<Int>,
    streams: Bool)

  /// Two rows of G g G^T: taps -> those of +-p of pair `rows`, or for `rows` = pairs those of 0 and infinity that are in
  /// `rowPoints`. The j-th of `columnPoints` of the first row, for filter row k, goes to destination + j * pointStride + k * W;
  /// the second row's points follow as if they were more of the first's. Taps are 2 or 3 along each axis with two pairs, 5 with
  /// three.
  static func filterRowTransform(
    pairs: Int, rows: Int, rowTaps: Int, columnTaps: Int, rowPoints: Range<Int>, columnPoints: Range<Int>,
    coefficients: UnsafePointer<Float>, count: Int, source: UnsafePointer<Float>, step: Int, rowStride: Int,
    columnStride: Int,
    destination: UnsafeMutablePointer<Float>, pointStride: Int)

  /// One row of G g G^T for two pairs of points, and at each of its points the product with a few tiles: c[j, tile] (+)= sum
  /// over k of a[j, tile, k] times point j of filter row k. The same bits as by `gemmTile`.
  /// - Parameters:
  ///   - rowTaps: the rows of taps that this row is made of: 2 or 3, or 1 for the rows of 0 and infinity.
  ///   - columnPoints: 5 or 6, from 0 on: this knows no phases that lag.
  static func filterRowProduct(
    rowTaps: Int, columnPoints: Int, coefficients: UnsafePointer<Float>, _ row: RowProduct)

  /// G^T D u D G: points -> taps. Streams go past the caches where a vector is a whole line, to `processor_end_streams`.
  static func filterGradientTransform(
    pairs: Int, rowTaps: Int, columnTaps: Int, rowPoints: Range<Int>, columnPoints: Range<Int>,
    coefficients: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>, count: Int, source: UnsafePointer<Float>,
    offsets: UnsafePointer<Int>,
    destination: UnsafeMutablePointer<Float>, step: Int, rowStride: Int, columnStride: Int, stores: TileStores)
}

/// What a call of `filterRowProduct` works on.
public struct RowProduct {
  /// Tiles that one product takes, W apart in `a` and c; those that are not there are computed and written too.
  public static let tiles = 4

  /// The row's point on the first axis; not read where it is made of one row of taps.
  public var point: Float
  /// Panels of W filter rows k.
  public var depthPanels: Int
  /// The first tap of the row. Taps of one k follow each other, W lanes of columns each; those of the next lie `step` on.
  public var source: UnsafePointer<Float>
  public var step: Int
  public var a: UnsafePointer<Float>
  /// From one panel of k to the next.
  public var aPanelStride: Int
  /// Of each point of the row.
  public var aOffsets: UnsafePointer<Int>
  /// [columnPoints, tiles, W]: what a sum has come to where its k go on in a later call.
  public var sums: UnsafeMutablePointer<Float>
  /// Whether sums begin with those of an earlier call, and not at zero.
  public var continues: Bool
  /// Where sums go that are complete; nil puts them into `sums`.
  public var c: UnsafeMutablePointer<Float>?
  public var cOffsets: UnsafePointer<Int>
  /// Adds to c; otherwise c is overwritten.
  public var accumulates: Bool
  /// 128 bytes of it for each k are asked into the second-level cache, and none read.
  public var ahead: UnsafePointer<Float>

  public init(
    point: Float, depthPanels: Int, source: UnsafePointer<Float>, step: Int, a: UnsafePointer<Float>,
    aPanelStride: Int, aOffsets: UnsafePointer<Int>, sums: UnsafeMutablePointer<Float>, continues: Bool,
    c: UnsafeMutablePointer<Float>?, cOffsets: UnsafePointer<Int>, accumulates: Bool, ahead: UnsafePointer<Float>
  ) {
    self.point = point
    self.depthPanels = depthPanels
    self.source = source
    self.step = step
    self.a = a
    self.aPanelStride = aPanelStride
    self.aOffsets = aOffsets
    self.sums = sums
    self.continues = continues
    self.c = c
    self.cOffsets = cOffsets
    self.accumulates = accumulates
    self.ahead = ahead
  }
}
