import Kernels

/// What Conv2D, ConvTranspose2D and Dense share: a planned convolution, or its adjoint, with weight, bias and activation.
public class LinearLayer: Layer {
  public let name: String
  let core: ConvolutionCore

  init(_ name: String, _ core: ConvolutionCore) {
    self.name = name
    self.core = core
  }

  /// Learned; file layout as PyTorch's.
  public var weight: Parameter { core.weight }
  /// nil where there is none.
  public var bias: Parameter? { core.bias }
  /// What the weight is divided by; nil where it is used as it is.
  public var spectralNorm: SpectralNorm? { core.spectralNorm }
  public var parameters: [Parameter] { core.parameters }
  public var backwardReadsOutput: Bool { core.activation != .identity }
  /// True.
  public var readsMaps: Bool { true }

  /// The convolution that runs for an input, or of which the layer is the adjoint: from its output to its input.
  /// - Precondition: `outputShape` accepts the input.
  public func convShape(_ input: Shape) -> ConvShape { preconditionFailure("\(name) is none of the linear layers") }

  public func outputShape(_ input: Shape) throws(NetworkError) -> Shape {
    preconditionFailure("\(name) is none of the linear layers")
  }

  public func forward(_ input: Tensor, into output: Tensor, mode: Mode, row: String, _ execution: Execution) {
    checkForward(input, output)
    core.forward(convShape(input.shape), input, output, row, execution)
  }

  public func backward(
    input: Tensor, output: Tensor, outputGradient: Tensor, into inputGradient: Tensor?,
    parameters: ParameterGradients, row: String, _ execution: Execution
  ) {
    checkBackward(input, output, outputGradient, inputGradient)
    let pass = ConvolutionCore.BackwardPass(
      input: input, output: output, outputGradient: outputGradient, inputGradient: inputGradient,
      parameters: parameters, row: row)
    core.backward(convShape(input.shape), pass, execution)
  }
}
