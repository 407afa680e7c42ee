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

/// The register-tile kernels behind every matrix product.
///
/// All operands are in *panels*: a matrix of R rows and N columns is stored as ceil(N / W) panels of R rows and W
/// columns each, W being the vector width, every panel contiguous. Convolutions keep their channels in panels from
/// the first gather to the last scatter, so no kernel packs.
///
///     columns   0 ..< W        W ..< 2W
///     row 0     [  panel 0  ]  [  panel 1  ]     element (r, n) at
///     row 1     [           ]  [           ]     panel(n / W) + r * W + n % W
public protocol GEMMLoops {
  /// The most rows one call of `gemmTile` takes: what fits the register file beside two columns of B.
  static var tileRows: Int { get }

  /// How deep a block of a product by `gemmTile` is best: two panels of B stay in the first-level cache while all rows of
  /// A pass by, and a tile's loads and stores of C are few beside its products.
  static var blockDepth: Int { get }

  /// The rows per call of `gemmTileTransposed`; divides W.
  static var tileRowsTransposed: Int { get }

  /// The most panels of columns per call of `gemmTileTransposed`.
  static var tileColumnsTransposed: Int { get }

  /// C[r, n] (+)= sum over k of A[r, k] B[k, n], for `rows` rows and `columnPanels` (1 or 2) panels of n.
  ///
  /// - Parameters:
  ///   - rows: 1 ... tileRows.
  ///   - depthPanels: panels of k.
  ///   - panelDepth: how many k each panel of A holds, 1 ... W; rows of B follow each other without gaps. (Fewer than W
  ///     saves work where there are few channels. That it is no compile-time constant also keeps the compiler from
  ///     unrolling over it and spilling.)
  ///   - a: A[0, 0]; rows are W apart, panels of k are `aPanelStride` apart.
  ///   - b: B[0, 0]; rows (k) are W apart, panels of n are `bPanelStride` apart.
  ///   - c: C[0, 0]; rows are `cRowStride` apart, panels of n are `cPanelStride` apart.
  ///   - ahead: vectors that a later call will read: one for each k is asked into the second-level cache, and none read.
  static func gemmTile(
    rows: Int, columnPanels: Int, depthPanels: Int, panelDepth: Int, a: UnsafePointer<Float>, aPanelStride: Int,
    b: UnsafePointer<Float>, bPanelStride: Int, c: UnsafeMutablePointer<Float>, cRowStride: Int, cPanelStride: Int,
    stores: TileStores, ahead: UnsafePointer<Float>)

  /// C[r, n] (+)= sum over t of A[t, r] B[t, n]: both operands are read along their rows.
  ///
  /// - Parameters:
  ///   - rows: 1 ... tileRowsTransposed; columns r of one panel of A.
  ///   - columnPanels: 1 ... tileColumnsTransposed.
  ///   - depth: rows t of A and B, W apart in both.
  ///   - ahead: as in `gemmTile`, one address for each t, `aheadStep` apart.
  static func gemmTileTransposed(
    rows: Int, columnPanels: Int, depth: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>, bPanelStride: Int,
    c: UnsafeMutablePointer<Float>, cRowStride: Int, cPanelStride: Int, stores: TileStores, ahead: UnsafePointer<Float>,
    aheadStep: Int)
}
