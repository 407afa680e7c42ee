extension DirectConvolution {
  /// Rows of the filter gradient, (tap, c), of a task.
  private static let blockRows = 128
  /// Columns, output channels, of a task.
  private static let nc = 256
  /// Pixels gathered at a time.
  private static let kc = 128

  /// Tasks to aim for, and the pixels that are worth one.
  private static let tasks = 64
  private static let taskPixels = 2048

  /// filterGradient[tap, c, o] = sum over pixels of input[pixel + tap, c] outputGradient[pixel, o]. A task owns a block of
  /// rows and columns and walks over all pixels in order or, where there are few blocks, over a part of the pixels; parts
  /// are then added up in order. The cuts come from the shape, so the sums do not depend on the number of threads.
  func backwardFilter(
    input: MappedTensor, outputGradient: MappedTensor, filterGradient: UnsafeMutablePointer<Float>,
    accumulate: Bool
  ) {
    if goesByRows {
      return backwardFilterByRows(
        input: input, outputGradient: outputGradient, filterGradient: filterGradient, accumulate: accumulate)
    }
    let (grid, source) = (TapGrid.forward(shape), context.mapped(input, count: shape.inputCount))
    // Over a matrix product the map's channels are not the panels'.
    let map = outputGradient.map?.channels == shape.outputChannels ? outputGradient.map : nil
    let outputGradient =
      map == nil ? context.mapped(outputGradient, count: shape.outputCount) : outputGradient.data
    let w = context.width
    let kernels = context.kernels
    let product = MacroKernel(kernels: kernels)
    let panelsPerTap = ceilDivide(grid.sourceChannels, w)
    let rowPanels = grid.taps.count * panelsPerTap
    let columnPanels = ceilDivide(shape.outputChannels, w)
    let blockRowPanels = DirectConvolution.blockRows / w
    let ncPanels = DirectConvolution.nc / w
    let columnBlocks = ceilDivide(columnPanels, ncPanels)
    let kc = DirectConvolution.kc
    let depthRows = kc + 4
    let rowCount = blockRowPanels * w
    let perWorker = (blockRowPanels + ncPanels) * depthRows * w
    let workspace = context.scratch("direct", perWorker * context.threads)
    let blocks = ceilDivide(rowPanels, blockRowPanels) * columnBlocks
    let parts = max(1, min(DirectConvolution.tasks / blocks, grid.pixels / DirectConvolution.taskPixels))
    let sumCount = min(ncPanels, columnPanels) * rowCount * w
    let sums = context.scratch("direct.sums", blocks * parts * sumCount)
    /// The panels of rows and of columns of a block.
    func extent(_ block: Int) -> (rows: Range<Int>, columns: Range<Int>) {
      let row = block / columnBlocks * blockRowPanels
      let column = block % columnBlocks * ncPanels
      return (
        row..<min(row + blockRowPanels, rowPanels), column..<min(column + ncPanels, columnPanels)
      )
    }

    context.parallel(blocks * parts) { task, worker in
      let (rowRange, columnRange) = extent(task / parts)
      let rows = rowRange.count
      let (column, columns) = (columnRange.lowerBound, columnRange.count)
      let part = task % parts
      let pixels = (grid.pixels * part / parts)..<(grid.pixels * (part + 1) / parts)
      let a = workspace + worker * perWorker
      let b = a + blockRowPanels * depthRows * w
      let c = sums + task * sumCount
      for first in stride(from: pixels.lowerBound, to: pixels.upperBound, by: kc) {
        let range = first..<min(first + kc, pixels.upperBound)
        grid.pack(rowRange, range, source: source, panels: a, panelStride: depthRows * w, kernels: kernels)
        // The grid's pixels are the output gradient's.
        kernels.packPanels(
          range.count, source: outputGradient + first * shape.outputChannels + column * w, step: shape.outputChannels,
          channels: min(columns * w, shape.outputChannels - column * w), panels: b, panelStride: depthRows * w)
        map?.apply(
          to: b, panelStride: depthRows * w, count: columns, pixels: range, channel: column * w, kernels: kernels)
        product.multiply(
          MacroKernel.TransposedProduct(
            rowPanels: rows, columnPanels: columns, depth: range.count, a: .init(a, depthRows * w),
            b: .init(b, depthRows * w), c: c, cPanelStride: rowCount * w, accumulates: first > pixels.lowerBound,
            source: UnsafeBufferPointer(
              start: outputGradient + range.upperBound * shape.outputChannels,
              count: min(kc, pixels.upperBound - range.upperBound) * shape.outputChannels)))
      }
    }
    context.parallel(blocks) { block in
      let (rows, columns) = extent(block)
      let c = sums + block * parts * sumCount
      for part in stride(from: 1, to: parts, by: 1) { kernels.addScaled(c + part * sumCount, c, sumCount, factor: 1) }
      for row in rows {
        let tap = grid.taps[row / panelsPerTap].index
        let channel = row % panelsPerTap * w
        for column in columns {
          let output = column * w
          kernels.unpackPanel(
            rows: min(w, grid.sourceChannels - channel),
            panel: c + (column - columns.lowerBound) * rowCount * w + (row - rows.lowerBound) * w * w,
            channels: min(w, shape.outputChannels - output),
            destination: filterGradient + (tap * grid.sourceChannels + channel) * shape.outputChannels + output,
            destinationStride: shape.outputChannels, accumulate: accumulate)
        }
      }
    }
  }
}
