import MicroKernels

extension DirectConvolution {
  /// Whether the input is an image of so few channels that they would leave most lanes empty.
  static func isImage(_ shape: ConvShape) -> Bool { shape.inputChannels <= 4 && shape.kernelWidth > 1 }

  /// Channels of a row of taps.
  var rowChannels: Int { shape.kernelWidth * shape.inputChannels }

  /// The data gradient of an image. For each column of the output gradient a product with the transposed filter gives its
  /// contribution to a row of the input gradient, in all the rows of taps that reach it; columns of the product are (tap in the
  /// row, input channel). Contributions of neighbours overlap and are added up.
  func backwardImage(
    outputGradient: MappedTensor, filter: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>
  ) {
    let (s, w, kernels) = (shape, context.width, context.kernels)
    let b = imagePanels(filter)
    let panels = ceilDivide(rowChannels, w)
    let rows = PaddedRows(
      height: s.outputHeight, width: s.outputWidth, channels: s.outputChannels, left: 0, columns: s.outputWidth)
    // Rows at the seams are copied twice.
    let shared = ceilDivide(s.batch * s.inputHeight, context.enoughTasks)
    let bandRows = min(16, max(shared, s.kernelHeight))
    let bands = ceilDivide(s.inputHeight, bandRows)
    let sourceRows = (bandRows + s.kernelHeight) / s.strideHeight + 1
    let cStride = s.outputWidth * w
    // Wide enough for both the padded row and the last overlapping vectors.
    let sumFloats =
      max((s.outputWidth - 1) * s.strideWidth + s.kernelWidth, s.inputWidth + s.padLeft) * s.inputChannels + panels * w
    let perWorker = sourceRows * rows.rowFloats + panels * cStride + sumFloats
    let workspace = context.scratch("direct", perWorker * context.threads)

    /// Rows of the output gradient that reach these rows.
    func reaching(_ y: Range<Int>) -> Range<Int> {
      let lowest = max(0, ceilDivide(y.lowerBound + s.padTop - s.kernelHeight + 1, s.strideHeight))
      return lowest..<max(lowest, min((y.upperBound - 1 + s.padTop) / s.strideHeight + 1, s.outputHeight))
    }
    context.parallel(s.batch * bands) { task, worker in
      let (n, first) = (task / bands, task % bands * bandRows)
      let end = min(first + bandRows, s.inputHeight)
      let copy = workspace + worker * perWorker
      let c = copy + sourceRows * rows.rowFloats
      let sums = c + panels * cStride
      let source = reaching(first..<end)
      var a = outputGradient.data + (n * s.outputHeight + source.lowerBound) * rows.rowFloats
      if outputGradient.map != nil {
        rows.copy(outputGradient, image: n, rows: source, into: copy, context)
        a = UnsafePointer(copy)
      }
      for y in first..<end {
        let row = inputGradient + (n * s.inputHeight + y) * s.inputWidth * s.inputChannels
        let reached = reaching(y..<y + 1)
        if reached.isEmpty {
          row.update(repeating: 0, count: s.inputWidth * s.inputChannels)
          continue
        }
        let tap = y + s.padTop - reached.lowerBound * s.strideHeight
        for panel in stride(from: 0, to: panels, by: kernels.nr) {
          multiplyInPlace(
            InPlaceTile(
              rows: s.outputWidth, columnPanels: min(kernels.nr, panels - panel), runs: reached.count,
              depth: s.outputChannels,
              a: RowsInPlace(
                first: a + (reached.lowerBound - source.lowerBound) * rows.rowFloats, rowStride: s.outputChannels,
                step: 1, runStride: rows.rowFloats),
              b: ColumnsInPlace(
                first: b + (panel * s.kernelHeight + imageTapPlace(tap)) * s.outputChannels * w, step: w,
                runStride: s.outputChannels * w, panelStride: s.kernelHeight * s.outputChannels * w),
              c: TileTarget(first: c + panel * cStride, rowStride: w, panelStride: cStride, stores: .overwrites)),
            kernels)
        }
        sums.update(repeating: 0, count: sumFloats)
        for panel in 0..<panels {
          kernels.overlapAdd(
            s.outputWidth, panel: c + panel * cStride, destination: sums + panel * w,
            step: s.strideWidth * s.inputChannels)
        }
        row.update(from: sums + s.padLeft * s.inputChannels, count: s.inputWidth * s.inputChannels)
      }
    }
  }

  /// Where the rows of a row of taps begin: the next row of the output gradient meets the row of taps `stride` above.
  private func imageTapPlace(_ tap: Int) -> Int {
    let phase = tap % shape.strideHeight
    // Those of lower phases come before, then those of its own that are below it.
    var place = 0
    for other in 0..<phase { place += ceilDivide(shape.kernelHeight - other, shape.strideHeight) }
    return place + (shape.kernelHeight - 1 - tap) / shape.strideHeight
  }

  /// The filter as B: panels of the columns (tap in the row, input channel), rows are (row of taps, output channel).
  private func imagePanels(_ filter: UnsafePointer<Float>) -> UnsafePointer<Float> {
    let (s, w) = (shape, context.width)
    let panels = ceilDivide(rowChannels, w)
    let tapFloats = s.outputChannels * w
    return packed(.backwardData(phase: 0), count: panels * s.kernelHeight * tapFloats, .filter) { packedPanels in
      for panel in 0..<panels {
        for p in 0..<s.kernelHeight {
          context.kernels.transposePanel(
            rows: s.outputChannels, lanes: min(w, rowChannels - panel * w),
            source: filter + (p * rowChannels + panel * w) * s.outputChannels, laneStride: s.outputChannels,
            destination: packedPanels + (panel * s.kernelHeight + imageTapPlace(p)) * tapFloats)
        }
      }
    }
  }
}
