import Kernels

/// A fully connected layer between pictures: all elements of one to all elements of the other, plus bias and activation.
///
/// Parameters: weight (file [out, in], pictures flattened c, h, w), Glorot uniform, and bias [out], zero.
public final class Dense: Layer {
  public let name: String
  public let inputs: Shape
  public let outputs: Shape
  let core: ConvolutionCore

  /// - Parameters:
  ///   - inputs, outputs: shape of one picture (n is 1); h and w are 1 for plain vectors.
  ///   - spectralNorm: compute with the weight divided by its largest singular value; see `SpectralNorm`.
  public init(
    _ name: String, inputs: Shape, outputs: Shape, activation: Activation = .identity, spectralNorm: Bool = false
  ) {
    precondition(inputs.n == 1 && outputs.n == 1, "\(name): shapes of one picture are expected")
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    core = ConvolutionCore(
      weight: Parameter(
        "\(name).weight", .dense(inputs: inputs, outputs: outputs),
        .glorotUniform(inputs: inputs.elements, outputs: outputs.elements)),
      bias: Parameter("\(name).bias", .picture(outputs), .constant(0)), activation: activation,
      spectralNorm: spectralNorm)
  }

  public var weight: Parameter { core.weight }
  public var bias: Parameter { core.bias }
  public var spectralNorm: SpectralNorm? { core.spectralNorm }
  public var parameters: [Parameter] { core.parameters }
  public var placement: Placement { .separate }
  public var backwardReadsOutput: Bool { core.activation != .identity }

  /// The 1x1 convolution that does the work: the batch is its row of pixels.
  public func convShape(_ input: Shape) -> ConvShape {
    precondition(input.with(n: 1) == inputs, "\(name): input \(input) where \(inputs) is expected")
    return .same(
      batch: 1, height: 1, width: input.n, inputChannels: inputs.elements, outputChannels: outputs.elements, kernel: 1,
      stride: 1)
  }

  public func outputShape(_ input: Shape) -> Shape {
    precondition(input.with(n: 1) == inputs, "\(name): input \(input) where \(inputs) is expected")
    return outputs.with(n: input.n)
  }

  public func forward(_ input: Tensor, into output: Tensor, mode: Mode, row: String, _ execution: Execution) {
    precondition(output.shape == outputShape(input.shape), "\(name): output \(output.shape)")
    execution.measure("\(row) fwd") {
      core.plan(convShape(input.shape), execution.context).forward(
        input: input.pointer, filter: core.filter.value.pointer, output: output.pointer)
      core.finish(output, execution.context)
    }
  }

  public func backward(
    input: Tensor, output: Tensor, outputGradient: Tensor, into inputGradient: Tensor?,
    parameters: ParameterGradients, row: String, _ execution: Execution
  ) {
    precondition(outputGradient.shape == output.shape, "\(name): gradient \(outputGradient.shape)")
    precondition(inputGradient == nil || inputGradient!.shape == input.shape, "\(name): input gradient")
    let convolution = core.plan(convShape(input.shape), execution.context)
    execution.measure("\(row) bwd-bias") {
      core.start(outputGradient, output: output, parameters, execution.context)
    }
    if parameters != .none {
      execution.measure("\(row) bwd-filter") {
        convolution.backwardFilter(
          input: input.pointer, outputGradient: outputGradient.pointer, filterGradient: core.filter.gradient.pointer,
          accumulate: parameters == .accumulate)
      }
    }
    if let inputGradient {
      execution.measure("\(row) bwd-data") {
        convolution.backwardData(
          outputGradient: outputGradient.pointer, filter: core.filter.value.pointer,
          inputGradient: inputGradient.pointer)
      }
    }
  }
}
