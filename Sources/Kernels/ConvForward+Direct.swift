extension DirectConvolution {
  /// output[pixel, o] = sum over (tap, c) of input[pixel + tap, c] filter[tap, c, o].
  func forward(
    input: UnsafePointer<Float>, filter: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>
  ) {
    let packed = packedForwardFilter(filter)
    gatheredProduct(TapGrid.forward(shape), source: input, filter: packed, target: output)
  }
}
