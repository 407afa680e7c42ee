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
  ///   - spec: kernel, stride, padding, bias, and how the weight begins; the bias begins as `Initializer.bias` says.
  ///   - followedByBatchNorm: the bias is kept in files but neither added nor learned, as the normalisation would take it
  ///     out again; give it to `BatchNorm(inputBias:)` so that running means include it.
  public init(
    _ name: String, inputChannels: Int, _ spec: ConvolutionSpec, activation: Activation = .identity,
    followedByBatchNorm: Bool = false
  ) {
    self.inputChannels = inputChannels
    outputChannels = spec.channels
    window = spec.window
    let layout = ParameterLayout.filter(
      kernelHeight: window.kernel.height, kernelWidth: window.kernel.width, inputs: inputChannels,
      outputs: outputChannels)
    super.init(
      name,
      ConvolutionCore(
        name, weight: (layout, spec.weights), bias: spec.hasBias ? .vector(outputChannels) : nil,
        activation: activation, biasVanishes: followedByBatchNorm, spectralNorm: spec.hasSpectralNorm))
  }

  /// With a bias and the usual weights of a `ConvolutionSpec`.
  /// - Parameters:
  ///   - kernel, stride: a number for both axes, or `Extent(height, width)`.
  public convenience init(
    _ name: String, inputChannels: Int, outputChannels: Int, kernel: Extent, stride: Extent = 1,
    padding: Padding = .same, activation: Activation = .identity
  ) {
    self.init(
      name, inputChannels: inputChannels,
      ConvolutionSpec(channels: outputChannels, kernel: kernel, stride: stride, padding: padding),
      activation: activation)
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
