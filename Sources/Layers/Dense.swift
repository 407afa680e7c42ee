import Kernels

/// A fully connected layer between images: all elements of one to all elements of the other, plus bias and activation.
///
/// Parameters in PyTorch's layouts: weight (file [out, in], images flattened c, h, w), and bias [out] where there is one.
public final class Dense: LinearLayer {
  /// Of one image.
  public let inputs: Shape
  /// Of one output.
  public let outputs: Shape

  /// - Parameters:
  ///   - inputs, outputs: shape of one image (n is 1); h and w are 1 for plain vectors. An image that comes in need not be
  ///     flattened: that PyTorch's `Linear` behind a `Flatten` counts c, h, w is a matter of the file.
  ///   - initializer: of the weight; the bias begins as `Initializer.bias` says.
  ///   - spectralNorm: compute with the weight divided by its largest singular value; see `SpectralNorm`.
  public init(
    _ name: String, inputs: Shape, outputs: Shape, hasBias: Bool = true, activation: Activation = .identity,
    initializer: Initializer = .glorotUniform, spectralNorm: Bool = false
  ) {
    precondition(inputs.n == 1 && outputs.n == 1, "\(name): shapes of one image are expected")
    self.inputs = inputs
    self.outputs = outputs
    super.init(
      name,
      ConvolutionCore(
        name, weight: (.dense(inputs: inputs, outputs: outputs), initializer), bias: hasBias ? .picture(outputs) : nil,
        activation: activation, spectralNorm: spectralNorm))
  }

  /// Between plain vectors, [n, 1, 1, inputs] -> [n, 1, 1, outputs].
  public convenience init(
    _ name: String, inputs: Int, outputs: Int, hasBias: Bool = true, activation: Activation = .identity,
    initializer: Initializer = .glorotUniform, spectralNorm: Bool = false
  ) {
    self.init(
      name, inputs: Shape(n: 1, h: 1, w: 1, c: inputs), outputs: Shape(n: 1, h: 1, w: 1, c: outputs), hasBias: hasBias,
      activation: activation, initializer: initializer, spectralNorm: spectralNorm)
  }

  /// The 1x1 convolution that does the work.
  public override func convShape(_ input: Shape) -> ConvShape {
    .same(
      batch: input.n, height: 1, width: 1, inputChannels: inputs.elements, outputChannels: outputs.elements, kernel: 1,
      stride: 1)
  }

  public override func outputShape(_ input: Shape) throws(NetworkError) -> Shape {
    guard input.with(n: 1) == inputs else {
      throw NetworkError(
        label,
        "an input \(input) where \(inputs.with(n: input.n)) is expected; give the layer these inputs, or it another layer"
          + " before")
    }
    return try Limits.shape(label, input.n, outputs.h, outputs.w, outputs.c)
  }
}
