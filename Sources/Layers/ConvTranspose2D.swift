import Kernels

/// The adjoint of a convolution, plus bias and activation: [n, h, w, inputChannels] -> [n, oh, ow, outputChannels], with oh
/// and ow as `Window.transposedSize` has them.
///
/// Has no kernels of its own: its forward pass is the convolution's `backwardData`, its data gradient `forward`, its filter
/// gradient `backwardFilter` with input and gradient in each other's place.
/// Parameters in PyTorch's layouts: weight (file [in, out, kh, kw]), and bias [out] where there is one.
public final class ConvTranspose2D: Layer {
  public let name: String
  /// Kernel, stride and padding of the convolution that this is the adjoint of.
  public let window: Window
  /// Rows and columns that the output has beyond the smallest that fits, as PyTorch's.
  public let outputPadding: Extent
  let inputChannels: Int
  let outputChannels: Int
  let core: ConvolutionCore

  /// - Parameters:
  ///   - padding: `same` is TensorFlow's: oh = h * stride. An explicit one is PyTorch's: so much is cut off the output.
  ///   - outputPadding: PyTorch's: rows and columns more at the end, fewer than the stride; not with `same`.
  ///   - kernel, stride, initializer, followedByBatchNorm: as of `Conv2D`.
  public init(
    _ name: String, inputChannels: Int, outputChannels: Int, kernel: Extent, stride: Extent = 1,
    padding: Padding = .same, outputPadding: Extent = 0, hasBias: Bool = true, activation: Activation = .identity,
    initializer: Initializer = .truncatedNormal(sigma: 0.02), followedByBatchNorm: Bool = false
  ) {
    self.name = name
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.outputPadding = outputPadding
    window = Window(kernel: kernel, stride: stride, padding: padding)
    core = ConvolutionCore(
      name,
      .filter(
        kernelHeight: kernel.height, kernelWidth: kernel.width, inputs: outputChannels, outputs: inputChannels),
      initializer, bias: hasBias ? .vector(outputChannels) : nil, activation: activation,
      biasVanishes: followedByBatchNorm, isTransposed: true)
  }

  /// Filter, in memory [kh, kw, out, in], in files [in, out, kh, kw].
  public var weight: Parameter { core.weight }
  /// One number per output channel, nil where there is none.
  public var bias: Parameter? { core.bias }
  public var parameters: [Parameter] { core.parameters }
  public var backwardReadsOutput: Bool { core.activation != .identity }
  /// True.
  public var readsMaps: Bool { true }

  /// The convolution of which this layer is the adjoint: from the output to the input.
  /// - Precondition: `outputShape` accepts the input.
  public func convShape(_ input: Shape) -> ConvShape {
    let output = requiredShape(input)
    return ConvShape(
      batch: input.n, height: output.h, width: output.w, inputChannels: outputChannels, outputChannels: inputChannels,
      window: window)
  }

  public func outputShape(_ input: Shape) throws(LayerError) -> Shape {
    try core.check(input, channels: inputChannels, name)
    let (stride, extra) = (window.stride, outputPadding)
    let largest = window.padding == .same ? Extent(0) : Extent(stride.height - 1, stride.width - 1)
    guard 0...largest.height ~= extra.height, 0...largest.width ~= extra.width else {
      throw LayerError(
        name,
        "an output padding of \(extra) for the input \(input); with the stride \(stride) and this padding it can be at"
          + " most \(largest)")
    }
    guard let size = window.transposedSize(positions: Extent(input.h, input.w), extra: extra) else {
      throw LayerError(
        name,
        "the padding leaves nothing of the input \(input) with a kernel of \(window.kernel) and the stride \(stride);"
          + " use less padding")
    }
    return Shape(n: input.n, h: size.height, w: size.width, c: outputChannels)
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
