extension DirectConvolution {
  /// output[pixel, o] = sum over (tap, c) of input[pixel + tap, c] filter[tap, c, o].
  func forward(
    input: UnsafePointer<Float>, filter: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>
  ) {
    let (grid, source) = forwardGrid(input)
    gatheredProduct(grid, source: source, filter: packedForwardFilter(filter, grid), target: output)
  }
}
