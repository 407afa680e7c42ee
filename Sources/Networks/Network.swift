import Kernels

/// A network as a value: the shape of its input and its layers, one after the other. All that trains, samples, measures or
/// saves a network follows from it.
///
/// A value is always a network: descriptions may come from anybody's files, so all sizes are checked when it is made.
public struct Network: Hashable, Sendable {
  /// Of one picture or vector (n is 1).
  public let input: Shape
  /// In the order in which they run.
  public let layers: [LayerSpec]
  /// What each layer puts out for one input.
  public let outputs: [Shape]

  /// More layers than anything that runs on a CPU in reasonable time.
  static let mostLayers = 256
  /// Sides and channels.
  static let sizes = 1...65536
  static let kernels = 1...16
  static let strides = 1...16
  /// Values of a layer's output: 1 GB for one picture.
  static let mostValues = 1 << 28
  /// Values of all parameters: 8 GB.
  static let mostParameters = Int(clamping: Int64(1) << 31)

  /// - Throws: `NetworkError` naming the first layer that cannot be, the shapes that do not fit, and what would do.
  public init(input: Shape, layers: [LayerSpec]) throws(NetworkError) {
    guard layers.count <= Network.mostLayers else {
      throw NetworkError("a network of \(layers.count) layers: at most \(Network.mostLayers) are possible")
    }
    guard !layers.isEmpty else { throw NetworkError("a network without layers: it needs at least one") }
    self.input = input
    self.layers = layers
    try Network.check("the input", input)
    var (outputs, names, parameters, last): ([Shape], Set<String>, Int, Shape) = ([], [], 0, input)
    for (index, layer) in layers.enumerated() {
      let label = Network.label(layer, index)
      if layer.hasParameters {
        try Network.check(name: layer.name, of: layer)
        guard names.insert(layer.name).inserted else {
          throw NetworkError("two layers are called '\(layer.name)': give each a name of its own")
        }
      }
      last = try layer.outputShape(last, label)
      outputs.append(last)
      for parameter in layer.parameters(input: index == 0 ? input : outputs[index - 1], output: last) {
        // A product of at most four checked sizes, which an Int of 32 bits may not hold.
        let count = parameter.layout.fileShape.reduce(Int64(1)) { $0 * Int64($1) }
        guard count <= Int64(Network.mostParameters - parameters) else {
          throw NetworkError(
            "\(label) with \(parameter.name) of shape \(parameter.layout.fileShape) brings the network to more than"
              + " \(Network.mostParameters) parameters: fewer channels or a smaller kernel would do")
        }
        parameters += Int(count)
      }
    }
    self.outputs = outputs
  }

  /// What comes out for one picture or vector.
  public var output: Shape { outputs[outputs.count - 1] }

  /// The shape that goes into a layer.
  public func input(of index: Int) -> Shape { index == 0 ? input : outputs[index - 1] }

  /// All parameters, in the order of the layers: the layout of a checkpoint.
  public var parameters: [ParameterSpec] {
    layers.indices.flatMap { layers[$0].parameters(input: input(of: $0), output: outputs[$0]) }
  }

  /// Learned values; statistics and singular vectors do not count.
  public var parameterCount: Int { parameters.reduce(0) { $0 + ($1.isTrained ? $1.layout.count : 0) } }

  /// What messages call a layer.
  static func label(_ layer: LayerSpec, _ index: Int) -> String {
    layer.name.isEmpty ? "layer \(index + 1) (\(layer.kind.rawValue))" : "layer '\(layer.name)'"
  }

  static func check(_ label: String, _ shape: Shape) throws(NetworkError) {
    guard shape.n == 1, [shape.h, shape.w, shape.c].allSatisfy(sizes.contains),
      Int64(shape.h) * Int64(shape.w) * Int64(shape.c) <= Int64(mostValues)
    else {
      throw NetworkError(
        "\(label) has the shape \(shape): sizes are to be at most \(sizes.upperBound) and values at most \(mostValues)")
    }
  }

  /// Names become names of tensors and go into messages.
  private static func check(name: String, of layer: LayerSpec) throws(NetworkError) {
    let isPlain = name.utf8.allSatisfy { byte in
      switch UInt8(byte) {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard (1...64).contains(name.utf8.count), isPlain else {
      throw NetworkError(
        "a layer of kind \(layer.kind.rawValue) needs a name of 1 to 64 letters, digits, dots, dashes and underscores")
    }
  }
}

extension LayerSpec {
  var hasParameters: Bool {
    if case .activation = operation { return false }
    return true
  }

  /// The output for one input of a checked shape.
  func outputShape(_ input: Shape, _ label: String) throws(NetworkError) -> Shape {
    func check(_ what: String, _ value: Int, _ range: ClosedRange<Int>) throws(NetworkError) {
      guard range.contains(value) else {
        throw NetworkError("\(label): \(what) is \(value), and is to be in \(range.lowerBound)...\(range.upperBound)")
      }
    }
    let output: Shape
    switch operation {
    case .dense(let dense):
      try check("height", dense.height, Network.sizes)
      try check("width", dense.width, Network.sizes)
      try check("channels", dense.channels, Network.sizes)
      output = Shape(n: 1, h: dense.height, w: dense.width, c: dense.channels)
    case .convolution(let spec), .transposedConvolution(let spec):
      try check("channels", spec.channels, Network.sizes)
      try check("kernel height", spec.kernelHeight, Network.kernels)
      try check("kernel width", spec.kernelWidth, Network.kernels)
      try check("stride", spec.stride, Network.strides)
      if case .each(let padding) = spec.padding {
        try check("padding", padding, 0...min(spec.kernelHeight, spec.kernelWidth) - 1)
      }
      try spec.weights.check("the weights", label)
      if case .convolution = operation {
        output = try spec.output(input, label)
      } else if spec.hasSpectralNorm {
        throw NetworkError("\(label): a transposed convolution has no spectral norm; leave it out")
      } else {
        output = try spec.transposedOutput(input, label)
      }
    case .batchNorm(let norm):
      guard norm.epsilon > 0, norm.epsilon <= 1 else {
        throw NetworkError("\(label): epsilon is \(norm.epsilon), and is to be above 0 and at most 1")
      }
      guard norm.momentum >= 0, norm.momentum < 1 else {
        throw NetworkError("\(label): momentum is \(norm.momentum), and is to be at least 0 and below 1")
      }
      try norm.gamma.check("gamma", label)
      output = input
    case .activation(let activation):
      if case .leakyReLU(let slope) = activation, !(slope >= 0 && slope <= 1) {
        throw NetworkError("\(label): slope is \(slope), and is to be in 0...1")
      }
      output = input
    }
    try Network.check(label, output)
    return output
  }

  /// - Precondition: the shapes are those of a network.
  func parameters(input: Shape, output: Shape) -> [ParameterSpec] {
    func spec(_ suffix: String, _ layout: ParameterLayout, isTrained: Bool = true) -> ParameterSpec {
      ParameterSpec(name: "\(name).\(suffix)", layout: layout, isTrained: isTrained)
    }
    func vectors(_ left: ParameterLayout, _ right: Shape) -> [ParameterSpec] {
      [spec("weight_u", left, isTrained: false), spec("weight_v", .picture(right), isTrained: false)]
    }
    switch operation {
    case .dense(let dense):
      return [spec("weight", .dense(inputs: input, outputs: output))]
        + (dense.hasBias ? [spec("bias", .picture(output))] : [])
        + (dense.hasSpectralNorm ? vectors(.picture(output), input) : [])
    case .convolution(let c), .transposedConvolution(let c):
      var (from, to) = (input.c, c.channels)
      if case .transposedConvolution = operation { swap(&from, &to) }
      return [
        spec(
          "weight", .filter(kernelHeight: c.kernelHeight, kernelWidth: c.kernelWidth, inputs: from, outputs: to))
      ] + (c.hasBias ? [spec("bias", .vector(c.channels))] : [])
        + (c.hasSpectralNorm
          ? vectors(.vector(to), Shape(n: 1, h: c.kernelHeight, w: c.kernelWidth, c: from)) : [])
    case .batchNorm:
      return ["weight", "bias", "running_mean", "running_var"].map {
        spec($0, .vector(input.c), isTrained: !$0.hasPrefix("running"))
      }
    case .activation: return []
    }
  }
}

extension Initializer {
  fileprivate func check(_ what: String, _ label: String) throws(NetworkError) {
    let numbers: [Double]
    switch self {
    case .constant(let value): numbers = [Double(value)]
    case .truncatedNormal(let sigma): numbers = [sigma]
    case .normal(let mean, let sigma): numbers = [mean, sigma]
    case .uniform(let limit): numbers = [limit]
    case .glorotUniform, .heNormal, .torchDefault: numbers = []
    }
    guard numbers.allSatisfy({ abs($0) <= 1000 }) else {
      throw NetworkError("\(label): \(what) can begin with numbers up to 1000")
    }
  }
}

extension ConvolutionSpec {
  /// The convolution from `input` to `output`, which for a transposed one are the layer's output and input.
  public func convShape(input: Shape, output: Shape) -> ConvShape {
    switch padding {
    case .same:
      let pads = [(input.h, kernelHeight), (input.w, kernelWidth)].map { size, kernel in
        let total = max(((size + stride - 1) / stride - 1) * stride + kernel - size, 0)
        return (total / 2, total - total / 2)
      }
      return convShape(input, output, top: pads[0].0, left: pads[1].0, bottom: pads[0].1, right: pads[1].1)
    case .each(let padding):
      return convShape(input, output, top: padding, left: padding, bottom: padding, right: padding)
    }
  }

  private func convShape(
    _ input: Shape, _ output: Shape, top: Int, left: Int, bottom: Int, right: Int
  ) -> ConvShape {
    ConvShape(
      batch: input.n, inputHeight: input.h, inputWidth: input.w, inputChannels: input.c, outputChannels: output.c,
      kernelHeight: kernelHeight, kernelWidth: kernelWidth, stride: stride, padTop: top, padLeft: left,
      padBottom: bottom, padRight: right)
  }

  fileprivate func output(_ input: Shape, _ label: String) throws(NetworkError) -> Shape {
    switch padding {
    case .same:
      return Shape(n: 1, h: (input.h + stride - 1) / stride, w: (input.w + stride - 1) / stride, c: channels)
    case .each(let padding):
      let (h, w) = (input.h + 2 * padding - kernelHeight, input.w + 2 * padding - kernelWidth)
      guard h >= 0, w >= 0 else {
        throw NetworkError(
          "\(label): a kernel of \(kernelHeight)x\(kernelWidth) is larger than its input of \(input.h)x\(input.w) with"
            + " padding \(padding); a smaller kernel, more padding or fewer strides before it would do")
      }
      return Shape(n: 1, h: h / stride + 1, w: w / stride + 1, c: channels)
    }
  }

  fileprivate func transposedOutput(_ input: Shape, _ label: String) throws(NetworkError) -> Shape {
    switch padding {
    case .same: return Shape(n: 1, h: input.h * stride, w: input.w * stride, c: channels)
    case .each(let padding):
      let h = (input.h - 1) * stride + kernelHeight - 2 * padding
      let w = (input.w - 1) * stride + kernelWidth - 2 * padding
      guard h > 0, w > 0 else {
        throw NetworkError(
          "\(label): padding \(padding) leaves nothing of \(input.h)x\(input.w) with a kernel of"
            + " \(kernelHeight)x\(kernelWidth); less padding would do")
      }
      return Shape(n: 1, h: h, w: w, c: channels)
    }
  }
}
