import Kernels

/// A layer without parameters: what a pass is, but for checks and rows. One that works in place finds its output's gradient
/// where it is to put its input's.
protocol PlainLayer: Layer {
  func apply(_ input: Tensor, into output: Tensor, mode: Mode, _ execution: Execution)
  func applyBackward(
    _ outputGradient: Tensor, input: Tensor, output: Tensor, into inputGradient: Tensor, _ execution: Execution)
}

extension PlainLayer {
  public func forward(_ input: Tensor, into output: Tensor, mode: Mode, row: String, _ execution: Execution) {
    checkForward(input, output)
    execution.measure("\(row) fwd") {
      apply(input, into: output, mode: mode, execution)
    }
  }

  public func backward(
    input: Tensor, output: Tensor, outputGradient: Tensor, into inputGradient: Tensor?,
    parameters: ParameterGradients, row: String, _ execution: Execution
  ) {
    checkBackward(input, output, outputGradient, inputGradient)
    guard let inputGradient else { return }
    execution.measure("\(row) bwd") {
      if worksInPlace { inputGradient.copy(from: outputGradient) }
      applyBackward(outputGradient, input: input, output: output, into: inputGradient, execution)
    }
  }
}
