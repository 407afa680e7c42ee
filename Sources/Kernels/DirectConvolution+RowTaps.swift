import VectorLoops

/// Pictures have three channels, and a vector has eight or sixteen lanes: treated like any other convolution, most lanes
/// would multiply zeros. But in a picture the channels of a whole row of taps lie next to each other. So a row of taps
/// counts as one tap with kernelWidth * channels channels, 15 for a 5x5 kernel over RGB. A copy of the picture with its
/// padding written out keeps such a row from running over the edge.
extension DirectConvolution {
  var usesRowTaps: Bool { shape.inputChannels <= 4 && shape.kernelWidth > 1 }

  /// Channels of a row of taps.
  private var rowChannels: Int { shape.kernelWidth * shape.inputChannels }
  private var paddedHeight: Int { (shape.outputHeight - 1) * shape.stride + shape.kernelHeight }
  private var paddedWidth: Int { (shape.outputWidth - 1) * shape.stride + shape.kernelWidth }

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

  /// [n, paddedHeight, paddedWidth, c] with zeros around the picture, and one vector more at the end.
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

  /// Rows of the input gradient that a task writes. Source rows at the seams are multiplied twice.
  private static let bandRows = 32

  /// For each pixel of the output gradient a product with the whole transposed filter gives its contribution to every row of
  /// taps; contributions are added up, overlapping, into the padded picture.
  func backwardDataByRowTaps(
    outputGradient: UnsafePointer<Float>, filter: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>
  ) {
    let (s, w, loops) = (shape, context.width, context.loops)
    let product = PanelProduct(loops: loops)
    let packed = packedRowTapFilter(filter)
    let depthPanels = ceilDivide(s.outputChannels, w)
    let panelDepth = min(s.outputChannels, w)
    let panelsPerRow = ceilDivide(rowChannels, w)
    let columnPanels = s.kernelHeight * panelsPerRow
    let rows = s.outputWidth + 4
    // Wide enough for both the padded row and the last overlapping vectors.
    let bandStride = max(paddedWidth, s.inputWidth + s.padLeft) * s.inputChannels + panelsPerRow * w
    let band = DirectConvolution.bandRows
    let bands = ceilDivide(s.inputHeight, band)
    let perWorker = (depthPanels + columnPanels) * rows * w + band * bandStride
    let workspace = context.scratch("direct", perWorker * context.threads)

    context.parallel(s.batch * bands) { task, worker in
      let (n, first) = (task / bands, task % bands * band)
      let bandRows = min(band, s.inputHeight - first)
      let a = workspace + worker * perWorker
      let c = a + depthPanels * rows * w
      let sums = c + columnPanels * rows * w
      sums.update(repeating: 0, count: bandRows * bandStride)
      withUnsafeTemporaryAllocation(of: Int.self, capacity: s.outputWidth) { offsets in
        for i in 0..<s.outputHeight {
          // Row of taps p of output row i lands on row `top + p` of the band.
          let top = i * s.stride - s.padTop - first
          let (firstTap, endTap) = (max(0, -top), min(s.kernelHeight, bandRows - top))
          if firstTap >= endTap { continue }
          let taps = firstTap..<endTap
          for j in 0..<s.outputWidth { offsets[j] = ((n * s.outputHeight + i) * s.outputWidth + j) * s.outputChannels }
          loops.gatherPanels(
            s.outputWidth, source: outputGradient, offsets: offsets.baseAddress!, channels: s.outputChannels, panels: a,
            panelStride: rows * w)
          product.multiply(
            rows: s.outputWidth, columnPanels: taps.count * panelsPerRow, depthPanels: depthPanels,
            panelDepth: panelDepth, a: a, aPanelStride: rows * w,
            b: packed.pointer + taps.lowerBound * panelsPerRow * depthPanels * panelDepth * w,
            bPanelStride: depthPanels * panelDepth * w, c: c, cPanelStride: rows * w, accumulate: false)
          for part in 0..<panelsPerRow {
            loops.overlapAdd(
              rows: taps.count, count: s.outputWidth, panels: c + part * rows * w,
              panelStride: panelsPerRow * rows * w, destination: sums + (top + taps.lowerBound) * bandStride + part * w,
              rowStride: bandStride, step: s.stride * s.inputChannels)
          }
        }
      }
      for y in 0..<bandRows {
        (inputGradient + (n * s.inputHeight + first + y) * s.inputWidth * s.inputChannels).update(
          from: sums + y * bandStride + s.padLeft * s.inputChannels, count: s.inputWidth * s.inputChannels)
      }
    }
  }

  /// The filter as B: rows are output channels, columns are (row of taps, tap in the row, input channel), each row of taps
  /// filled up to whole panels with zeros.
  private func packedRowTapFilter(_ filter: UnsafePointer<Float>) -> Buffer {
    let (s, w) = (shape, context.width)
    let panelsPerRow = ceilDivide(rowChannels, w)
    let depth = ceilDivide(s.outputChannels, w) * min(s.outputChannels, w)
    let packed = rowTapFilter ?? Buffer(count: s.kernelHeight * panelsPerRow * depth * w)
    rowTapFilter = packed
    if rowTapFilterIsCurrent { return packed }
    for p in 0..<s.kernelHeight {
      for part in 0..<panelsPerRow {
        let target = packed.pointer + (p * panelsPerRow + part) * depth * w
        context.loops.transposePanel(
          rows: s.outputChannels, lanes: min(w, rowChannels - part * w),
          source: filter + (p * rowChannels + part * w) * s.outputChannels, laneStride: s.outputChannels,
          destination: target)
        (target + s.outputChannels * w).update(repeating: 0, count: (depth - s.outputChannels) * w)
      }
    }
    rowTapFilterIsCurrent = true
    return packed
  }
}
