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

/// A for a tile: panels of k, each with the tile's rows, W apart.
public struct TileRows {
  public var first: UnsafePointer<Float>
  public var panelStride: Int
  /// How many k a panel holds, 1 ... W; the last one may hold fewer.
  public var panelDepth: Int

  public init(first: UnsafePointer<Float>, panelStride: Int, panelDepth: Int) {
    self.first = first
    self.panelStride = panelStride
    self.panelDepth = panelDepth
  }
}

/// B: panels of n, each with rows of W for each k. Both operands of a transposed product lie like this.
public struct PackedColumns {
  public var first: UnsafePointer<Float>
  public var panelStride: Int

  public init(_ first: UnsafePointer<Float>, _ panelStride: Int) {
    self.first = first
    self.panelStride = panelStride
  }
}

/// C for a tile: vectors of W columns.
public struct TileTarget {
  public var first: UnsafeMutablePointer<Float>
  public var rowStride: Int
  public var panelStride: Int
  public var stores: TileStores

  public init(first: UnsafeMutablePointer<Float>, rowStride: Int, panelStride: Int, stores: TileStores) {
    self.first = first
    self.rowStride = rowStride
    self.panelStride = panelStride
    self.stores = stores
  }
}

/// What a later call will read: a tile asks for it into the second-level cache, `step` floats for each k of a panel of A,
/// which are no more than a line, and for the next panel from `panelStep` on. Nothing of it is read, so any address will do.
public struct TilePrefetch {
  public var first: UnsafePointer<Float>
  public var step: Int
  public var panelStep: Int

  public init(first: UnsafePointer<Float>, step: Int, panelStep: Int) {
    self.first = first
    self.step = step
    self.panelStep = panelStep
  }
}

/// What one call of a micro-kernel works on: a tile of C that stays in registers while k runs.
public struct GEMMTile {
  /// Rows of C: 1 ... `mr`, or exactly `mrTransposed`.
  public var rows: Int
  /// Vectors of columns of C, 1 ... `nr` or `nrTransposed`.
  public var columnPanels: Int
  /// How many k there are, at least 1.
  public var depth: Int
  /// For `gemmTileTransposed` a single panel: its stride is not read, and its depth is the tile's.
  public var a: TileRows
  public var b: PackedColumns
  public var c: TileTarget
  public var prefetch: TilePrefetch

  public init(
    rows: Int, columnPanels: Int, depth: Int, a: TileRows, b: PackedColumns, c: TileTarget, prefetch: TilePrefetch
  ) {
    self.rows = rows
    self.columnPanels = columnPanels
    self.depth = depth
    self.a = a
    self.b = b
    self.c = c
    self.prefetch = prefetch
  }
}

/// A for `gemmTileInPlace`: element (run, k, row) is `first[run * runStride + k * step + row * rowStride]`.
public struct RowsInPlace {
  public var first: UnsafePointer<Float>
  public var rowStride: Int
  public var step: Int
  public var runStride: Int

  public init(first: UnsafePointer<Float>, rowStride: Int, step: Int, runStride: Int) {
    self.first = first
    self.rowStride = rowStride
    self.step = step
    self.runStride = runStride
  }
}

/// B for `gemmTileInPlace`: the W columns of (run, k, panel) begin at `first + run * runStride + k * step + panel *
/// panelStride`.
public struct ColumnsInPlace {
  public var first: UnsafePointer<Float>
  public var step: Int
  public var runStride: Int
  public var panelStride: Int

  public init(first: UnsafePointer<Float>, step: Int, runStride: Int, panelStride: Int) {
    self.first = first
    self.step = step
    self.runStride = runStride
    self.panelStride = panelStride
  }
}

/// What one call of `gemmTileInPlace` works on. k runs through `runs` runs of `depth` each, both at least 1.
public struct InPlaceTile {
  /// Rows of C: 1 ... `mrInPlace(columnPanels)`.
  public var rows: Int
  /// Vectors of columns of C: 1 ... `nr`.
  public var columnPanels: Int
  public var runs: Int
  public var depth: Int
  public var a: RowsInPlace
  public var b: ColumnsInPlace
  public var c: TileTarget

  public init(
    rows: Int, columnPanels: Int, runs: Int, depth: Int, a: RowsInPlace, b: ColumnsInPlace, c: TileTarget
  ) {
    self.rows = rows
    self.columnPanels = columnPanels
    self.runs = runs
    self.depth = depth
    self.a = a
    self.b = b
    self.c = c
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
/// - A: rows are W apart, panels `a.panelStride`. Where the rows of a tile are packed by themselves (`a.panelStride` =
///   rows * W) a tile is one stream; a caller whose panels are a power of two apart loses the first-level cache's sets.
/// - B: rows are W apart without gaps from panel to panel of k, panels of n are `b.panelStride` apart.
/// - C: rows are `c.rowStride` apart, panels `c.panelStride`.
///
/// The caller owns the edges. A kernel takes any number of rows up to its most, and any depth from 1 on; columns are whole
/// vectors, so B has a value in every lane (zero, where there is no column), and C has room for them.
///
/// For each element of C the k are added up one after another, from zero, each rounded once (fused); only then the sum is
/// added to C, or overwrites it. So cuts of the rows and columns change no bit, and cuts of k do.
public protocol GEMMKernels {
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

  /// C[r, n] (+)= sum over k of A[k, r] B[k, n]: both operands are laid out as B is, and `a.first` is the first of `rows`
  /// neighbouring columns within one of A's panels.
  static func gemmTileTransposed(_ tile: GEMMTile)

  /// The most rows of a tile of `gemmTileInPlace` with so many vectors of columns.
  static func mrInPlace(_ columnPanels: Int) -> Int

  /// C[r, n] (+)= sum over (run, k) of A[run, k, r] B[run, k, n], neither of which is packed: rows of a tensor whose channels
  /// and pixels follow each other are runs of k as they are. Nothing is asked for ahead; operands lie in a near cache.
  static func gemmTileInPlace(_ tile: InPlaceTile)
}
