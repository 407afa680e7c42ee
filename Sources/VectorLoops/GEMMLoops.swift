/// What a product does with C.
public enum TileStores: Sendable {
  /// C is overwritten and never read.
  case overwrites
  /// Sums are added to C.
  case adds
  /// C is overwritten past the caches; every vector of it is a whole cache line at a multiple of 64, and others read it
  /// after `processor_end_streams`. Where a vector is less than a line this is `overwrites`.
  case streams
}

/// What one call of a micro-kernel works on: a tile of C that stays in registers while k runs.
public struct GEMMTile {
  /// Rows of C: 1 ... `mr`, or exactly `mrTransposed`.
  public var rows: Int
  /// Vectors of columns of C, 1 ... `nr` or `nrTransposed`.
  public var columnPanels: Int
  /// How many k there are, at least 1.
  public var depth: Int
  /// How many k a panel of A holds, 1 ... W; the last panel may hold fewer. `gemmTileTransposed` does not read it.
  public var panelDepth: Int
  public var a: UnsafePointer<Float>
  public var aPanelStride: Int
  public var b: UnsafePointer<Float>
  public var bPanelStride: Int
  public var c: UnsafeMutablePointer<Float>
  public var cRowStride: Int
  public var cPanelStride: Int
  public var stores: TileStores
  /// What a later call will read: for each k the line at this address is asked into the second-level cache, and the next
  /// lies `aheadStep` on. Nothing of it is read, so any address will do.
  public var ahead: UnsafePointer<Float>
  public var aheadStep: Int

  public init(
    rows: Int, columnPanels: Int, depth: Int, panelDepth: Int, a: UnsafePointer<Float>, aPanelStride: Int,
    b: UnsafePointer<Float>, bPanelStride: Int, c: UnsafeMutablePointer<Float>, cRowStride: Int, cPanelStride: Int,
    stores: TileStores, ahead: UnsafePointer<Float>, aheadStep: Int
  ) {
    self.rows = rows
    self.columnPanels = columnPanels
    self.depth = depth
    self.panelDepth = panelDepth
    self.a = a
    self.aPanelStride = aPanelStride
    self.b = b
    self.bPanelStride = bPanelStride
    self.c = c
    self.cRowStride = cRowStride
    self.cPanelStride = cPanelStride
    self.stores = stores
    self.ahead = ahead
    self.aheadStep = aheadStep
  }
}

/// The micro-kernels behind every matrix product: C (+)= A B for one tile of C.
///
/// W is the vector width. A row of pixels or tiles comes with its channels last, so W channels of it are a vector, and
/// packing is copying vectors; nothing is transposed.
///
///     A, packed                              B, packed                          C
///     k    0 ..< W       W ..< 2W            n    0 ..< W     W ..< 2W          n    0 ..< W     W ..< 2W
///     r 0  [ vector ]    [ vector ]          k 0  [ vector ]  [ vector ]        r 0  [ vector ]  [ vector ]
///     r 1  [ vector ]    [ vector ]          k 1  [ vector ]  [ vector ]        r 1  [ vector ]  [ vector ]
///     ...                                    ...                                ...
///          panel 0       panel 1                  panel 0     panel 1                panel 0     panel 1
///
/// - A: rows are W apart, panels `aPanelStride`. Where the rows of a tile are packed by themselves (`aPanelStride` =
///   rows * W) a tile is one stream; a caller whose panels are a power of two apart loses the first-level cache's sets.
/// - B: rows are W apart without gaps from panel to panel of k, panels of n are `bPanelStride` apart.
/// - C: rows are `cRowStride` apart, panels `cPanelStride`.
///
/// The caller owns the edges. A kernel takes any number of rows up to its most, and any depth from 1 on; columns are whole
/// vectors, so B has a value in every lane (zero, where there is no column), and C has room for them.
///
/// For each element of C the k are added up one after another, from zero, each rounded once (fused); only then the sum is
/// added to C, or overwrites it. So cuts of the rows and columns change no bit, and cuts of k do.
public protocol GEMMLoops {
  /// The most rows of a tile: what fits the register file beside `nr` vectors of B.
  static var mr: Int { get }
  /// The most vectors of columns of a tile.
  static var nr: Int { get }
  /// The rows of a tile of `gemmTileTransposed`; divides W.
  static var mrTransposed: Int { get }
  /// The most vectors of columns of a tile of `gemmTileTransposed`.
  static var nrTransposed: Int { get }

  /// C[r, n] (+)= sum over k of A[r, k] B[k, n].
  static func gemmTile(_ tile: GEMMTile)

  /// C[r, n] (+)= sum over k of A[k, r] B[k, n]: both operands are laid out as B is, and `a` points to the first of `rows`
  /// neighbouring columns within one of A's panels.
  static func gemmTileTransposed(_ tile: GEMMTile)
}
