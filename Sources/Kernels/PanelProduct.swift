import VectorLoops

/// Matrix products over operands in panels (see `GEMMLoops`), on the calling thread, blocked for the caches.
///
/// A block of k is chosen so that two panels of B stay in the first-level cache while all rows of A pass by, and the
/// block of A stays in the second-level cache while the columns of B pass by.
///
/// The first tiles to read an operand would wait for all of it at once, as fast as the last-level cache delivers, and the
/// others not at all. So what is read next comes into the second-level cache during all tiles before it. (On a Xeon this
/// saves 12 to 17% of a filter gradient's time and 3 to 8% of the other passes'.)
struct PanelProduct {
  let loops: any VectorLoops.Type

  /// Depth of a block of a transposed product, all of whose operands are streams.
  private static let blockDepthTransposed = 256

  /// Where a product's operands begin.
  typealias Operands = (a: UnsafePointer<Float>, b: UnsafePointer<Float>)

  /// Panels of k of a block.
  func blockPanels(_ panelDepth: Int) -> Int { max(loops.blockDepth / panelDepth, 1) }

  /// C[m, n] (+)= sum over k of A[m, k] B[k, n].
  ///
  /// A has rows W apart and panels of k `aPanelStride` apart, each `panelDepth` deep; B has panels of n `bPanelStride`
  /// apart; C has rows `cRowStride` (W where nil) and panels of n `cPanelStride` apart. Deeper than a block, C is read
  /// and written again for each block, whatever `stores` says of the first.
  /// - Parameter next: of the product that this thread computes next, laid out alike; nil where that is not known. They,
  ///   or this product's next block, come into the second-level cache meanwhile.
  /// - Parameter stream: what comes there instead of A's next block.
  /// - Parameter bIsCached: whether the next B is in the cache already. What tiles would ask of it they then ask of A, and of
  ///   `stream` after A's next block.
  func multiply(
    rows: Int, columnPanels: Int, depthPanels: Int, panelDepth: Int, a: UnsafePointer<Float>, aPanelStride: Int,
    b: UnsafePointer<Float>, bPanelStride: Int, c: UnsafeMutablePointer<Float>, cRowStride: Int? = nil,
    cPanelStride: Int, stores: TileStores, next: Operands? = nil, ahead stream: UnsafeBufferPointer<Float>? = nil,
    bIsCached: Bool = false
  ) {
    let w = loops.width
    let cRowStride = cRowStride ?? w
    let block = blockPanels(panelDepth)
    let tiles = (rows + loops.tileRows - 1) / loops.tileRows
    for k in stride(from: 0, to: depthPanels, by: block) {
      let depth = min(block, depthPanels - k)
      let following =
        k + block < depthPanels ? (a + (k + block) * aPanelStride, b + (k + block) * panelDepth * w) : next
      // Panels of A follow each other, so a block of it is one stream, which all tiles but two of each column share.
      var aheadInA = following?.0 ?? a
      var endInA = aheadInA + (following == nil ? 0 : min(block, depthPanels) * aPanelStride)
      var afterA = k == 0 ? stream : nil
      func goOnWithStream() {
        guard let stream = afterA else { return }
        aheadInA = stream.baseAddress!
        endInA = aheadInA + stream.count
        afterA = nil
      }
      if !bIsCached { goOnWithStream() }
      for n in stride(from: 0, to: columnPanels, by: 2) {
        let bBlock = b + n * bPanelStride + k * panelDepth * w
        let aheadInB = n + 2 < columnPanels ? bBlock + 2 * bPanelStride : following?.1 ?? bBlock
        for tile in 0..<tiles {
          let m = rows * tile / tiles
          var ahead = aheadInB + tile * bPanelStride
          if tile >= 2 || bIsCached {
            if aheadInA >= endInA { goOnWithStream() }
            ahead = aheadInA
            // One line for each step of k.
            if aheadInA < endInA { aheadInA += depth * panelDepth * w }
          }
          loops.gemmTile(
            rows: rows * (tile + 1) / tiles - m, columnPanels: min(2, columnPanels - n), depthPanels: depth,
            panelDepth: panelDepth, a: a + m * w + k * aPanelStride, aPanelStride: aPanelStride, b: bBlock,
            bPanelStride: bPanelStride, c: c + n * cPanelStride + m * cRowStride, cRowStride: cRowStride,
            cPanelStride: cPanelStride, stores: k > 0 ? .adds : stores, ahead: ahead)
        }
      }
    }
  }

  /// C[m, n] (+)= sum over t of A[t, m] B[t, n]: the rows of C are the columns of A.
  ///
  /// A has panels of m `aPanelStride` apart, B panels of n `bPanelStride` apart, rows t W apart in both; C has rows W
  /// apart and panels of n `cPanelStride` apart. Columns of A beyond the last real one yield rows that are written too.
  /// - Parameter next: as for `multiply`.
  /// - Parameter stream: what comes into the second-level cache instead.
  func multiplyTransposed(
    rowPanels: Int, columnPanels: Int, depth: Int, a: UnsafePointer<Float>, aPanelStride: Int,
    b: UnsafePointer<Float>, bPanelStride: Int, c: UnsafeMutablePointer<Float>, cPanelStride: Int, accumulate: Bool,
    next: Operands? = nil, ahead stream: UnsafeBufferPointer<Float>? = nil
  ) {
    let w = loops.width
    let (step, columns) = (loops.tileRowsTransposed, loops.tileColumnsTransposed)
    for t in stride(from: 0, to: depth, by: PanelProduct.blockDepthTransposed) {
      let block = min(PanelProduct.blockDepthTransposed, depth - t)
      let following = t + block < depth ? (a + (t + block) * w, b + (t + block) * w) : next
      // Each tile asks for a panel, or for a part of one where there are more tiles: requests are few at a time, for they
      // take the places of those that the tile itself waits for.
      let tiles = ceilDivide(columnPanels, columns) * (rowPanels * w / step)
      let parts = max(tiles / (rowPanels + columnPanels), 1)
      var tile = 0
      for n in stride(from: 0, to: columnPanels, by: columns) {
        for m in stride(from: 0, to: rowPanels * w, by: step) {
          let aTile = a + m / w * aPanelStride + m % w + t * w
          var ahead = aTile
          var aheadStep = ceilDivide(w, parts)
          let (panel, part) = (tile / parts, tile % parts)
          if let stream {
            ahead = stream.baseAddress! + stream.count * tile / tiles
            aheadStep = ceilDivide(stream.count, tiles * block)
          } else if let following, panel < rowPanels + columnPanels {
            ahead =
              panel < rowPanels
              ? following.0 + panel * aPanelStride : following.1 + (panel - rowPanels) * bPanelStride
            ahead += block * part / parts * w
          }
          tile += 1
          loops.gemmTileTransposed(
            rows: step, columnPanels: min(columns, columnPanels - n), depth: block, a: aTile,
            b: b + n * bPanelStride + t * w, bPanelStride: bPanelStride, c: c + n * cPanelStride + m * w, cRowStride: w,
            cPanelStride: cPanelStride, stores: accumulate || t > 0 ? .adds : .overwrites, ahead: ahead,
            aheadStep: aheadStep)
        }
      }
    }
  }
}

/// ceil(a / b) for positive b.
func ceilDivide(_ a: Int, _ b: Int) -> Int { (a + b - 1) / b }
