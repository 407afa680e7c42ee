extension WinogradConvolution {
  /// The data gradient of each phase is a convolution of the output gradient with that phase's flipped taps, and all phases
  /// read the same window of it. So this pass gathers like the forward pass instead of scattering overlapping tiles:
  /// outputGradient -> points V, once for all phases; M = V U at each point for all phases side by side; M -> the pixels
  /// of each phase.
  func backwardData(
    outputGradient: MappedTensor, filter: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>,
    activation: BiasLeakyReLU? = nil
  ) {
    let (s, phases) = (shape, backwardPhases)
    let (tiles, startY, startX) = WinogradConvolution.backwardTiles(s, phases)
    let filterPoints = transformsFirst ? transformedBackwardFilter(filter) : nil
    let filterLayout = backwardFilterLayout
    let rows = panelRows(min(tiles.count, WinogradConvolution.chunkTiles))
    let sourceLayout = plainLayout(phases, panels: outputPanels, rows: rows)
    let targetLayout = phasedLayout(phases, panels: inputPanels, rows: rows)
    let v = context.scratch("winograd.small", sourceLayout.count)
    let m = context.scratch("winograd.large", targetLayout.count)
    let source = WindowedTensor(height: s.outputHeight, width: s.outputWidth, channels: s.outputChannels)
    let target = WindowedTensor(height: s.inputHeight, width: s.inputWidth, channels: s.inputChannels)
    var images = MappedImages(outputGradient, imageElements: s.outputCount / s.batch, context)

    forEachChunk(tiles.count) { range in
      withImages(range, tiles, source, &images, points: v) { range, source, outputGradient, v in
        transformInput(range, tensor: source, source: outputGradient, points: v, layout: sourceLayout) { tile, _ in
          let at = tiles.position(tile)
          return WindowedTensor.Window(
            n: at.n, y: at.row * 4 + startY, x: at.column * 4 + startX, step: 1,
            rows: sourceLayout.extents[0].rows, columns: sourceLayout.extents[0].columns)
        }
      }
      if let filterPoints {
        multiplyPhased(
          rows: range.count, a: v, aLayout: sourceLayout, b: filterPoints, bLayout: filterLayout, c: m,
          cLayout: targetLayout)
      } else {
        multiplyBackward(
          rows: range.count, a: v, aLayout: sourceLayout, filter: filter, c: m, cLayout: targetLayout)
      }
      transformOutput(
        range, tensor: target, points: m, layout: targetLayout, target: inputGradient, activation: activation
      ) { tile, phase in
        let at = tiles.position(tile)
        let (y, x) = (phases[phase].y, phases[phase].x)
        return WindowedTensor.Window(
          n: at.n, y: (at.row * 4 + startY - y.backwardStart) * s.stride + y.residue,
          x: (at.column * 4 + startX - x.backwardStart) * s.stride + x.residue, step: s.stride, rows: 4, columns: 4)
      }
    }
  }

  /// Tiles until every phase is covered, and where the window that all phases share starts, relative to the tile: at the
  /// earliest start of any. A phase whose own window starts later lags behind.
  static func backwardTiles(
    _ s: ConvShape, _ phases: [WinogradPhase]
  ) -> (tiles: TileGrid, startY: Int, startX: Int) {
    func along(_ size: Int, _ axes: [WinogradPhase.Axis]) -> (tiles: Int, start: Int) {
      let start = axes.map { $0.backwardStart }.min()!
      return (
        axes.map { ceilDivide(ceilDivide(size - $0.residue, s.stride) - start + $0.backwardStart, 4) }.max()!, start
      )
    }
    let (y, x) = (along(s.inputHeight, phases.map { $0.y }), along(s.inputWidth, phases.map { $0.x }))
    return (TileGrid(batch: s.batch, rows: y.tiles, columns: x.tiles), y.start, x.start)
  }

  /// At each point C = A B where the columns are all panels of all slots of the point.
  private func multiplyPhased(
    rows: Int, a: UnsafePointer<Float>, aLayout: PointLayout, b: UnsafePointer<Float>, bLayout: PointLayout,
    c: UnsafeMutablePointer<Float>, cLayout: PointLayout
  ) {
    let (product, w) = (MacroKernel(kernels: kernels), kernels.width)
    let tasks = productTasks(.backwardData, rows: rows, widest: WinogradConvolution.nc) {
      [bLayout.slots.map { ProductTasks.Item(depth: 1, columnPanels: $0 * bLayout.panels) }]
    }.tasks
    func operands(_ task: ProductTasks.Task) -> MacroKernel.Operands {
      (
        a + aLayout.bases[task.item] + task.rows.lowerBound * w,
        b + bLayout.bases[task.item] + task.columns.lowerBound * bLayout.panelStride
      )
    }
    context.parallel(tasks.count) { index in
      let task = tasks[index]
      let (a, b) = operands(task)
      product.multiply(
        MacroKernel.Product(
          rows: task.rows.count, columnPanels: task.columns.count, depth: aLayout.panels * w,
          a: .init(first: a, panelStride: aLayout.panelStride, panelDepth: w, groupRows: task.rows.count),
          b: .init(b, bLayout.panelStride),
          c: .init(
            first: c + cLayout.bases[task.item] + task.columns.lowerBound * cLayout.panelStride
              + task.rows.lowerBound * w, rowStride: w, panelStride: cLayout.panelStride),
          upcoming: .init(index + context.threads < tasks.count ? operands(tasks[index + context.threads]) : nil)))
    }
  }
}
