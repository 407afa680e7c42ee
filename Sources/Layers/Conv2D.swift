import Kernels

/// Convolution, bias and activation: [n, h, w, inputChannels] -> [n, oh, ow, outputChannels], with oh and ow as
/// `Window.positions` has them.
///
/// Parameters in PyTorch's layouts: weight (file [out, in, kh, kw]), and bias [out] where there is one.
public final class Conv2D: LinearLayer {
  /// Kernel, stride and padding.
  public let window: Window
  let inputChannels: Int
  let outputChannels: Int

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
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    window = Window(kernel: kernel, stride: stride, padding: padding)
    super.init(
      name,
      .filter(
        kernelHeight: kernel.height, kernelWidth: kernel.width, inputs: inputChannels, outputs: outputChannels),
      initializer, bias: hasBias ? .vector(outputChannels) : nil, activation: activation,
      biasVanishes: followedByBatchNorm, spectralNorm: spectralNorm)
  }

  /// The convolution that runs for an input.
  /// - Precondition: `outputShape` accepts the input.
  public override func convShape(_ input: Shape) -> ConvShape {
    ConvShape(
      batch: input.n, height: input.h, width: input.w, inputChannels: inputChannels, outputChannels: outputChannels,
      window: window)
  }

  public override func outputShape(_ input: Shape) throws(NetworkError) -> Shape {
    try core.check(input, channels: inputChannels, label)
    return try window.convolved(input, channels: outputChannels, layer: label)
  }
}
