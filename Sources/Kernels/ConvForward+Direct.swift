extension DirectConvolution {
  /// output[pixel, o] = sum over (tap, c) of input[pixel + tap, c] filter[tap, c, o].
  func forward(
    input: MappedTensor, filter: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>
  ) {
    if goesByRows {
      return rowProducts([(TapGrid.forward(shape), .forward)], source: input, filter: filter, target: output)
    }
    let input = context.mapped(input, count: shape.inputCount)
    if isMatrixVector {
      context.multiply(
        input, rows: shape.inputCount / shape.inputChannels, columns: shape.inputChannels, by: filter, into: output)
      return
    }
    gatheredProduct(TapGrid.forward(shape), source: input, filter: filter, .forward, target: output)
  }

  /// Every pixel by itself to one number, as a dense layer with one output does. As a product of two matrices that would be
  /// a single panel of columns, most of it empty, and a few rows: one task.
  private var isMatrixVector: Bool {
    shape.kernelHeight == 1 && shape.kernelWidth == 1 && shape.strideHeight == 1 && shape.strideWidth == 1
      && shape.outputChannels == 1
      && shape.inputCount == shape.outputCount * shape.inputChannels
  }
}
