import Kernels

/// Convolution, bias and activation: [n, h, w, inputChannels] -> [n, oh, ow, outputChannels], with oh and ow as
/// `Window.positions` has them.
///
/// Parameters in PyTorch's layouts: weight (file [out, in, kh, kw]), and bias [out] where there is one.
public final class Conv2D: Layer {
  public let name: String
  /// Kernel, stride and padding.
  public let window: Window
  let inputChannels: Int
  let outputChannels: Int
  let core: ConvolutionCore

  /// - Parameters:
  ///   - kernel, stride: a number for both axes, or `Extent(height, width)`.
  ///   - initializer: of the weight; the bias begins as `Initializer.bias` says.
  ///   - followedByBatchNorm: the bias is kept in files but neither added nor learned, as the normalisation would take it
  ///     out again; give it to `BatchNorm(inputBias:)` so that running means include it.
  ///   - spectralNorm: compute with the weight divided by its largest singular value; see `SpectralNorm`.
  public init(
    _ name: String, inputChannels: Int, outputChannels: Int, kernel: Extent, stride: Extent = 1,
    padding: Padding = .same, hasBias: Bool = true, activation: Activation = .identity,
    initializer: Initializer = .truncatedNormal(sigma: 0.02), followedByBatchNorm: Bool = false,
    spectralNorm: Bool = false
  ) {
    self.name = name
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    window = Window(kernel: kernel, stride: stride, padding: padding)
    core = ConvolutionCore(
      name,
      .filter(
        kernelHeight: kernel.height, kernelWidth: kernel.width, inputs: inputChannels, outputs: outputChannels),
      initializer, bias: hasBias ? .vector(outputChannels) : nil, activation: activation,
      biasVanishes: followedByBatchNorm, spectralNorm: spectralNorm)
  }

  /// Filter, in memory [kh, kw, in, out], in files [out, in, kh, kw].
  public var weight: Parameter { core.weight }
  /// One number per output channel, nil where there is none.
  public var bias: Parameter? { core.bias }
  /// What divides the weight by its largest singular value, nil where nothing does.
  public var spectralNorm: SpectralNorm? { core.spectralNorm }
  public var parameters: [Parameter] { core.parameters }
  public var backwardReadsOutput: Bool { core.activation != .identity }
  /// True.
  public var readsMaps: Bool { true }

  /// The convolution that runs for an input.
  /// - Precondition: `outputShape` accepts the input.
  public func convShape(_ input: Shape) -> ConvShape {
    ConvShape(
      batch: input.n, height: input.h, width: input.w, inputChannels: inputChannels, outputChannels: outputChannels,
      window: window)
  }

  public func outputShape(_ input: Shape) throws(LayerError) -> Shape {
    try core.check(input, channels: inputChannels, name)
    guard let positions = window.positions(height: input.h, width: input.w) else {
      let pads = window.pads(height: input.h, width: input.w)
      throw LayerError(
        name,
        "the kernel of \(window.kernel) is larger than the input \(input), which is"
          + " \(input.h + pads.vertical)x\(input.w + pads.horizontal) with its padding; use a smaller kernel, more padding,"
          + " or fewer steps of stride 2 before")
    }
    return Shape(n: input.n, h: positions.height, w: positions.width, c: outputChannels)
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
    core.backward(
      convShape(input.shape), input, output, outputGradient, inputGradient, parameters, row, execution)
  }
}
