import VectorLoops

// Products at the points with a filter that is transformed on the way, a block at a time, while the block is in the
// second-level cache. The whole of it would be five times as long as the filter: 254 MB for 512 by 1024 channels.
//
// A task takes some rows of points, so that what it adds up stays in the cache too. One axis of G g G^T costs little, so
// a row of points is computed by itself: G's row times the taps, and the other axis of that.

extension WinogradConvolution {
  /// Columns of a task: the transform of a row serves all tiles, and A is read once for so many.
  private static let productColumns = 64
  /// Depth of a block, whose transform then is small enough for the second-level cache.
  private static let productDepth = 128
  /// Rows of points per task: as many as leave what they add up, less than a megabyte, in the second-level cache. All of
  /// them for a few tiles, for which bringing the taps into order costs more than the products.
  private func productRows(_ tiles: Int) -> Int { max(2, min(n, 512 / tiles)) }

  /// Where the taps of one phase lie for the product: W lanes of columns for each row of depth.
  private struct Taps {
    var first: UnsafePointer<Float>
    /// Between rows of depth, taps of one column, taps of one row, and panels of columns.
    var step: Int
    var rowStride: Int
    var columnStride: Int
    var panelStride: Int
    /// `first` of the block that follows; nil where none does or it is not known.
    var next: UnsafePointer<Float>? = nil
  }

  /// A block of the product: A's panels first ..< first + count, at the points of some rows of one phase.
  private struct Block {
    var phase: Int
    var points: Range<Int>
    var rows: Int
    var depthPanels: Int
    var columnPanels: Int
    /// U, for one row of points.
    var filter: UnsafeMutablePointer<Float>
    var accumulate: Bool
  }

  /// Transforms the taps row by row and multiplies: C (+)= A U at each point of the block.
  private func multiply(
    _ block: Block, taps: Taps, a: UnsafePointer<Float>, aOffsets: UnsafePointer<Int>, aPanelStride: Int,
    c: UnsafeMutablePointer<Float>, cOffsets: UnsafePointer<Int>, cPanelStride: Int
  ) {
    let (w, loops, parts) = (context.width, context.loops, phases[block.phase])
    if block.rows <= loops.rowProductTiles && phases.count > 1 && block.columnPanels % 2 == 0 {
      return multiplyFewTiles(
        block, taps: taps, a: a, aOffsets: aOffsets, aPanelStride: aPanelStride, c: c, cOffsets: cOffsets,
        cPanelStride: cPanelStride)
    }
    let product = PanelProduct(loops: loops)
    let depth = block.depthPanels * w
    let pointStride = block.columnPanels * depth * w
    for i in block.points where i < parts.y.points {
      let (row, rowTaps) = row(i, parts)
      for panel in 0..<block.columnPanels {
        loops.filterRowTransform(
          pairs: basis.points.count, columnPoints: parts.x.points, coefficients: coefficients.pointer,
          row: row + rowTaps.lowerBound, taps: rowTaps.count, count: depth,
          source: taps.first + panel * taps.panelStride + rowTaps.lowerBound * taps.rowStride, step: taps.step,
          rowStride: taps.rowStride,
          columnStride: taps.columnStride, destination: block.filter + panel * depth * w, pointStride: pointStride)
      }
      for j in 0..<parts.x.points {
        let point = i * n + j
        let filter = block.filter + j * pointStride
        product.multiply(
          rows: block.rows, columnPanels: block.columnPanels, depthPanels: block.depthPanels, panelDepth: w,
          a: a + aOffsets[point], aPanelStride: aPanelStride, b: filter, bPanelStride: depth * w,
          c: c + cOffsets[point], cPanelStride: cPanelStride, stores: block.accumulate ? .adds : .overwrites,
          next: j + 1 < parts.x.points ? (a + aOffsets[point + 1], UnsafePointer(filter + pointStride)) : nil)
      }
    }
  }

  /// The same for tiles so few that what is transformed serves but one register tile: then a little of it at a time goes no
  /// further than the first-level cache. (One picture of 128 pixels has 4 tiles in its deepest layer. Panels have rows to
  /// spare for tiles that are not there.)
  private func multiplyFewTiles(
    _ block: Block, taps: Taps, a: UnsafePointer<Float>, aOffsets: UnsafePointer<Int>, aPanelStride: Int,
    c: UnsafeMutablePointer<Float>, cOffsets: UnsafePointer<Int>, cPanelStride: Int
  ) {
    let parts = phases[block.phase]
    let tapCount = parts.y.taps * parts.x.taps
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: n) { ahead in
      for panel in stride(from: 0, to: block.columnPanels, by: 2) {
        let source = taps.first + panel * taps.panelStride
        let next = panel + 2 < block.columnPanels ? source + 2 * taps.panelStride : taps.next
        for i in block.points where i < parts.y.points {
          let (row, rowTaps) = row(i, parts)
          // The first row of points would wait for the taps, which come from memory, and the others not at all: so each asks
          // for some of those that come next.
          for point in 0..<parts.x.points {
            let (column, tap) = (i * parts.x.points + point).quotientAndRemainder(dividingBy: tapCount)
            let offset = tap / parts.x.taps * taps.rowStride + tap % parts.x.taps * taps.columnStride
            ahead[point] = column < 2 ? (next ?? source) + column * taps.panelStride + offset : source
          }
          context.loops.filterRowProduct(
            columnPoints: parts.x.points, coefficients: coefficients.pointer, row: row + rowTaps.lowerBound,
            rowTaps: rowTaps.count, depthPanels: block.depthPanels,
            source: source + rowTaps.lowerBound * taps.rowStride, step: taps.step,
            rowStride: taps.rowStride, columnStride: taps.columnStride, sourcePanelStride: taps.panelStride, a: a,
            aOffsets: aOffsets + i * n,
            aPanelStride: aPanelStride, c: c + panel * cPanelStride, cOffsets: cOffsets + i * n,
            cPanelStride: cPanelStride, scratch: block.filter, accumulate: block.accumulate,
            ahead: ahead.baseAddress!)
        }
      }
    }
  }

  /// Row i of G, and the taps of a phase that it has factors for: 0 has one for the first alone, infinity for the last.
  private func row(_ i: Int, _ phase: WinogradPhase) -> (UnsafePointer<Float>, Range<Int>) {
    let row = UnsafePointer(filterRows.pointer) + i * basis.taps
    return (row, i == 0 ? 0..<1 : i == n - 1 ? phase.y.taps - 1..<phase.y.taps : 0..<phase.y.taps)
  }

  /// Panels of columns of a task, and panels of depth of a block.
  private var productPanels: (columns: Int, depth: Int) {
    (WinogradConvolution.productColumns / context.width, WinogradConvolution.productDepth / context.width)
  }

  /// Floats of U for one row of points of a block.
  private var rowFloats: Int { n * WinogradConvolution.productColumns * WinogradConvolution.productDepth }

  /// The forward pass: C[point] = sum over phases of A[point, phase] U[phase].
  func multiplyForward(
    rows: Int, a: UnsafePointer<Float>, aLayout: PointLayout, filter: UnsafePointer<Float>,
    c: UnsafeMutablePointer<Float>, cLayout: PointLayout
  ) {
    let (w, s, panels) = (context.width, shape, productPanels)
    let tapStride = s.inputChannels * s.outputChannels
    let scratch = context.scratch("winograd.filter", rowFloats * context.threads)
    let blocks = ceilDivide(outputPanels, panels.columns)
    let pointRows = productRows(rows)
    let parts = ceilDivide(n, pointRows)
    context.parallel(parts * blocks) { task, worker in
      let first = task % blocks * panels.columns
      let top = task / blocks * pointRows
      for (phase, axes) in phases.enumerated() {
        for depth in stride(from: 0, to: inputPanels, by: panels.depth) {
          multiply(
            Block(
              phase: phase, points: top..<min(top + pointRows, n), rows: rows,
              depthPanels: min(panels.depth, inputPanels - depth),
              columnPanels: min(panels.columns, outputPanels - first), filter: scratch + worker * rowFloats,
              accumulate: phase > 0 || depth > 0),
            taps: Taps(
              first: filter + (axes.y.firstTap * 5 + axes.x.firstTap) * tapStride + depth * w * s.outputChannels
                + first * w,
              step: s.outputChannels, rowStride: 5 * s.stride * tapStride, columnStride: s.stride * tapStride,
              panelStride: w),
            a: a + depth * aLayout.panelStride, aOffsets: aLayout.phaseOffsets[phase],
            aPanelStride: aLayout.panelStride, c: c + first * cLayout.panelStride, cOffsets: cLayout.phaseOffsets[0],
            cPanelStride: cLayout.panelStride)
        }
      }
    }
  }

  /// The data gradient: C[point, phase] = A[point] U[phase], with the filter flipped and transposed.
  func multiplyBackward(
    rows: Int, a: UnsafePointer<Float>, aLayout: PointLayout, filter: UnsafePointer<Float>,
    c: UnsafeMutablePointer<Float>, cLayout: PointLayout
  ) {
    let panels = productPanels
    // A tap of a block, transposed; taps in panels are used where they are.
    let tapFloats = WinogradConvolution.productColumns * WinogradConvolution.productDepth
    let perWorker = rowFloats + phases.map { $0.y.taps * $0.x.taps }.max()! * tapFloats
    let scratch = context.scratch("winograd.filter", perWorker * context.threads)
    let blocks = ceilDivide(inputPanels, panels.columns)
    let pointRows = productRows(rows)
    let parts = ceilDivide(n, pointRows)
    // The phases with most points come first, so that the longest tasks do not come last.
    context.parallel(phases.count * parts * blocks) { task, worker in
      let first = task % blocks * panels.columns
      let top = task / blocks % parts * pointRows
      let phase = task / (blocks * parts)
      let axes = phases[phase]
      let columns = min(panels.columns, inputPanels - first)
      let points = scratch + worker * perWorker
      let taps = points + rowFloats
      for depth in stride(from: 0, to: outputPanels, by: panels.depth) {
        let depthPanels = min(panels.depth, outputPanels - depth)
        let source =
          takesPanels
          ? tapsInPanels(axes, filter, column: first, depth: depth, count: depthPanels)
          : transposedTaps(axes, filter, first..<first + columns, depth..<depth + depthPanels, taps)
        multiply(
          Block(
            phase: phase, points: top..<min(top + pointRows, n), rows: rows,
            depthPanels: depthPanels, columnPanels: columns, filter: points, accumulate: depth > 0),
          taps: source,
          a: a + depth * aLayout.panelStride, aOffsets: aLayout.phaseOffsets[0], aPanelStride: aLayout.panelStride,
          c: c + first * cLayout.panelStride, cOffsets: cLayout.phaseOffsets[phase],
          cPanelStride: cLayout.panelStride)
      }
    }
  }

  /// The flipped taps of `count` panels of depth of a filter in panels.
  private func tapsInPanels(
    _ axes: WinogradPhase, _ filter: UnsafePointer<Float>, column: Int, depth: Int, count: Int
  ) -> Taps {
    let (w, s) = (context.width, shape)
    let step = 25 * w
    let last =
      (axes.y.firstTap + (axes.y.taps - 1) * s.stride) * 5 + axes.x.firstTap + (axes.x.taps - 1) * s.stride
    let first = filter + last * w + (column * s.outputChannels + depth * w) * step
    return Taps(
      first: first, step: step, rowStride: -5 * s.stride * w, columnStride: -s.stride * w,
      panelStride: s.outputChannels * step, next: depth + count < outputPanels ? first + count * w * step : nil)
  }

  /// Overwrites `target` with the taps of a block, the input channels as the lanes; flipped.
  private func transposedTaps(
    _ axes: WinogradPhase, _ filter: UnsafePointer<Float>, _ columns: Range<Int>, _ depth: Range<Int>,
    _ target: UnsafeMutablePointer<Float>
  ) -> Taps {
    let (w, s) = (context.width, shape)
    let tapFloats = WinogradConvolution.productColumns * WinogradConvolution.productDepth
    let panelStride = depth.count * w * w
    for p in 0..<axes.y.taps {
      for q in 0..<axes.x.taps {
        let tap = (axes.y.firstTap + p * s.stride) * 5 + axes.x.firstTap + q * s.stride
        let target = target + (p * axes.x.taps + q) * tapFloats
        for panel in 0..<columns.count {
          let row =
            filter + (tap * s.inputChannels + (columns.lowerBound + panel) * w) * s.outputChannels
            + depth.lowerBound * w
          for block in 0..<depth.count {
            context.loops.transposePanel(
              rows: w, lanes: w, source: row + block * w, laneStride: s.outputChannels,
              destination: target + panel * panelStride + block * w * w)
          }
        }
      }
    }
    return Taps(
      first: UnsafePointer(target) + (axes.y.taps * axes.x.taps - 1) * tapFloats, step: w,
      rowStride: -axes.x.taps * tapFloats, columnStride: -tapFloats, panelStride: panelStride)
  }
}
