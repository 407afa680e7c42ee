import MicroKernels

/// Images have three channels, and a vector has eight or sixteen lanes: treated like any other convolution, most lanes
/// would multiply zeros. But in an image the channels of a whole row of taps are next to each other. So a row of taps
/// counts as one tap with kernelWidth * channels channels, 15 for a 5x5 kernel over RGB. A copy of the image with its
/// padding written out keeps such a row from running over the edge.
extension DirectConvolution {
  var usesRowTaps: Bool { DirectConvolution.usesRowTaps(shape) }

  static func usesRowTaps(_ shape: ConvShape) -> Bool { shape.inputChannels <= 4 && shape.kernelWidth > 1 }

  /// Channels of a row of taps.
  private var rowChannels: Int { shape.kernelWidth * shape.inputChannels }
  private var paddedHeight: Int { (shape.outputHeight - 1) * shape.strideHeight + shape.kernelHeight }
  private var paddedWidth: Int { (shape.outputWidth - 1) * shape.strideWidth + shape.kernelWidth }

  /// The grid of the forward pass and the tensor that it reads: `input`, or its padded copy.
  func forwardGrid(_ input: UnsafePointer<Float>) -> (grid: TapGrid, source: UnsafePointer<Float>) {
    var grid = TapGrid.forward(shape)
    guard usesRowTaps else { return (grid, input) }
    grid.sourceHeight = paddedHeight
    grid.sourceWidth = paddedWidth
    grid.tapChannels = rowChannels
    grid.mayOverread = true
    grid.taps = (0..<shape.kernelHeight).map { TapGrid.Tap(y: $0, x: 0, index: $0) }
    return (grid, paddedCopy(input))
  }

  /// [n, paddedHeight, paddedWidth, c] with zeros around the image, and one vector more at the end.
  private func paddedCopy(_ input: UnsafePointer<Float>) -> UnsafePointer<Float> {
    let s = shape
    let rowFloats = paddedWidth * s.inputChannels
    let count = s.batch * paddedHeight * rowFloats
    let padded = context.scratch("rowtaps", count + context.width)
    let columns = min(s.inputWidth, paddedWidth - s.padLeft) * s.inputChannels
    context.parallel(s.batch) { n in
      for y in 0..<paddedHeight {
        let row = padded + (n * paddedHeight + y) * rowFloats
        row.update(repeating: 0, count: rowFloats)
        let from = y - s.padTop
        if from >= 0 && from < s.inputHeight && columns > 0 {
          (row + s.padLeft * s.inputChannels).update(
            from: input + (n * s.inputHeight + from) * s.inputWidth * s.inputChannels, count: columns)
        }
      }
    }
    (padded + count).update(repeating: 0, count: context.width)
    return UnsafePointer(padded)
  }

  /// Rows of the input gradient that a task writes. Rows of the output gradient at the seams are gathered twice.
  private static let bandRows = 32

  /// For each column of the output gradient a product with the transposed filter gives its contribution to a row of the
  /// input gradient, summed over the rows of taps that reach it; contributions of neighbours overlap and are added up. Two
  /// rows go together, for products are fastest with two panels of columns.
  func backwardDataByRowTaps(
    outputGradient: MappedTensor, filter: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>
  ) {
    let (outputGradient, map) = (outputGradient.data, outputGradient.map)
    let (s, w, kernels) = (shape, context.width, context.kernels)
    let product = MacroKernel(kernels: kernels)
    let panels = rowTapPanels(filter)
    let depthPanels = ceilDivide(s.outputChannels, w)
    let panelDepth = min(s.outputChannels, w)
    let columnPanels = ceilDivide(rowChannels, w)
    let bStride = depthPanels * panelDepth * w
    let panelStride = (s.outputWidth + 4) * w
    let rowFloats = s.outputWidth * s.outputChannels
    // Wide enough for both the padded row and the last overlapping vectors.
    let sumFloats = max(paddedWidth, s.inputWidth + s.padLeft) * s.inputChannels + columnPanels * w
    let bands = ceilDivide(s.inputHeight, DirectConvolution.bandRows)
    // A ring of gathered rows: all that reach two rows of the input gradient.
    let ringRows = s.kernelHeight + 1
    let ringStride = depthPanels * panelStride
    let perWorker = ringRows * ringStride + 2 * columnPanels * panelStride + sumFloats
    let workspace = context.scratch("direct", perWorker * context.threads)

    context.parallel(s.batch * bands) { task, worker in
      let (n, first) = (task / bands, task % bands * DirectConvolution.bandRows)
      let ring = workspace + worker * perWorker
      let c = ring + ringRows * ringStride
      let sums = c + 2 * columnPanels * panelStride
      let source = outputGradient + n * s.outputHeight * rowFloats
      let end = min(first + DirectConvolution.bandRows, s.inputHeight)
      let lastRow = min((end - 1 + s.padTop) / s.strideHeight, s.outputHeight - 1)
      var gathered = max(0, ceilDivide(first + s.padTop - s.kernelHeight + 1, s.strideHeight))
      for y in stride(from: first, to: end, by: 2) {
        let pair = min(2, end - y)
        // Row i of the output gradient reaches row y by the row of taps y + pad - i * stride, and row y + 1 by the next.
        let lowest = max(0, ceilDivide(y + s.padTop - s.kernelHeight + 1, s.strideHeight))
        let rows = lowest..<max(lowest, min((y + pair - 1 + s.padTop) / s.strideHeight + 1, s.outputHeight))
        while gathered < rows.upperBound {
          kernels.packPanels(
            s.outputWidth, source: source + gathered * rowFloats, step: s.outputChannels, channels: s.outputChannels,
            panels: ring + gathered % ringRows * ringStride, panelStride: panelStride)
          let pixel = (n * s.outputHeight + gathered) * s.outputWidth
          map?.apply(
            to: ring + gathered % ringRows * ringStride, panelStride: panelStride, count: depthPanels,
            pixels: pixel..<pixel + s.outputWidth, channel: 0, kernels: kernels)
          gathered += 1
        }
        c.update(repeating: 0, count: pair * columnPanels * panelStride)
        // The rows that are gathered next come into the second-level cache meanwhile.
        let ahead = source + gathered * rowFloats
        let aheadFloats = rowFloats * max(0, min(ceilDivide(pair, s.strideHeight), lastRow + 1 - gathered))
        for i in rows {
          let tap = y + s.padTop - i * s.strideHeight
          let reached = max(0, -tap)..<min(pair, s.kernelHeight - tap)
          let part = i - lowest
          let share = aheadFloats * part / rows.count..<aheadFloats * (part + 1) / rows.count
          var upcoming = MacroKernel.Upcoming()
          upcoming.source = MacroKernel.MemoryRows(first: ahead + share.lowerBound, floats: share.count)
          product.multiply(
            MacroKernel.Product(
              rows: s.outputWidth, columnPanels: reached.count * columnPanels, depth: depthPanels * panelDepth,
              a: .init(
                first: ring + i % ringRows * ringStride, panelStride: panelStride, panelDepth: panelDepth,
                groupRows: s.outputWidth),
              b: .init(panels + (tap + reached.lowerBound) * columnPanels * bStride, bStride),
              c: .init(
                first: c + reached.lowerBound * columnPanels * panelStride, rowStride: w, panelStride: panelStride),
              stores: .adds, upcoming: upcoming))
        }
        for r in 0..<pair {
          sums.update(repeating: 0, count: sumFloats)
          for panel in 0..<columnPanels {
            kernels.overlapAdd(
              s.outputWidth, panel: c + (r * columnPanels + panel) * panelStride, destination: sums + panel * w,
              step: s.strideWidth * s.inputChannels)
          }
          (inputGradient + (n * s.inputHeight + y + r) * s.inputWidth * s.inputChannels).update(
            from: sums + s.padLeft * s.inputChannels, count: s.inputWidth * s.inputChannels)
        }
      }
    }
  }

  /// The filter as B: rows are output channels, columns are (row of taps, tap in the row, input channel), each row of taps
  /// filled up to whole panels with zeros.
  private func rowTapPanels(_ filter: UnsafePointer<Float>) -> UnsafePointer<Float> {
    let (s, w) = (shape, context.width)
    let panelsPerRow = ceilDivide(rowChannels, w)
    let depth = ceilDivide(s.outputChannels, w) * min(s.outputChannels, w)
    let count = s.kernelHeight * panelsPerRow * depth * w
    return packed(.backwardData(phase: 0), count: count, .filter) { panels in
      for p in 0..<s.kernelHeight {
        for part in 0..<panelsPerRow {
          let target = panels + (p * panelsPerRow + part) * depth * w
          context.kernels.transposePanel(
            rows: s.outputChannels, lanes: min(w, rowChannels - part * w),
            source: filter + (p * rowChannels + part * w) * s.outputChannels, laneStride: s.outputChannels,
            destination: target)
          (target + s.outputChannels * w).update(repeating: 0, count: (depth - s.outputChannels) * w)
        }
      }
    }
  }
}
