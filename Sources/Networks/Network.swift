import Kernels

/// A network as a value: the shape of its input and its layers, one after the other. All that trains, samples, measures or
/// saves a network follows from it.
///
/// A value is always a network: descriptions may come from anybody's files, so all sizes are checked when it is made.
public struct Network: Hashable, Sendable {
  /// Of one image or vector (n is 1).
  public let input: Shape
  /// In the order in which they run.
  public let layers: [LayerSpec]
  /// What each layer puts out for one input.
  public let outputs: [Shape]

  /// - Throws: `NetworkError` naming the first layer that cannot be, the shapes that do not fit, and what would do.
  public init(input: Shape, layers: [LayerSpec]) throws(NetworkError) {
    guard !layers.isEmpty else { throw NetworkError("a network without layers: it needs at least one") }
    guard Network.count(layers, depth: 1) <= Limits.mostLayers else {
      throw NetworkError(
        "a network of more than \(Limits.mostLayers) layers, or of more than \(Limits.mostDepth) within each other")
    }
    try Network.checkNames(layers)
    self.input = try Limits.shape("the input", 1, input.h, input.w, input.c)
    self.layers = layers
    var outputs: [Shape] = []
    var parameters = 0
    for (index, layer) in layers.enumerated() {
      let last = outputs.last ?? input
      outputs.append(try layer.output(last, index, ""))
      for parameter in layer.parameters(input: last) {
        guard let count = parameter.layout.checkedCount, count <= Limits.mostParameters - parameters else {
          throw NetworkError(
            layer.label(index, ""),
            "with \(parameter.name) of shape \(parameter.layout.fileShape) the network has more than"
              + " \(Limits.mostParameters) parameters; use fewer channels or a smaller kernel")
        }
        parameters += count
      }
    }
    self.outputs = outputs
  }

  /// What comes out for one image or vector.
  public var output: Shape { outputs[outputs.count - 1] }

  /// The shape that goes into a layer.
  public func input(of index: Int) -> Shape { index == 0 ? input : outputs[index - 1] }

  /// All parameters, in the order of the layers: the layout of a checkpoint.
  public var parameters: [ParameterSpec] { layers.indices.flatMap { layers[$0].parameters(input: input(of: $0)) } }

  /// Learned values; statistics and singular vectors do not count.
  public var parameterCount: Int { parameters.reduce(0) { $0 + ($1.isTrained ? $1.layout.count : 0) } }

  /// Layers in all; more than there may be where they are nested too deep to count.
  private static func count(_ layers: [LayerSpec], depth: Int) -> Int {
    if depth > Limits.mostDepth { return Limits.mostLayers + 1 }
    return layers.reduce(0) { min($0 + 1 + count($1.children, depth: depth + 1), Limits.mostLayers + 1) }
  }

  /// Names become names of tensors and go into messages.
  private static func checkNames(_ layers: [LayerSpec]) throws(NetworkError) {
    var names: Set<String> = []
    func check(_ layer: LayerSpec, _ path: String) throws(NetworkError) {
      if layer.hasParameters {
        guard layer.hasPlainName else {
          throw NetworkError(
            "a layer of kind \(layer.kind.rawValue) needs a name of 1 to 64 letters, digits, dots, dashes and underscores"
          )
        }
        guard names.insert(layer.fullName(path)).inserted else {
          throw NetworkError("two layers are called '\(layer.fullName(path))': give each a name of its own")
        }
      }
      for child in layer.children { try check(child, layer.fullName(path)) }
    }
    for layer in layers { try check(layer, "") }
  }
}

extension LayerSpec {
  var hasParameters: Bool {
    switch operation {
    case .dense, .convolution, .transposedConvolution, .batchNorm: true
    case .sequential, .residual, .concatenate: children.contains { $0.hasParameters }
    case .activation, .gatedUnit, .dropout, .pooling, .upsample, .reshape: false
    }
  }

  fileprivate var hasPlainName: Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  /// The output of a layer of a network.
  func output(_ input: Shape) -> Shape { try! output(input, 0, "") }

  /// - Precondition: the layer has been checked with such an input.
  func parameters(input: Shape) -> [ParameterSpec] {
    func spec(_ suffix: String, _ layout: ParameterLayout, isTrained: Bool = true) -> ParameterSpec {
      ParameterSpec(name: "\(name).\(suffix)", layout: layout, isTrained: isTrained)
    }
    func vectors(_ left: ParameterLayout, _ right: Shape) -> [ParameterSpec] {
      [spec("weight_u", left, isTrained: false), spec("weight_v", .picture(right), isTrained: false)]
    }
    switch operation {
    case .dense(let dense):
      let output = output(input)
      return [spec("weight", .dense(inputs: input, outputs: output))]
        + (dense.hasBias ? [spec("bias", .picture(output))] : [])
        + (dense.hasSpectralNorm ? vectors(.picture(output), input) : [])
    case .convolution(let c), .transposedConvolution(let c):
      var (from, to) = (input.c, c.channels)
      if case .transposedConvolution = operation { swap(&from, &to) }
      let kernel = c.window.kernel
      return [
        spec("weight", .filter(kernelHeight: kernel.height, kernelWidth: kernel.width, inputs: from, outputs: to))
      ] + (c.hasBias ? [spec("bias", .vector(c.channels))] : [])
        + (c.hasSpectralNorm ? vectors(.vector(to), Shape(n: 1, h: kernel.height, w: kernel.width, c: from)) : [])
    case .batchNorm:
      return ["weight", "bias", "running_mean", "running_var"].map {
        spec($0, .vector(input.c), isTrained: !$0.hasPrefix("running"))
      }
    case .sequential, .residual, .concatenate:
      var shape = input
      return children.flatMap { child in
        let found = child.parameters(input: shape)
        if case .sequential = operation { shape = child.output(shape) }
        return found.map { parameter in
          var parameter = parameter
          parameter.name = "\(name).\(parameter.name)"
          return parameter
        }
      }
    case .activation, .gatedUnit, .dropout, .pooling, .upsample, .reshape: return []
    }
  }
}
