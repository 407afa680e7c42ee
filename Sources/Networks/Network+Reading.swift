import Kernels
import Storage

// The text form of a description: JSON. Options that have their usual value are left out, and options that
// are unknown are refused, because leaving them out would make another network.
//
//   {"input": [1, 1, 100], "layers": [
//     {"layer": "dense", "name": "dense", "height": 4, "width": 4, "channels": 1024},
//     {"layer": "leakyReLU", "slope": 0.2},
//     {"layer": "transposedConvolution", "name": "trans_conv1", "channels": 512, "kernel": [5, 5], "stride": 2},
//     {"layer": "residual", "name": "block", "branches": [
//       {"layer": "sequential", "name": "body", "layers": [...]}, {"layer": "identity"}]}, ...]}
//
// Sizes are height, width, channels. A stride is one number, or height and width. Padding is "same" where it is left out,
// "valid", one number, or four: top, left, bottom, right.

extension LayerSpec {
  /// The word for a layer in texts.
  public enum Kind: String, CaseIterable, Sendable {
    case dense, convolution, transposedConvolution, batchNorm, identity, leakyReLU, tanh, sigmoid, gelu, silu, dropout,
      maxPool, averagePool, globalAveragePool, upsample, flatten, reshape, sequential, residual, concatenate
  }

  /// The word for this layer in texts.
  public var kind: Kind {
    switch operation {
    case .dense: .dense
    case .convolution: .convolution
    case .transposedConvolution: .transposedConvolution
    case .batchNorm: .batchNorm
    case .activation(.identity): .identity
    case .activation(.leakyReLU): .leakyReLU
    case .activation(.tanh): .tanh
    case .activation(.sigmoid): .sigmoid
    case .gatedUnit(.gelu): .gelu
    case .gatedUnit(.silu): .silu
    case .dropout: .dropout
    case .pooling(let spec) where spec.kind == .maximum: .maxPool
    case .pooling(let spec): spec.window == nil ? .globalAveragePool : .averagePool
    case .upsample: .upsample
    case .reshape(nil): .flatten
    case .reshape: .reshape
    case .sequential: .sequential
    case .residual: .residual
    case .concatenate: .concatenate
    }
  }
}

/// Reads the options of one object, and knows which were asked for.
private struct Options {
  /// What has them, for sentences.
  var what: String
  private let values: [String: JSON]
  private var known: Set<String> = []

  init(_ json: JSON, _ what: String) throws(NetworkError) {
    guard case .object(let values) = json else { throw NetworkError("\(what) is to be an object, {...}") }
    (self.what, self.values) = (what, values)
  }

  func has(_ key: String) -> Bool { values[key] != nil && values[key] != .null }

  mutating func read<Value: JSONValue>(_ key: String) throws(NetworkError) -> Value? {
    known.insert(key)
    guard let json = values[key], json != .null else { return nil }
    return try Value(json, "\"\(key)\" of \(what)")
  }

  mutating func need<Value: JSONValue>(_ key: String) throws(NetworkError) -> Value {
    guard let value: Value = try read(key) else { throw NetworkError("\(what) lacks \"\(key)\"") }
    return value
  }

  /// A list of layers, which are called by it alone: within others their names would grow with the depth.
  mutating func needLayers(_ key: String) throws(NetworkError) -> [LayerSpec] {
    known.insert(key)
    guard let json = values[key], json != .null else { throw NetworkError("\(what) lacks \"\(key)\"") }
    return try [LayerSpec](json, "\"\(key)\"")
  }

  mutating func read<Value: JSONValue>(_ key: String, into value: inout Value) throws(NetworkError) {
    if let given: Value = try read(key) { value = given }
  }

  func refuseOthers() throws(NetworkError) {
    let surplus = values.keys.filter { !known.contains($0) }
    // The key is anybody's words, and stays out of the message.
    if !surplus.isEmpty {
      throw NetworkError("\(what) has an option that this version does not know; known are \(known.sorted())")
    }
  }
}

extension Options {
  /// One number for both axes, or height and width.
  fileprivate mutating func needExtent(_ key: String) throws(NetworkError) -> Extent {
    if case .number = values[key] { return Extent(try need(key) as Int) }
    let sizes: [Int] = try need(key)
    guard sizes.count == 2 else { throw NetworkError("\(what) needs one \(key), or two: height and width") }
    return Extent(sizes[0], sizes[1])
  }

  fileprivate mutating func padding() throws(NetworkError) -> Padding? {
    switch values["padding"] {
    case nil, .null: return nil
    case .number: return .pixels(try need("padding"))
    case .text:
      let word: String = try need("padding")
      if word == "same" { return .same }
      if word == "valid" { return .valid }
    case .array:
      let sides: [Int] = try need("padding")
      if sides.count == 4 { return .explicit(Pads(top: sides[0], left: sides[1], bottom: sides[2], right: sides[3])) }
    default: break
    }
    throw NetworkError("\(what) has a padding that is not same, valid, one number or four: top, left, bottom, right")
  }
}

extension Window {
  fileprivate init(_ options: inout Options, padding: Padding) throws(NetworkError) {
    let kernel: [Int] = try options.need("kernel")
    guard kernel.count == 2 else { throw NetworkError("\(options.what) needs a kernel of two sizes, height and width") }
    self.init(
      kernel: Extent(kernel[0], kernel[1]), stride: try options.needExtent("stride"),
      padding: try options.padding() ?? padding)
  }
}

extension LayerSpec: JSONValue {
  init(_ json: JSON, _ place: String) throws(NetworkError) {
    var options = try Options(json, place)
    let word: String = try options.need("layer")
    guard let kind = Kind(rawValue: word) else {
      throw NetworkError(
        "\(place) is a layer of an unknown kind; known are \(Kind.allCases.map { $0.rawValue }.joined(separator: ", "))"
      )
    }
    var name = ""
    try options.read("name", into: &name)
    options.what = "\(place) (\(word))"
    let operation: Operation
    switch kind {
    case .dense:
      var dense = DenseSpec(channels: try options.need("channels"))
      try options.read("height", into: &dense.height)
      try options.read("width", into: &dense.width)
      try options.read("bias", into: &dense.hasBias)
      try options.read("spectralNorm", into: &dense.hasSpectralNorm)
      operation = .dense(dense)
    case .convolution, .transposedConvolution:
      var spec = ConvolutionSpec(channels: try options.need("channels"), kernel: 1)
      spec.window = try Window(&options, padding: .same)
      if options.has("outputPadding") { spec.outputPadding = try options.needExtent("outputPadding") }
      try options.read("bias", into: &spec.hasBias)
      try options.read("spectralNorm", into: &spec.hasSpectralNorm)
      try options.read("weights", into: &spec.weights)
      operation = kind == .convolution ? .convolution(spec) : .transposedConvolution(spec)
    case .batchNorm:
      var norm = BatchNormSpec()
      try options.read("epsilon", into: &norm.epsilon)
      try options.read("momentum", into: &norm.momentum)
      try options.read("gamma", into: &norm.gamma)
      operation = .batchNorm(norm)
    case .identity: operation = .activation(.identity)
    case .leakyReLU: operation = .activation(.leakyReLU(slope: try options.need("slope")))
    case .tanh: operation = .activation(.tanh)
    case .sigmoid: operation = .activation(.sigmoid)
    case .gelu: operation = .gatedUnit(.gelu)
    case .silu: operation = .gatedUnit(.silu)
    case .dropout: operation = .dropout(rate: try options.need("rate"))
    case .maxPool, .averagePool:
      let isGlobal = kind == .maxPool && !options.has("kernel")
      var spec = PoolSpec(.maximum, isGlobal ? nil : try Window(&options, padding: .valid))
      try options.read("roundsUp", into: &spec.roundsUp)
      if kind == .averagePool {
        var counts = true
        try options.read("countsPadding", into: &counts)
        spec.kind = .mean(countsPadding: counts)
      }
      operation = .pooling(spec)
    case .globalAveragePool: operation = .pooling(.globalAverage)
    case .upsample: operation = .upsample(try options.needExtent("factor"))
    case .flatten: operation = .reshape(nil)
    case .reshape:
      let sizes: [Int] = try options.need("sizes")
      guard sizes.count == 3 else { throw NetworkError("\(options.what) needs three sizes: height, width, channels") }
      operation = .reshape(try Limits.shape(options.what, 1, sizes[0], sizes[1], sizes[2]))
    case .sequential: operation = .sequential(try options.needLayers("layers"))
    case .residual: operation = .residual(try options.needLayers("branches"))
    case .concatenate: operation = .concatenate(try options.needLayers("branches"))
    }
    try options.refuseOthers()
    self.init(name, operation)
  }
}

extension Network {
  /// - Throws: `NetworkError` where `json` describes no network.
  public init(_ json: JSON) throws(NetworkError) {
    var options = try Options(json, "a network")
    let sizes: [Int] = try options.need("input")
    guard sizes.count == 3 else { throw NetworkError("a network's input needs three sizes: height, width, channels") }
    let input = try Limits.shape("the input", 1, sizes[0], sizes[1], sizes[2])
    let layers = try options.needLayers("layers")
    try options.refuseOthers()
    try self.init(input: input, layers: layers)
  }
}
