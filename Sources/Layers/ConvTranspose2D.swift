import Kernels

/// The adjoint of a convolution with TensorFlow's SAME padding, plus bias and activation: [n, h, w, inputChannels] ->
/// [n, h * stride, w * stride, outputChannels].
///
/// Has no kernels of its own: its forward pass is the convolution's `backwardData`, its data gradient `forward`, its filter
/// gradient `backwardFilter` with input and gradient in each other's place.
/// Parameters: weight (file [in, out, k, k]), truncated normal with sigma 0.02, and bias [out], zero.
public final class ConvTranspose2D: Layer {
  public let name: String
  public let kernel: Int
  public let stride: Int
  let inputChannels: Int
  let outputChannels: Int
  let core: ConvolutionCore

  /// - Parameter followedByBatchNorm: see `Conv2D`.
  public init(
    _ name: String, inputChannels: Int, outputChannels: Int, kernel: Int, stride: Int,
    activation: Activation = .identity, followedByBatchNorm: Bool = false
  ) {
    self.name = name
    self.kernel = kernel
    self.stride = stride
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    core = ConvolutionCore(
      weight: Parameter(
        "\(name).weight",
        .filter(kernelHeight: kernel, kernelWidth: kernel, inputs: outputChannels, outputs: inputChannels),
        .truncatedNormal(sigma: 0.02)),
      bias: Parameter("\(name).bias", .vector(outputChannels), .constant(0)), activation: activation,
      biasVanishes: followedByBatchNorm, use: .once)
  }

  public var weight: Parameter { core.weight }
  public var bias: Parameter { core.bias }
  public var parameters: [Parameter] { [weight, bias] }
  public var placement: Placement { .separate }
  public var backwardReadsOutput: Bool { core.activation != .identity }

  /// The convolution of which this layer is the adjoint: from the output to the input.
  public func convShape(_ input: Shape) -> ConvShape {
    precondition(input.c == inputChannels, "\(name): input \(input) where \(inputChannels) channels are expected")
    return .same(
      batch: input.n, height: input.h * stride, width: input.w * stride, inputChannels: outputChannels,
      outputChannels: inputChannels, kernel: kernel, stride: stride)
  }

  public func outputShape(_ input: Shape) -> Shape {
    Shape(n: input.n, h: input.h * stride, w: input.w * stride, c: outputChannels)
  }

  public func forward(_ input: Tensor, into output: Tensor, mode: Mode, row: String, _ execution: Execution) {
    precondition(output.shape == outputShape(input.shape), "\(name): output \(output.shape)")
    execution.measure("\(row) fwd") {
      core.plan(convShape(input.shape), execution.context).backwardData(
        outputGradient: input.pointer, filter: weight.value.pointer, inputGradient: output.pointer)
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
          input: outputGradient.pointer, outputGradient: input.pointer, filterGradient: weight.gradient.pointer,
          accumulate: parameters == .accumulate)
      }
    }
    if let inputGradient {
      execution.measure("\(row) bwd-data") {
        convolution.forward(
          input: outputGradient.pointer, filter: weight.value.pointer, output: inputGradient.pointer)
      }
    }
  }
}
