import Kernels

/// The adjoint of a convolution, plus bias and activation: [n, h, w, inputChannels] -> [n, oh, ow, outputChannels], with oh
/// and ow as `Window.transposedSize` has them.
///
/// Has no kernels of its own: its forward pass is the convolution's `backwardData`, its data gradient `forward`, its filter
/// gradient `backwardFilter` with input and gradient in each other's place.
/// Parameters in PyTorch's layouts: weight (file [in, out, kh, kw]), and bias [out] where there is one.
public final class ConvTranspose2D: LinearLayer {
  /// Kernel, stride and padding of the convolution that it is the adjoint of.
  public let window: Window
  /// Rows and columns that the output has beyond the smallest that fits, as PyTorch's.
  public let outputPadding: Extent
  let inputChannels: Int
  let outputChannels: Int

  /// - Parameters:
  ///   - spec: with padding `same`, TensorFlow's, oh = h * stride; with an explicit one, PyTorch's, so much is cut off the
  ///     output. Spectral normalisation is for `Conv2D`.
  ///   - followedByBatchNorm: as of `Conv2D`.
  public init(
    _ name: String, inputChannels: Int, _ spec: ConvolutionSpec, activation: Activation = .identity,
    followedByBatchNorm: Bool = false
  ) {
    self.inputChannels = inputChannels
    outputChannels = spec.channels
    window = spec.window
    outputPadding = spec.outputPadding
    precondition(!spec.hasSpectralNorm, "\(name): spectral normalisation of a transposed convolution")
    let layout = ParameterLayout.filter(
      kernelHeight: window.kernel.height, kernelWidth: window.kernel.width, inputs: outputChannels,
      outputs: inputChannels)
    super.init(
      name,
      ConvolutionCore(
        name, weight: (layout, spec.weights), bias: spec.hasBias ? .vector(outputChannels) : nil,
        activation: activation, biasVanishes: followedByBatchNorm, isTransposed: true))
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

  /// The convolution of which this layer is the adjoint: from the output to the input.
  /// - Precondition: `outputShape` accepts the input.
  public override func convShape(_ input: Shape) -> ConvShape {
    let output = requiredShape(input)
    return ConvShape(
      batch: input.n, height: output.h, width: output.w, inputChannels: outputChannels, outputChannels: inputChannels,
      window: window)
  }

  public override func outputShape(_ input: Shape) throws(NetworkError) -> Shape {
    try core.check(input, channels: inputChannels, label)
    return try window.transposed(input, channels: outputChannels, outputPadding: outputPadding, layer: label)
  }
}
