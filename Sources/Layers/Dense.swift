import Kernels

/// A fully connected layer between images: all elements of one to all elements of the other, plus bias and activation.
///
/// Parameters in PyTorch's layouts: weight (file [out, in], images flattened c, h, w), and bias [out] where there is one.
public final class Dense: Layer {
  public let name: String
  /// Of one input.
  public let inputs: Shape
  /// Of one output.
  public let outputs: Shape
  let core: ConvolutionCore

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
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    core = ConvolutionCore(
      name, .dense(inputs: inputs, outputs: outputs), initializer, bias: hasBias ? .picture(outputs) : nil,
      activation: activation, spectralNorm: spectralNorm)
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

  /// In files [outputs, inputs], pictures flattened as c, h, w.
  public var weight: Parameter { core.weight }
  /// One number per output, nil where there is none.
  public var bias: Parameter? { core.bias }
  /// What divides the weight by its largest singular value, nil where nothing does.
  public var spectralNorm: SpectralNorm? { core.spectralNorm }
  public var parameters: [Parameter] { core.parameters }
  public var backwardReadsOutput: Bool { core.activation != .identity }
  /// True.
  public var readsMaps: Bool { true }

  /// The 1x1 convolution that does the work: the batch is its row of pixels.
  public func convShape(_ input: Shape) -> ConvShape {
    .same(
      batch: 1, height: 1, width: input.n, inputChannels: inputs.elements, outputChannels: outputs.elements, kernel: 1,
      stride: 1)
  }

  public func outputShape(_ input: Shape) throws(LayerError) -> Shape {
    guard input.with(n: 1) == inputs else {
      throw LayerError(
        name,
        "an input \(input) where \(inputs.with(n: input.n)) is expected; give the layer these inputs, or it another layer"
          + " before")
    }
    return outputs.with(n: input.n)
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
