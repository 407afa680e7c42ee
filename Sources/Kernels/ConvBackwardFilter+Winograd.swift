extension WinogradConvolution {
  /// input -> points V; outputGradient -> points M; for a block of channels dU = V^T M at all points, summed over the
  /// tiles of a chunk; dU -> filterGradient at once, while it is in the cache. (All of dU together would be five times
  /// the size of the filter.) Chunks add up in order.
  func backwardFilter(
    input: MappedTensor, outputGradient: MappedTensor, filterGradient: UnsafeMutablePointer<Float>,
    accumulate: Bool
  ) {
    let s = shape
    let tiles = WinogradConvolution.outputTiles(s)
    let rows = panelRows(min(tiles.count, WinogradConvolution.chunkTiles))
    let inputLayout = phasedLayout(phases, panels: inputPanels, rows: rows)
    let outputLayout = plainLayout(phases, panels: outputPanels, rows: rows)
    let v = context.scratch("winograd.large", inputLayout.count)
    let m = context.scratch("winograd.small", outputLayout.count)
    let source = WindowedTensor(height: s.inputHeight, width: s.inputWidth, channels: s.inputChannels)
    let target = WindowedTensor(height: s.outputHeight, width: s.outputWidth, channels: s.outputChannels)
    var inputs = MappedImages(input, imageElements: s.inputCount / s.batch, context)
    var gradients = MappedImages(outputGradient, imageElements: s.outputCount / s.batch, context)

    forEachChunk(tiles.count) { range in
      withImages(range, tiles, source, &inputs, points: v) { range, source, input, v in
        transformInput(range, tensor: source, source: input, points: v, layout: inputLayout) { tile, phase in
          inputWindow(tiles, tile, phases[phase])
        }
      }
      withImages(range, tiles, target, &gradients, points: m) { range, target, gradient, m in
        transformOutputGradient(range, tensor: target, source: gradient, points: m, layout: outputLayout) { tile in
          outputWindow(tiles, tile)
        }
      }
      reduceTiles(
        range.count, v: v, inputLayout: inputLayout, m: m, outputLayout: outputLayout, filterGradient: filterGradient,
        accumulate: accumulate || range.lowerBound > 0)
    }
  }

  /// Channels of a block: 64 x 64, whose sums at all points and the operands of two products fit a second-level cache of
  /// a megabyte; fewer where that makes too few tasks.
  private var blockPanels: (input: Int, output: Int) {
    func panels(_ input: Int, _ output: Int) -> (input: Int, output: Int) {
      (min(input / kernels.width, inputPanels), min(output / kernels.width, outputPanels))
    }
    return [panels(64, 64), panels(32, 64)].first {
      phases.count * ceilDivide(inputPanels, $0.input) * ceilDivide(outputPanels, $0.output)
        >= enoughTasks
    } ?? panels(32, 32)
  }

  /// One task per phase and block of channels.
  private func reduceTiles(
    _ depth: Int, v: UnsafePointer<Float>, inputLayout: PointLayout, m: UnsafePointer<Float>, outputLayout: PointLayout,
    filterGradient: UnsafeMutablePointer<Float>, accumulate: Bool
  ) {
    let (w, s) = (kernels.width, shape)
    let product = MacroKernel(kernels: kernels)
    let block = blockPanels
    let inputBlocks = ceilDivide(inputPanels, block.input)
    let outputBlocks = ceilDivide(outputPanels, block.output)
    let layout = plainLayout(phases, panels: block.output, rows: block.input * w)
    let perWorker = transformScratch + layout.count
    let workspace = context.scratch("winograd.sums", perWorker * context.threads)
    context.parallel(phases.count * inputBlocks * outputBlocks) { task, worker in
      let phase = task / (inputBlocks * outputBlocks)
      let parts = phases[phase]
      let firstInput = task / outputBlocks % inputBlocks * block.input
      let inputs = min(block.input, inputPanels - firstInput)
      let firstOutput = task % outputBlocks * block.output
      let outputs = min(block.output, outputPanels - firstOutput)
      let scratch = workspace + worker * perWorker
      let sums = scratch + transformScratch
      func operands(_ point: Int) -> MacroKernel.Operands {
        (
          v + inputLayout.phaseOffsets[phase][point] + firstInput * inputLayout.panelStride,
          m + outputLayout.bases[point] + firstOutput * outputLayout.panelStride
        )
      }
      for i in 0..<parts.y.points {
        for j in 0..<parts.x.points {
          let point = i * n + j
          let (a, b) = operands(point)
          product.multiply(
            MacroKernel.TransposedProduct(
              rowPanels: inputs, columnPanels: outputs, depth: depth, a: .init(a, inputLayout.panelStride),
              b: .init(b, outputLayout.panelStride), c: sums + layout.bases[point], cPanelStride: layout.panelStride,
              next: j + 1 < parts.x.points
                ? operands(point + 1) : i + 1 < parts.y.points ? operands((i + 1) * n) : nil))
        }
      }
      for output in 0..<outputs {
        let column = (firstOutput + output) * w
        let target = FilterPart(
          first: filterGradient + firstInput * w * s.outputChannels + column,
          channels: min(inputs * w, s.inputChannels - firstInput * w), lanes: min(w, s.outputChannels - column))
        inverseTransform(
          parts, sums + output * layout.panelStride, layout, scratch, into: target, accumulate: accumulate)
      }
    }
  }

  /// Some input channels and one panel of output channels of the filter's gradient.
  private struct FilterPart {
    /// Of the first tap.
    var first: UnsafeMutablePointer<Float>
    /// Input channels.
    var channels: Int
    /// Output channels.
    var lanes: Int
  }

  /// The taps of one phase.
  private func inverseTransform(
    _ parts: WinogradPhase, _ points: UnsafePointer<Float>, _ layout: PointLayout,
    _ scratch: UnsafeMutablePointer<Float>, into target: FilterPart, accumulate: Bool
  ) {
    let (channels, lanes) = (target.channels, target.lanes)
    let (w, s) = (kernels.width, shape)
    let tapStride = s.inputChannels * s.outputChannels
    func transform(
      _ count: Int, _ points: UnsafePointer<Float>, _ destination: UnsafeMutablePointer<Float>, rowStride: Int,
      columnStride: Int, accumulate: Bool
    ) {
      kernels.filterGradientTransform(
        pairs: basis.points.count, rowTaps: parts.y.taps, columnTaps: parts.x.taps,
        coefficients: coefficients.pointer, scratch: scratch, count: count, source: points,
        offsets: layout.phaseOffsets[0], destination: destination, step: s.outputChannels, rowStride: rowStride,
        columnStride: columnStride, accumulate: accumulate)
    }
    let first = target.first + tap(parts, 0, 0) * tapStride
    let (rowStride, columnStride) = (s.kernelWidth * s.stride * tapStride, s.stride * tapStride)
    if lanes == w {
      transform(
        channels, points, first, rowStride: rowStride, columnStride: columnStride, accumulate: accumulate)
      return
    }
    // By way of scratch, for a store of the last panel would reach into the next channel.
    let taps = scratch + 64 * w
    for channel in 0..<channels {
      transform(1, points + channel * w, taps, rowStride: parts.x.taps * w, columnStride: w, accumulate: false)
      for p in 0..<parts.y.taps {
        kernels.unpackPanel(
          rows: parts.x.taps, panel: taps + p * parts.x.taps * w, channels: lanes,
          destination: first + channel * s.outputChannels + p * rowStride, destinationStride: columnStride,
          accumulate: accumulate)
      }
    }
  }
}
