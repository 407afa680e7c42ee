import Kernels

/// Convolution with TensorFlow's SAME padding, bias and activation: [n, h, w, inputChannels] ->
/// [n, ceil(h / stride), ceil(w / stride), outputChannels].
///
/// Parameters: weight (file [out, in, k, k]), truncated normal with sigma 0.02, and bias [out], zero.
public final class Conv2D: Layer {
  public let name: String
  public let kernel: Int
  public let stride: Int
  let inputChannels: Int
  let outputChannels: Int
  let core: ConvolutionCore

  /// - Parameters:
  ///   - followedByBatchNorm: the bias is kept in files but neither added nor learned, as the normalisation would take it
  ///     out again; give it to `BatchNorm(inputBias:)` so that running means include it.
  ///   - spectralNorm: compute with the weight divided by its largest singular value; see `SpectralNorm`.
  public init(
    _ name: String, inputChannels: Int, outputChannels: Int, kernel: Int, stride: Int,
    activation: Activation = .identity, followedByBatchNorm: Bool = false, spectralNorm: Bool = false
  ) {
    self.name = name
    self.kernel = kernel
    self.stride = stride
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    core = ConvolutionCore(
      weight: Parameter(
        "\(name).weight",
        .filter(kernelHeight: kernel, kernelWidth: kernel, inputs: inputChannels, outputs: outputChannels),
        .truncatedNormal(sigma: 0.02)),
      bias: Parameter("\(name).bias", .vector(outputChannels), .constant(0)), activation: activation,
      biasVanishes: followedByBatchNorm, spectralNorm: spectralNorm)
  }

  public var weight: Parameter { core.weight }
  public var bias: Parameter { core.bias }
  public var spectralNorm: SpectralNorm? { core.spectralNorm }
  public var parameters: [Parameter] { core.parameters }
  public var placement: Placement { .separate }
  public var backwardReadsOutput: Bool { core.activation != .identity }

  /// The convolution that runs for an input.
  public func convShape(_ input: Shape) -> ConvShape {
    precondition(input.c == inputChannels, "\(name): input \(input) where \(inputChannels) channels are expected")
    return .same(
      batch: input.n, height: input.h, width: input.w, inputChannels: inputChannels, outputChannels: outputChannels,
      kernel: kernel, stride: stride)
  }

  public func outputShape(_ input: Shape) -> Shape {
    let shape = convShape(input)
    return Shape(n: input.n, h: shape.outputHeight, w: shape.outputWidth, c: outputChannels)
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
