import Generation
import Layers
import Networks
import Storage

/// How a generator is written as an ONNX model.
public struct ONNXOptions: Sendable {
  /// Pictures of every run, nil for any number.
  public var batch: Int?
  /// Bytes [n, height, width, 3] as the output in place of floats [n, 3, height, width] in -1...1.
  public var bytes = false
  /// Weights in 16 bits, widened as the model is loaded: half the file, and the arithmetic stays in 32.
  public var half = false
  /// Batch normalisation as nodes of its own, in place of folding it into the convolution before it.
  public var keepsBatchNorm = false

  public init() {}
}

/// Writes a generator as an ONNX model of opset 17: z [n, zDimension] -> image.
///
/// A transposed convolution with TensorFlow's SAME padding is one without padding and a Slice behind it: readers differ in
/// what they make of auto_pad and of pads that are not the same on both sides.
struct ONNXExport {
  static let opset = 17
  /// What one message of protocol buffers may hold.
  static let mostBytes = Int(Int32.max) - (1 << 20)

  private let tensors: GeneratorTensors
  private let options: ONNXOptions
  private var graph = ONNXGraph(name: "catgan_generator")
  private var constants: Set<String> = []

  private init(_ tensors: GeneratorTensors, _ options: ONNXOptions) {
    self.tensors = tensors
    self.options = options
  }

  /// - Throws: `StorageError` or `CheckpointError` naming the checkpoint, the layer and what is wrong.
  static func model(
    _ tensors: GeneratorTensors, _ options: ONNXOptions, metadata: [(String, String)], version: String
  ) throws -> [UInt8] {
    let parameters = tensors.generator.parameters.reduce(0) { $0 + $1.layout.count }
    guard parameters * (options.half ? 2 : 4) <= mostBytes else {
      throw StorageError(
        "\(quoted(tensors.file.path)): its \(parameters) parameters do not fit into one ONNX file, which ends at 2 GB;"
          + " \(options.half ? "export a narrower generator" : "add --half")")
    }
    var export = ONNXExport(tensors, options)
    try export.build()
    return export.graph.model(producer: "CatGAN", version: version, opset: opset, metadata: metadata)
  }

  private var batch: ONNXGraph.Dimension { options.batch.map { .size($0) } ?? .named("N") }

  private mutating func build() throws {
    let network = tensors.generator
    graph.input("z", .float32, [batch, .size(network.input.c)])
    var value = "z"
    // Pictures are [n, c, h, w] and vectors [n, c]; a picture of 1x1 may be either.
    var isVector = true
    var index = 0
    while index < network.layers.count {
      let layer = network.layers[index]
      let (input, output) = (network.input(of: index), network.outputs[index])
      index += 1
      switch layer.operation {
      case .dense(let spec):
        if !isVector { value = graph.node("Flatten", [value], [("axis", .int(1))]) }
        let weight = try weight("\(layer.name).weight", [output.elements, input.elements])
        var inputs = [value, weight]
        if spec.hasBias { inputs.append(try self.weight("\(layer.name).bias", [output.elements])) }
        value = graph.node("Gemm", inputs, [("transB", .int(1))])
        isVector = output.h == 1 && output.w == 1
        if !isVector { value = reshape(value, [output.c, output.h, output.w]) }
      case .convolution(let spec), .transposedConvolution(let spec):
        if isVector { value = reshape(value, [input.c, input.h, input.w]) }
        isVector = false
        var norm: LayerSpec?
        if !options.keepsBatchNorm, index < network.layers.count,
          case .batchNorm = network.layers[index].operation
        {
          norm = network.layers[index]
          index += 1
        }
        value = try convolution(layer, spec, norm, value, input: input, output: output)
      case .batchNorm(let spec):
        let names = ["weight", "bias", "running_mean", "running_var"].map { "\(layer.name).\($0)" }
        let inputs = try names.map { try weight($0, [output.c]) }
        value = graph.node("BatchNormalization", [value] + inputs, [("epsilon", .float(Float(spec.epsilon)))])
      case .activation(let activation): value = self.activation(activation, value)
      }
    }
    if isVector { value = reshape(value, [network.output.c, network.output.h, network.output.w]) }
    finish(value, network.output)
  }

  private mutating func activation(_ activation: Activation, _ value: String) -> String {
    switch activation {
    case .identity: value
    case .leakyReLU(let slope): graph.node("LeakyRelu", [value], [("alpha", .float(slope))])
    case .tanh: graph.node("Tanh", [value])
    case .sigmoid: graph.node("Sigmoid", [value])
    }
  }

  private mutating func convolution(
    _ layer: LayerSpec, _ spec: ConvolutionSpec, _ norm: LayerSpec?, _ value: String, input: Shape, output: Shape
  ) throws -> String {
    let transposed = if case .transposedConvolution = layer.operation { true } else { false }
    var filter = try tensors.values("\(layer.name).weight")
    var bias = spec.hasBias ? try tensors.values("\(layer.name).bias").map(Double.init) : nil
    if let norm, case .batchNorm(let normSpec) = norm.operation {
      // y = gamma (x + b - mean) / sqrt(variance + epsilon) + beta, in Double and rounded once.
      let gamma = try tensors.values("\(norm.name).weight")
      let beta = try tensors.values("\(norm.name).bias")
      let mean = try tensors.values("\(norm.name).running_mean")
      let variance = try tensors.values("\(norm.name).running_var")
      let scale = zip(gamma, variance).map { Double($0) / (Double($1) + normSpec.epsilon).squareRoot() }
      bias = (0..<output.c).map { ((bias?[$0] ?? 0) - Double(mean[$0])) * scale[$0] + Double(beta[$0]) }
      // The file's filter is [channels, c, kh, kw], transposed [c, channels, kh, kw].
      let run = spec.kernelHeight * spec.kernelWidth * (transposed ? 1 : input.c)
      for i in filter.indices { filter[i] = Float(Double(filter[i]) * scale[i / run % output.c]) }
    }
    let channels = transposed ? [input.c, output.c] : [output.c, input.c]
    var inputs = [
      value, try constant("\(layer.name).weight", channels + [spec.kernelHeight, spec.kernelWidth], filter),
    ]
    if let bias { inputs.append(try constant("\(layer.name).bias", [output.c], bias.map { Float($0) })) }
    var attributes: [(String, ONNXGraph.Attribute)] = [
      ("kernel_shape", .ints([spec.kernelHeight, spec.kernelWidth])), ("strides", .ints([spec.stride, spec.stride])),
    ]
    // The convolution whose adjoint a transposed one is goes the other way.
    let shape = spec.convShape(input: transposed ? output : input, output: transposed ? input : output)
    let pads = [shape.padTop, shape.padLeft, shape.padBottom, shape.padRight]
    guard transposed else {
      if pads.contains(where: { $0 > 0 }) { attributes.append(("pads", .ints(pads))) }
      return graph.node("Conv", inputs, attributes)
    }
    if case .each = spec.padding {
      if pads.contains(where: { $0 > 0 }) { attributes.append(("pads", .ints(pads))) }
      return graph.node("ConvTranspose", inputs, attributes)
    }
    // What a kernel smaller than its stride does not reach.
    let missing = [spec.kernelHeight, spec.kernelWidth].map { max(spec.stride - $0, 0) }
    if missing != [0, 0] { attributes.append(("output_padding", .ints(missing))) }
    let full = graph.node("ConvTranspose", inputs, attributes)
    if pads.allSatisfy({ $0 == 0 }) { return full }
    return graph.node(
      "Slice",
      [
        full, numbers([shape.padTop, shape.padLeft]),
        numbers([shape.padTop + output.h, shape.padLeft + output.w]), numbers([2, 3]),
      ])
  }

  private mutating func finish(_ value: String, _ shape: Shape) {
    if !options.bytes {
      _ = graph.node("Identity", [value], output: "image")
      graph.output("image", .float32, [batch, .size(shape.c), .size(shape.h), .size(shape.w)])
      return
    }
    // 127.5 (x + 1), to the nearest level.
    for (name, number) in [("one", Float(1)), ("half_range", 127.5), ("black", 0), ("white", 255)] {
      graph.constant(
        name, .float32, shape: [], content: withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) })
    }
    let shifted = graph.node("Add", [value, "one"])
    let levels = graph.node("Mul", [shifted, "half_range"])
    let rounded = graph.node("Round", [graph.node("Clip", [levels, "black", "white"])])
    let bytes = graph.node("Cast", [rounded], [("to", .int(ONNXGraph.ElementType.uint8.rawValue))])
    _ = graph.node("Transpose", [bytes], [("perm", .ints([0, 2, 3, 1]))], output: "image")
    graph.output("image", .uint8, [batch, .size(shape.h), .size(shape.w), .size(shape.c)])
  }

  private mutating func reshape(_ value: String, _ sizes: [Int]) -> String {
    graph.node("Reshape", [value, numbers([options.batch ?? -1] + sizes)])
  }

  /// The name of a constant vector of whole numbers, each of which is kept once.
  private mutating func numbers(_ values: [Int]) -> String {
    let name = "int_" + values.map { $0 < 0 ? "any" : "\($0)" }.joined(separator: "_")
    if constants.insert(name).inserted { graph.constant(name, values) }
    return name
  }

  private mutating func weight(_ name: String, _ shape: [Int]) throws -> String {
    try constant(name, shape, try tensors.values(name))
  }

  /// The name of a value that is the given weights in 32 bits.
  private mutating func constant(_ name: String, _ shape: [Int], _ values: [Float]) throws -> String {
    guard options.half else {
      graph.constant(name, .float32, shape: shape, content: values.withUnsafeBytes { Array($0) })
      return name
    }
    let halves = values.map { FloatConversion.narrowToHalf($0) }
    if let place = halves.firstIndex(where: { $0 & 0x7fff >= 0x7c00 }) {
      throw StorageError(
        "\(quoted(tensors.file.path)): \(name) holds \(values[place]), too large for 16 bits; leave out --half")
    }
    graph.constant(name, .float16, shape: shape, content: halves.withUnsafeBytes { Array($0) })
    return graph.node("Cast", [name], [("to", .int(ONNXGraph.ElementType.float32.rawValue))])
  }
}
