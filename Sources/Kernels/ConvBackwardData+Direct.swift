extension DirectConvolution {
  /// One gathered product for each residue class of input pixels modulo the stride; together they write every pixel once.
  func backwardData(
    outputGradient: UnsafePointer<Float>, filter: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>
  ) {
    if usesRowTaps {
      backwardDataByRowTaps(outputGradient: outputGradient, filter: filter, inputGradient: inputGradient)
      return
    }
    let stride = shape.stride
    for phase in 0..<(stride * stride) {
      let grid = TapGrid.backwardData(shape, phaseY: phase / stride, phaseX: phase % stride)
      if grid.pixels <= 0 || grid.height <= 0 { continue }
      let packed = packedBackwardFilter(filter, grid, phase: phase)
      gatheredProduct(grid, source: outputGradient, filter: packed, target: inputGradient)
    }
  }
}
