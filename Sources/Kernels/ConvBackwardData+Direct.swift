extension DirectConvolution {
  /// One gathered product for each residue class of input pixels modulo the strides; together they write every pixel once.
  func backwardData(
    outputGradient: MappedTensor, filter: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>
  ) {
    if DirectConvolution.isImage(shape) {
      return backwardImage(outputGradient: outputGradient, filter: filter, inputGradient: inputGradient)
    }
    let grids = (0..<shape.strideHeight * shape.strideWidth).map { phase in
      (
        grid: TapGrid.backwardData(shape, phaseY: phase / shape.strideWidth, phaseX: phase % shape.strideWidth),
        form: PackedFilter.Form.backwardData(phase: phase)
      )
    }.filter { $0.grid.width > 0 && $0.grid.height > 0 }
    if goesByRows {
      return rowProducts(grids, source: outputGradient, filter: filter, target: inputGradient)
    }
    let outputGradient = context.mapped(outputGradient, count: shape.outputCount)
    for (grid, form) in grids {
      gatheredProduct(grid, source: outputGradient, filter: filter, form, target: inputGradient)
    }
  }
}
