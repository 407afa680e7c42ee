import Kernels

// The text form of a description: JSON by any coder. Options that have their usual value are left out, and options that
// nobody knows are refused, because leaving them out would make another network.
//
//   {"input": [1, 1, 100], "layers": [
//     {"layer": "dense", "name": "dense", "height": 4, "width": 4, "channels": 1024},
//     {"layer": "leakyReLU", "slope": 0.2},
//     {"layer": "transposedConvolution", "name": "trans_conv1", "channels": 512, "kernel": [5, 5], "stride": 2}, ...]}
//
// Sizes are height, width, channels. Padding is a number, or "same" where it is left out.

extension LayerSpec {
  /// The word for a layer in texts.
  public enum Kind: String, CaseIterable, Sendable {
    case dense, convolution, transposedConvolution, batchNorm, identity, leakyReLU, tanh, sigmoid
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
    }
  }
}

/// Any word as a key.
private struct Word: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

/// Reads the options of one object, and knows which were asked for.
private struct Options {
  private let values: KeyedDecodingContainer<Word>
  private var known: Set<String> = []

  init(_ decoder: any Decoder) throws { values = try decoder.container(keyedBy: Word.self) }

  mutating func read<Value: Decodable>(_ key: String) throws -> Value? {
    known.insert(key)
    return try values.decodeIfPresent(Value.self, forKey: Word(stringValue: key))
  }

  mutating func need<Value: Decodable>(_ key: String, _ what: String) throws -> Value {
    guard let value: Value = try read(key) else { throw NetworkError("\(what) lacks \"\(key)\"") }
    return value
  }

  mutating func read<Value: Decodable>(_ key: String, into value: inout Value) throws {
    if let given: Value = try read(key) { value = given }
  }

  func refuseOthers(_ what: String) throws {
    let surplus = values.allKeys.map { $0.stringValue }.filter { !known.contains($0) }
    // The key is anybody's words, and stays out of the message.
    if !surplus.isEmpty {
      throw NetworkError("\(what) has an option that this version does not know; known are \(known.sorted())")
    }
  }
}

extension LayerSpec: Codable {
  public init(from decoder: any Decoder) throws {
    var options = try Options(decoder)
    let word: String = try options.need("layer", "a layer")
    guard let kind = Kind(rawValue: word) else {
      throw NetworkError(
        "a layer is of an unknown kind; known are \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    var name = ""
    try options.read("name", into: &name)
    let what = "a layer of kind \(word)"
    switch kind {
    case .dense:
      var dense = DenseSpec(channels: try options.need("channels", what))
      try options.read("height", into: &dense.height)
      try options.read("width", into: &dense.width)
      try options.read("bias", into: &dense.hasBias)
      try options.read("spectralNorm", into: &dense.hasSpectralNorm)
      self.init(name, .dense(dense))
    case .convolution, .transposedConvolution:
      let kernel: [Int] = try options.need("kernel", what)
      guard kernel.count == 2 else { throw NetworkError("\(what) needs a kernel of two sizes, height and width") }
      var spec = ConvolutionSpec(
        channels: try options.need("channels", what), kernel: kernel[0], stride: try options.need("stride", what))
      spec.kernelWidth = kernel[1]
      if let padding: Int = try options.read("padding") { spec.padding = .each(padding) }
      try options.read("bias", into: &spec.hasBias)
      try options.read("spectralNorm", into: &spec.hasSpectralNorm)
      try options.read("weights", into: &spec.weights)
      self.init(name, kind == .convolution ? .convolution(spec) : .transposedConvolution(spec))
    case .batchNorm:
      var norm = BatchNormSpec()
      try options.read("epsilon", into: &norm.epsilon)
      try options.read("momentum", into: &norm.momentum)
      try options.read("gamma", into: &norm.gamma)
      self.init(name, .batchNorm(norm))
    case .identity: self.init(name, .activation(.identity))
    case .leakyReLU: self.init(name, .activation(.leakyReLU(slope: try options.need("slope", what))))
    case .tanh: self.init(name, .activation(.tanh))
    case .sigmoid: self.init(name, .activation(.sigmoid))
    }
    try options.refuseOthers(what)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Word.self)
    func put<Value: Encodable & Equatable>(_ key: String, _ value: Value, unless usual: Value? = nil) throws {
      if value != usual { try values.encode(value, forKey: Word(stringValue: key)) }
    }
    try put("layer", kind.rawValue)
    try put("name", name, unless: "")
    switch operation {
    case .dense(let dense):
      try put("height", dense.height, unless: 1)
      try put("width", dense.width, unless: 1)
      try put("channels", dense.channels)
      try put("bias", dense.hasBias, unless: true)
      try put("spectralNorm", dense.hasSpectralNorm, unless: false)
    case .convolution(let spec), .transposedConvolution(let spec):
      try put("channels", spec.channels)
      try put("kernel", [spec.kernelHeight, spec.kernelWidth])
      try put("stride", spec.stride)
      if case .each(let padding) = spec.padding { try put("padding", padding) }
      try put("bias", spec.hasBias, unless: true)
      try put("spectralNorm", spec.hasSpectralNorm, unless: false)
      try put("weights", spec.weights, unless: ConvolutionSpec.usualWeights)
    case .batchNorm(let norm):
      let usual = BatchNormSpec()
      try put("epsilon", norm.epsilon, unless: usual.epsilon)
      try put("momentum", norm.momentum, unless: usual.momentum)
      try put("gamma", norm.gamma, unless: usual.gamma)
    case .activation(.leakyReLU(let slope)): try put("slope", slope)
    case .activation: break
    }
  }
}

extension Network: Codable {
  public init(from decoder: any Decoder) throws {
    var options = try Options(decoder)
    let sizes: [Int] = try options.need("input", "a network")
    guard sizes.count == 3, sizes.allSatisfy({ Network.sizes.contains($0) }) else {
      throw NetworkError("a network's input needs three sizes in 1...65536: height, width, channels")
    }
    let layers: [LayerSpec] = try options.need("layers", "a network")
    try options.refuseOthers("a network")
    try self.init(input: Shape(n: 1, h: sizes[0], w: sizes[1], c: sizes[2]), layers: layers)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Word.self)
    try values.encode([input.h, input.w, input.c], forKey: Word(stringValue: "input"))
    try values.encode(layers, forKey: Word(stringValue: "layers"))
  }
}
