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

  /// Floats of any number of pictures, 32 bits, batch normalisation folded.
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

  /// Pictures are [n, c, h, w] and vectors [n, c]; a picture of 1x1 may be either.
  private typealias Value = (name: String, isVector: Bool)

  private mutating func build() throws {
    let network = tensors.generator
    graph.input("z", .float32, [batch, .size(network.input.c)])
    let value = try chain(network.stages, ("z", true))
    finish(picture(value, network.output), network.output)
  }

  private mutating func picture(_ value: Value, _ shape: Shape) -> String {
    value.isVector ? reshape(value.name, [shape.c, shape.h, shape.w]) : value.name
  }

  private mutating func chain(_ stages: [Stage], _ input: Value) throws -> Value {
    var value = input
    var index = 0
    while index < stages.count {
      var stage = stages[index]
      index += 1
      let (input, output) = (stage.input, stage.output)
      switch stage.layer.operation {
      case .dense(let spec):
        if !value.isVector { value.name = graph.node("Flatten", [value.name], [("axis", .int(1))]) }
        var inputs = [value.name, try weight("\(stage.name).weight", [output.elements, input.elements])]
        if spec.hasBias { inputs.append(try weight("\(stage.name).bias", [output.elements])) }
        value = (graph.node("Gemm", inputs, [("transB", .int(1))]), output.h == 1 && output.w == 1)
        if !value.isVector { value.name = reshape(value.name, [output.c, output.h, output.w]) }
      case .convolution(let spec), .transposedConvolution(let spec):
        var norm: Stage?
        if stage.isNormalized && !options.keepsBatchNorm {
          norm = stages[index]
          index += 1
        }
        value = (try convolution(stage, spec, norm, picture(value, input)), false)
        stage = norm ?? stage
      case .batchNorm(let spec):
        let names = ["weight", "bias", "running_mean", "running_var"].map { "\(stage.name).\($0)" }
        let inputs = try names.map { try weight($0, [output.c]) }
        value.name = graph.node(
          "BatchNormalization", [value.name] + inputs, [("epsilon", .float(Float(spec.epsilon)))])
      case .activation, .dropout: break
      case .gatedUnit(let unit): value.name = gated(unit, value.name)
      case .pooling(let spec): value = (pool(spec, picture(value, input), input), false)
      case .upsample(let factor):
        let scales: [Float] = [1, 1, Float(factor.height), Float(factor.width)]
        value = (
          graph.node(
            "Resize", [picture(value, input), floats([], "roi"), floats(scales, "scales_\(factor)")],
            [
              ("mode", .string("nearest")), ("nearest_mode", .string("floor")),
              ("coordinate_transformation_mode", .string("asymmetric")),
            ]), false
        )
      case .reshape(nil):
        if !value.isVector { value = (graph.node("Flatten", [value.name], [("axis", .int(1))]), true) }
      case .reshape: value = (reshape(value.name, [output.c, output.h, output.w]), false)
      case .sequential: value = try chain(stage.children, value)
      case .residual, .concatenate:
        var branches: [String] = []
        for child in stage.children {
          let branch = try chain([child], value)
          branches.append(picture(branch, child.output))
        }
        if case .concatenate = stage.layer.operation {
          value = (graph.node("Concat", branches, [("axis", .int(1))]), false)
        } else {
          value = (branches.dropFirst().reduce(branches[0]) { graph.node("Add", [$0, $1]) }, false)
        }
      }
      value.name = activation(stage.activation, value.name)
    }
    return value
  }

  private mutating func gated(_ unit: GatedUnit, _ x: String) -> String {
    switch unit {
    case .silu: return graph.node("Mul", [x, graph.node("Sigmoid", [x])])
    case .gelu:
      // x / 2 * (1 + erf(x / sqrt 2)).
      let erf = graph.node("Erf", [graph.node("Mul", [x, floats([Float(0.5.squareRoot())], "sqrt_half", [])])])
      let gate = graph.node("Add", [erf, floats([1], "unit", [])])
      return graph.node("Mul", [graph.node("Mul", [x, floats([0.5], "half", [])]), gate])
    }
  }

  private mutating func pool(_ spec: PoolSpec, _ value: String, _ input: Shape) -> String {
    guard let window = spec.window else {
      return graph.node(spec.kind == .maximum ? "GlobalMaxPool" : "GlobalAveragePool", [value])
    }
    let pads = window.pads(height: input.h, width: input.w)
    var attributes: [(String, ONNXGraph.Attribute)] = [
      ("kernel_shape", .ints([window.kernel.height, window.kernel.width])),
      ("strides", .ints([window.stride.height, window.stride.width])),
      ("pads", .ints([pads.top, pads.left, pads.bottom, pads.right])), ("ceil_mode", .int(spec.roundsUp ? 1 : 0)),
    ]
    guard case .mean(let counts) = spec.kind else { return graph.node("MaxPool", [value], attributes) }
    attributes.append(("count_include_pad", .int(counts ? 1 : 0)))
    return graph.node("AveragePool", [value], attributes)
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
    _ layer: Stage, _ spec: ConvolutionSpec, _ norm: Stage?, _ value: String
  ) throws -> String {
    let (input, output, transposed) = (layer.input, layer.output, layer.isTransposed)
    let (kernel, stride) = (spec.window.kernel, spec.window.stride)
    var filter = try tensors.values("\(layer.name).weight")
    var bias = spec.hasBias ? try tensors.values("\(layer.name).bias").map(Double.init) : nil
    if let norm, case .batchNorm(let normSpec) = norm.layer.operation {
      // y = gamma (x + b - mean) / sqrt(variance + epsilon) + beta, in Double and rounded once.
      let gamma = try tensors.values("\(norm.name).weight")
      let beta = try tensors.values("\(norm.name).bias")
      let mean = try tensors.values("\(norm.name).running_mean")
      let variance = try tensors.values("\(norm.name).running_var")
      let scale = zip(gamma, variance).map { Double($0) / (Double($1) + normSpec.epsilon).squareRoot() }
      bias = (0..<output.c).map { ((bias?[$0] ?? 0) - Double(mean[$0])) * scale[$0] + Double(beta[$0]) }
      // The file's filter is [channels, c, kh, kw], transposed [c, channels, kh, kw].
      let run = kernel.height * kernel.width * (transposed ? 1 : input.c)
      for i in filter.indices { filter[i] = Float(Double(filter[i]) * scale[i / run % output.c]) }
    }
    let channels = transposed ? [input.c, output.c] : [output.c, input.c]
    var inputs = [
      value, try constant("\(layer.name).weight", channels + [kernel.height, kernel.width], filter),
    ]
    if let bias { inputs.append(try constant("\(layer.name).bias", [output.c], bias.map { Float($0) })) }
    var attributes: [(String, ONNXGraph.Attribute)] = [
      ("kernel_shape", .ints([kernel.height, kernel.width])), ("strides", .ints([stride.height, stride.width])),
    ]
    // The convolution whose adjoint a transposed one is goes the other way.
    let shape = layer.convShape(batch: 1)!
    let pads = [shape.padTop, shape.padLeft, shape.padBottom, shape.padRight]
    guard transposed else {
      if pads.contains(where: { $0 > 0 }) { attributes.append(("pads", .ints(pads))) }
      return graph.node("Conv", inputs, attributes)
    }
    if spec.window.padding != .same {
      if pads.contains(where: { $0 > 0 }) { attributes.append(("pads", .ints(pads))) }
      if spec.outputPadding != 0 {
        attributes.append(("output_padding", .ints([spec.outputPadding.height, spec.outputPadding.width])))
      }
      return graph.node("ConvTranspose", inputs, attributes)
    }
    // What a kernel smaller than its stride does not reach.
    let missing = [max(stride.height - kernel.height, 0), max(stride.width - kernel.width, 0)]
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
      _ = floats([number], name, [])
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

  /// The name of a constant in 32 bits, which is kept once; nil is the shape of a vector.
  private mutating func floats(_ values: [Float], _ name: String, _ shape: [Int]? = nil) -> String {
    if constants.insert(name).inserted {
      let bits = values.map(\.bitPattern.littleEndian)
      graph.constant(name, .float32, shape: shape ?? [values.count], content: bits.withUnsafeBytes { Array($0) })
    }
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
