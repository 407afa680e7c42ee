import Kernels

/// x where x > 0, otherwise slope * x, as a layer of its own; linear layers and BatchNorm have it built in.
public final class LeakyReLU: ActivationLayer {
  public init(_ name: String, slope: Float = 0.2) { super.init(name, .leakyReLU(slope: slope)) }
}

/// The hyperbolic tangent as a layer of its own; linear layers have it built in.
public final class Tanh: ActivationLayer {
  public init(_ name: String) { super.init(name, .tanh) }
}

/// A layer without parameters that works element by element.
public class ActivationLayer: Layer {
  public let name: String
  let activation: Activation

  init(_ name: String, _ activation: Activation) {
    self.name = name
    self.activation = activation
  }

  public var parameters: [Parameter] { [] }
  public var placement: Placement { .inPlace }
  public var backwardReadsOutput: Bool { true }
  public func outputShape(_ input: Shape) -> Shape { input }

  public func forward(_ input: Tensor, into output: Tensor, mode: Mode, row: String, _ execution: Execution) {
    execution.measure("\(row) fwd") {
      if output.pointer != input.pointer { output.copy(from: input) }
      execution.context.applyBias(
        nil, activation, to: output.pointer, rows: output.shape.rows, channels: output.shape.c)
    }
  }

  public func backward(
    input: Tensor, output: Tensor, outputGradient: Tensor, into inputGradient: Tensor?,
    parameters: ParameterGradients, row: String, _ execution: Execution
  ) {
    guard let inputGradient else { return }
    execution.measure("\(row) bwd") {
      if inputGradient.pointer != outputGradient.pointer { inputGradient.copy(from: outputGradient) }
      execution.context.applyBiasBackward(
        activation, gradient: inputGradient.pointer, output: output.pointer, rows: output.shape.rows,
        channels: output.shape.c, biasGradient: nil, accumulate: false)
    }
  }
}
