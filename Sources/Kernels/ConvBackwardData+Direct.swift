extension DirectConvolution {
  /// One gathered product for each residue class of input pixels modulo the strides; together they write every pixel once.
  func backwardData(
    outputGradient: MappedTensor, filter: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>
  ) {
    if usesRowTaps {
      backwardDataByRowTaps(outputGradient: outputGradient, filter: filter, inputGradient: inputGradient)
      return
    }
    let outputGradient = context.mapped(outputGradient, count: shape.outputCount)
    for phase in 0..<shape.strideHeight * shape.strideWidth {
      let grid = TapGrid.backwardData(shape, phaseY: phase / shape.strideWidth, phaseX: phase % shape.strideWidth)
      if grid.pixels <= 0 || grid.height <= 0 { continue }
      gatheredProduct(
        grid, source: outputGradient, filter: filter, .backwardData(phase: phase), target: inputGradient)
    }
  }
}
