extension WinogradConvolution {
  /// Channels of a task of the products, at most.
  static let nc = 128

  /// input -> points V; M = V U at each point; M -> output.
  func forward(input: MappedTensor, filter: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>) {
    let s = shape
    let tiles = WinogradConvolution.outputTiles(s)
    let filterPoints = transformsFirst ? transformedForwardFilter(filter) : nil
    let filterLayout = forwardFilterLayout
    let rows = panelRows(min(tiles.count, WinogradConvolution.chunkTiles))
    let inputLayout = phasedLayout(phases, panels: inputPanels, rows: rows)
    let outputLayout = plainLayout(phases, panels: outputPanels, rows: rows)
    let v = context.scratch("winograd.large", inputLayout.count)
    let m = context.scratch("winograd.small", outputLayout.count)
    let source = WindowedTensor(height: s.inputHeight, width: s.inputWidth, channels: s.inputChannels)
    let target = WindowedTensor(height: s.outputHeight, width: s.outputWidth, channels: s.outputChannels)
    var images = MappedImages(input, imageElements: s.inputCount / s.batch, context)

    forEachChunk(tiles.count) { range in
      withImages(range, tiles, source, &images, points: v) { range, source, input, v in
        transformInput(range, tensor: source, source: input, points: v, layout: inputLayout) { tile, phase in
          inputWindow(tiles, tile, phases[phase])
        }
      }
      if let filterPoints {
        multiply(
          rows: range.count, a: (UnsafePointer(v), inputLayout), b: (filterPoints, filterLayout), c: (m, outputLayout))
      } else {
        multiplyForward(rows: range.count, a: v, aLayout: inputLayout, filter: filter, c: m, cLayout: outputLayout)
      }
      transformOutput(
        range, tensor: target, points: m, layout: outputLayout, target: output
      ) { tile, _ in outputWindow(tiles, tile) }
    }
  }

  /// The tiles of the output.
  static func outputTiles(_ s: ConvShape) -> TileGrid {
    TileGrid(batch: s.batch, rows: ceilDivide(s.outputHeight, 4), columns: ceilDivide(s.outputWidth, 4))
  }

  /// The pixels of one phase that an output tile reads.
  func inputWindow(_ tiles: TileGrid, _ tile: Int, _ phase: WinogradPhase) -> WindowedTensor.Window {
    let at = tiles.position(tile)
    return WindowedTensor.Window(
      n: at.n, y: (at.row * 4 + phase.y.start) * shape.stride + phase.y.residue,
      x: (at.column * 4 + phase.x.start) * shape.stride + phase.x.residue, step: shape.stride, rows: phase.y.points,
      columns: phase.x.points)
  }

  /// The 4x4 pixels of an output tile.
  func outputWindow(_ tiles: TileGrid, _ tile: Int) -> WindowedTensor.Window {
    let at = tiles.position(tile)
    return WindowedTensor.Window(n: at.n, y: at.row * 4, x: at.column * 4, step: 1, rows: 4, columns: 4)
  }

  /// Runs `body` over all tiles in chunks of `chunkTiles`.
  func forEachChunk(_ count: Int, _ body: (Range<Int>) -> Void) {
    for first in stride(from: 0, to: count, by: WinogradConvolution.chunkTiles) {
      body(first..<min(first + WinogradConvolution.chunkTiles, count))
    }
  }

  /// At each point C = A B. The depth is all panels of A's point.
  private func multiply(
    rows: Int, a: (points: UnsafePointer<Float>, layout: PointLayout),
    b: (points: UnsafePointer<Float>, layout: FilterLayout),
    c: (points: UnsafeMutablePointer<Float>, layout: PointLayout)
  ) {
    let ((a, aLayout), (b, bLayout), (c, cLayout)) = (a, b, c)
    let (product, w) = (MacroKernel(kernels: kernels), kernels.width)
    let tasks = productTasks(.forward, rows: rows, widest: WinogradConvolution.nc) {
      [aLayout.slots.map { ProductTasks.Item(depth: $0, columnPanels: $0 == 0 ? 0 : outputPanels) }]
    }.tasks
    func operands(_ task: ProductTasks.Task) -> MacroKernel.Operands {
      (
        a + aLayout.bases[task.item] + task.rows.lowerBound * w,
        b + bLayout.base(point: task.item) + task.columns.lowerBound * bLayout.panelStride(point: task.item)
      )
    }
    context.parallel(tasks.count) { index in
      let task = tasks[index]
      let (a, b) = operands(task)
      product.multiply(
        MacroKernel.Product(
          rows: task.rows.count, columnPanels: task.columns.count,
          depth: aLayout.slots[task.item] * aLayout.panels * w,
          a: .init(first: a, panelStride: aLayout.panelStride, panelDepth: w, groupRows: task.rows.count),
          b: .init(b, bLayout.panelStride(point: task.item)),
          c: .init(
            first: c + cLayout.bases[task.item] + task.columns.lowerBound * cLayout.panelStride
              + task.rows.lowerBound * w, rowStride: w, panelStride: cLayout.panelStride),
          upcoming: .init(index + context.threads < tasks.count ? operands(tasks[index + context.threads]) : nil)))
    }
  }
}
