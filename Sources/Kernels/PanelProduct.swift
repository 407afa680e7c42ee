import VectorLoops

/// Matrix products over operands in panels (see `GEMMLoops`), on the calling thread, blocked for the caches.
///
/// A block of k is chosen so that two panels of B stay in the first-level cache while all rows of A pass by, and the
/// block of A stays in the second-level cache while the columns of B pass by.
struct PanelProduct {
  let loops: any VectorLoops.Type

  /// Depth of a block of a transposed product, all of whose operands are streams.
  private static let blockDepthTransposed = 256

  /// C[m, n] (+)= sum over k of A[m, k] B[k, n].
  ///
  /// A has rows W apart and panels of k `aPanelStride` apart, each `panelDepth` deep; B has panels of n `bPanelStride`
  /// apart; C has rows W apart and panels of n `cPanelStride` apart.
  func multiply(
    rows: Int, columnPanels: Int, depthPanels: Int, panelDepth: Int, a: UnsafePointer<Float>, aPanelStride: Int,
    b: UnsafePointer<Float>, bPanelStride: Int, c: UnsafeMutablePointer<Float>, cPanelStride: Int, accumulate: Bool
  ) {
    let w = loops.width
    let block = max(loops.blockDepth / panelDepth, 1)
    let tiles = (rows + loops.tileRows - 1) / loops.tileRows
    for k in stride(from: 0, to: depthPanels, by: block) {
      let depth = min(block, depthPanels - k)
      for n in stride(from: 0, to: columnPanels, by: 2) {
        let bBlock = b + n * bPanelStride + k * panelDepth * w
        for tile in 0..<tiles {
          let m = rows * tile / tiles
          loops.gemmTile(
            rows: rows * (tile + 1) / tiles - m, columnPanels: min(2, columnPanels - n), depthPanels: depth,
            panelDepth: panelDepth, a: a + m * w + k * aPanelStride, aPanelStride: aPanelStride, b: bBlock,
            bPanelStride: bPanelStride, c: c + n * cPanelStride + m * w, cRowStride: w, cPanelStride: cPanelStride,
            accumulate: accumulate || k > 0)
        }
      }
    }
  }

  /// C[m, n] (+)= sum over t of A[t, m] B[t, n]: the rows of C are the columns of A.
  ///
  /// A has panels of m `aPanelStride` apart, B panels of n `bPanelStride` apart, rows t W apart in both; C has rows W
  /// apart and panels of n `cPanelStride` apart. Columns of A beyond the last real one yield rows that are written too.
  func multiplyTransposed(
    rowPanels: Int, columnPanels: Int, depth: Int, a: UnsafePointer<Float>, aPanelStride: Int,
    b: UnsafePointer<Float>, bPanelStride: Int, c: UnsafeMutablePointer<Float>, cPanelStride: Int, accumulate: Bool
  ) {
    let w = loops.width
    let (step, columns) = (loops.tileRowsTransposed, loops.tileColumnsTransposed)
    for t in stride(from: 0, to: depth, by: PanelProduct.blockDepthTransposed) {
      let block = min(PanelProduct.blockDepthTransposed, depth - t)
      for n in stride(from: 0, to: columnPanels, by: columns) {
        for m in stride(from: 0, to: rowPanels * w, by: step) {
          loops.gemmTileTransposed(
            rows: step, columnPanels: min(columns, columnPanels - n), depth: block,
            a: a + m / w * aPanelStride + m % w + t * w, b: b + n * bPanelStride + t * w, bPanelStride: bPanelStride,
            c: c + n * cPanelStride + m * w, cRowStride: w, cPanelStride: cPanelStride, accumulate: accumulate || t > 0)
        }
      }
    }
  }
}

/// ceil(a / b) for positive b.
func ceilDivide(_ a: Int, _ b: Int) -> Int { (a + b - 1) / b }
