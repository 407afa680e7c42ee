extension DirectConvolution {
  /// Rows of the filter gradient, (tap, c), of a task.
  private static let blockRows = 128
  /// Columns, output channels, of a task.
  private static let blockColumns = 256
  /// Pixels gathered at a time.
  private static let blockDepth = 128

  /// filterGradient[tap, c, o] = sum over pixels of input[pixel + tap, c] outputGradient[pixel, o]. A task owns a block of
  /// rows and columns and walks over all pixels in order, so the sums do not depend on the number of threads.
  func backwardFilter(
    input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>, filterGradient: UnsafeMutablePointer<Float>,
    accumulate: Bool
  ) {
    let (grid, source) = forwardGrid(input)
    let w = context.width
    let loops = context.loops
    let product = PanelProduct(loops: loops)
    let panelsPerTap = ceilDivide(grid.tapChannels, w)
    let rowPanels = grid.taps.count * panelsPerTap
    let columnPanels = ceilDivide(shape.outputChannels, w)
    let blockRowPanels = DirectConvolution.blockRows / w
    let blockColumnPanels = DirectConvolution.blockColumns / w
    let columnBlocks = ceilDivide(columnPanels, blockColumnPanels)
    let blockDepth = DirectConvolution.blockDepth
    let depthRows = blockDepth + 4
    let rowCount = blockRowPanels * w
    let perWorker = (blockRowPanels + blockColumnPanels) * depthRows * w + blockColumnPanels * rowCount * w
    let workspace = context.scratch("direct", perWorker * context.threads)

    context.parallel(ceilDivide(rowPanels, blockRowPanels) * columnBlocks) { task, worker in
      let row = task / columnBlocks * blockRowPanels
      let rows = min(blockRowPanels, rowPanels - row)
      let column = task % columnBlocks * blockColumnPanels
      let columns = min(blockColumnPanels, columnPanels - column)
      let a = workspace + worker * perWorker
      let b = a + blockRowPanels * depthRows * w
      let c = b + blockColumnPanels * depthRows * w
      withUnsafeTemporaryAllocation(of: Int.self, capacity: blockDepth) { buffer in
        let offsets = buffer.baseAddress!
        for first in stride(from: 0, to: grid.pixels, by: blockDepth) {
          let range = first..<min(first + blockDepth, grid.pixels)
          var tap = -1
          for r in 0..<rows {
            if (row + r) / panelsPerTap != tap {
              tap = (row + r) / panelsPerTap
              grid.sourceOffsets(grid.taps[tap], range, offsets)
            }
            let channel = (row + r) % panelsPerTap * w
            loops.gatherPanel(
              range.count, source: source + channel, offsets: offsets,
              channels: grid.mayOverread ? w : min(w, grid.tapChannels - channel), panel: a + r * depthRows * w)
          }
          grid.targetOffsets(range, offsets)
          for p in 0..<columns {
            let channel = (column + p) * w
            loops.gatherPanel(
              range.count, source: outputGradient + channel, offsets: offsets,
              channels: min(w, shape.outputChannels - channel), panel: b + p * depthRows * w)
          }
          product.multiplyTransposed(
            rowPanels: rows, columnPanels: columns, depth: range.count, a: a, aPanelStride: depthRows * w, b: b,
            bPanelStride: depthRows * w, c: c, cPanelStride: rowCount * w, accumulate: first > 0)
        }
      }
      for r in 0..<rows {
        let tap = grid.taps[(row + r) / panelsPerTap].index
        let channel = (row + r) % panelsPerTap * w
        for p in 0..<columns {
          let output = (column + p) * w
          loops.unpackPanel(
            rows: min(w, grid.tapChannels - channel), panel: c + p * rowCount * w + r * w * w,
            channels: min(w, shape.outputChannels - output),
            destination: filterGradient + (tap * grid.tapChannels + channel) * shape.outputChannels + output,
            destinationStride: shape.outputChannels, accumulate: accumulate)
        }
      }
    }
  }
}
