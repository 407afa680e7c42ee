import MicroKernels

extension DirectConvolution {
  /// Multiply-adds that are worth a task, and tasks to aim for.
  private static let taskProducts = 1 << 21
  private static let tasks = 64
  /// Pixels that are added up before their sum is added to that of others.
  private static let sumPixels = 1024

  /// filterGradient[p, (q, c), o] = sum over pixels of outputGradient[pixel, o] input[pixel + p, (q, c)], with output channels
  /// as rows and a row of taps as columns. Tasks are parts of the pixels, cut by the shape alone; they are then added up in order.
  func backwardFilterByRows(
    input: MappedTensor, outputGradient: MappedTensor, filterGradient: UnsafeMutablePointer<Float>, accumulate: Bool
  ) {
    let (s, w, kernels) = (shape, context.width, context.kernels)
    let rowPanels = ceilDivide(rowChannels, w)
    let padded = PaddedRows(
      height: s.inputHeight, width: s.inputWidth, channels: s.inputChannels, left: s.padLeft,
      columns: (s.outputWidth - 1) * s.strideWidth + s.kernelWidth)
    let gradientRows = PaddedRows(
      height: s.outputHeight, width: s.outputWidth, channels: s.outputChannels, left: 0, columns: s.outputWidth)
    let cached = (DirectConvolution.bandFloats / padded.rowFloats - s.kernelHeight) / s.strideHeight + 1
    let bandRows = max(1, min(s.outputHeight, cached, DirectConvolution.sumPixels / s.outputWidth))
    let bands = ceilDivide(s.outputHeight, bandRows)
    let units = s.batch * bands
    let products = s.batch * s.outputHeight * s.outputWidth * s.filterCount
    let parts = max(1, min(DirectConvolution.tasks, units, products / DirectConvolution.taskProducts))
    let sourceRows = (bandRows - 1) * s.strideHeight + s.kernelHeight
    // The last vector of the last row of taps reads beyond it.
    let inputFloats = sourceRows * padded.rowFloats + w
    let perWorker = inputFloats + (outputGradient.map == nil ? 0 : bandRows * gradientRows.rowFloats)
    let workspace = context.scratch("direct", perWorker * context.threads)
    let panelFloats = s.outputChannels * w
    let sumFloats = s.kernelHeight * rowPanels * panelFloats
    let sums = context.scratch("direct.sums", parts * sumFloats)
    // Neighbouring panels are parts of a row of taps, or where that is one panel, rows of taps.
    let (lines, panels) = rowPanels == 1 ? (1, s.kernelHeight) : (s.kernelHeight, rowPanels)
    let bPanelStride = rowPanels == 1 ? padded.rowFloats : w

    context.parallel(parts) { part, worker in
      let b = workspace + worker * perWorker
      let copy = b + inputFloats
      let c = sums + part * sumFloats
      (b + inputFloats - w).update(repeating: 0, count: w)
      let range = units * part / parts..<units * (part + 1) / parts
      for unit in range {
        let (n, first) = (unit / bands, unit % bands * bandRows)
        let rows = min(bandRows, s.outputHeight - first)
        let top = first * s.strideHeight - s.padTop
        padded.copy(
          input, image: n, rows: top..<top + (rows - 1) * s.strideHeight + s.kernelHeight, into: b, context)
        var a = outputGradient.data + (n * s.outputHeight + first) * gradientRows.rowFloats
        if outputGradient.map != nil {
          gradientRows.copy(outputGradient, image: n, rows: first..<first + rows, into: copy, context)
          a = UnsafePointer(copy)
        }
        for line in 0..<lines {
          for panel in stride(from: 0, to: panels, by: kernels.nr) {
            multiplyInPlace(
              InPlaceTile(
                rows: s.outputChannels, columnPanels: min(kernels.nr, panels - panel), runs: rows,
                depth: s.outputWidth,
                a: RowsInPlace(
                  first: a, rowStride: 1, step: s.outputChannels, runStride: gradientRows.rowFloats),
                b: ColumnsInPlace(
                  first: b + line * padded.rowFloats + panel * bPanelStride, step: s.strideWidth * s.inputChannels,
                  runStride: s.strideHeight * padded.rowFloats, panelStride: bPanelStride),
                c: TileTarget(
                  first: c + (line * rowPanels + panel) * panelFloats, rowStride: w, panelStride: panelFloats,
                  stores: unit == range.lowerBound ? .overwrites : .adds)), kernels)
          }
        }
      }
    }
    context.parallel(s.kernelHeight * rowPanels) { panel in
      let c = sums + panel * panelFloats
      for part in stride(from: 1, to: parts, by: 1) {
        kernels.addScaled(c + part * sumFloats, c, panelFloats, factor: 1)
      }
      let (p, lane) = (panel / rowPanels, panel % rowPanels * w)
      for l in 0..<min(w, rowChannels - lane) {
        let target = filterGradient + (p * rowChannels + lane + l) * s.outputChannels
        for o in 0..<s.outputChannels { target[o] = accumulate ? target[o] + c[o * w + l] : c[o * w + l] }
      }
    }
  }
}
