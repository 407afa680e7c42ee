import Kernels

// The text form of a description: JSON by any coder. Options that have their usual value are left out, and options that
// nobody knows are refused, because leaving them out would make another network.
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

  func has(_ key: String) -> Bool { values.contains(Word(stringValue: key)) }

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

/// Writes options into one object.
private struct OptionsWriter {
  private var values: KeyedEncodingContainer<Word>

  init(_ encoder: any Encoder) { values = encoder.container(keyedBy: Word.self) }

  mutating func put<Value: Encodable & Equatable>(_ key: String, _ value: Value, unless usual: Value? = nil) throws {
    if value != usual { try values.encode(value, forKey: Word(stringValue: key)) }
  }

  /// One number where both are the same.
  mutating func put(_ key: String, _ value: Extent) throws {
    if value.height == value.width { try put(key, value.height) } else { try put(key, [value.height, value.width]) }
  }
}

extension Window {
  fileprivate init(_ options: inout Options, padding: Padding, _ what: String) throws {
    let kernel: [Int] = try options.need("kernel", what)
    guard kernel.count == 2 else { throw NetworkError("\(what) needs a kernel of two sizes, height and width") }
    self.init(
      kernel: Extent(kernel[0], kernel[1]), stride: try options.needExtent("stride", what),
      padding: try options.padding(what) ?? padding)
  }

  fileprivate func encode(_ options: inout OptionsWriter, usual: Padding) throws {
    try options.put("kernel", [kernel.height, kernel.width])
    try options.put("stride", stride)
    if padding == usual { return }
    switch padding {
    case .same: try options.put("padding", "same")
    case .valid: try options.put("padding", "valid")
    case .explicit(let pads):
      let sides = [pads.top, pads.left, pads.bottom, pads.right]
      if padding == .pixels(pads.top) {
        try options.put("padding", pads.top)
      } else {
        try options.put("padding", sides)
      }
    }
  }
}

extension Options {
  /// One number for both axes, or height and width.
  fileprivate mutating func needExtent(_ key: String, _ what: String) throws -> Extent {
    if let both = try? read(key) as Int? { return Extent(both) }
    let sizes: [Int] = try need(key, what)
    guard sizes.count == 2 else { throw NetworkError("\(what) needs one \(key), or two: height and width") }
    return Extent(sizes[0], sizes[1])
  }

  fileprivate mutating func padding(_ what: String) throws -> Padding? {
    if let every = try? read("padding") as Int? { return .pixels(every) }
    if let sides = try? read("padding") as [Int]?, sides.count == 4 {
      return .explicit(Pads(top: sides[0], left: sides[1], bottom: sides[2], right: sides[3]))
    }
    switch try? read("padding") as String? {
    case "same": return .same
    case "valid": return .valid
    default:
      if !has("padding") { return nil }
      throw NetworkError("\(what) has a padding that is not same, valid, one number or four: top, left, bottom, right")
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
    let operation: Operation
    switch kind {
    case .dense:
      var dense = DenseSpec(channels: try options.need("channels", what))
      try options.read("height", into: &dense.height)
      try options.read("width", into: &dense.width)
      try options.read("bias", into: &dense.hasBias)
      try options.read("spectralNorm", into: &dense.hasSpectralNorm)
      operation = .dense(dense)
    case .convolution, .transposedConvolution:
      var spec = ConvolutionSpec(channels: try options.need("channels", what), kernel: 1)
      spec.window = try Window(&options, padding: .same, what)
      if options.has("outputPadding") { spec.outputPadding = try options.needExtent("outputPadding", what) }
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
    case .leakyReLU: operation = .activation(.leakyReLU(slope: try options.need("slope", what)))
    case .tanh: operation = .activation(.tanh)
    case .sigmoid: operation = .activation(.sigmoid)
    case .gelu: operation = .gatedUnit(.gelu)
    case .silu: operation = .gatedUnit(.silu)
    case .dropout: operation = .dropout(rate: try options.need("rate", what))
    case .maxPool, .averagePool:
      let isGlobal = kind == .maxPool && !options.has("kernel")
      var spec = PoolSpec(.maximum, isGlobal ? nil : try Window(&options, padding: .valid, what))
      try options.read("roundsUp", into: &spec.roundsUp)
      if kind == .averagePool {
        var counts = true
        try options.read("countsPadding", into: &counts)
        spec.kind = .mean(countsPadding: counts)
      }
      operation = .pooling(spec)
    case .globalAveragePool: operation = .pooling(.globalAverage)
    case .upsample: operation = .upsample(try options.needExtent("factor", what))
    case .flatten: operation = .reshape(nil)
    case .reshape:
      let sizes: [Int] = try options.need("sizes", what)
      guard sizes.count == 3 else { throw NetworkError("\(what) needs three sizes: height, width, channels") }
      operation = .reshape(try Limits.shape(what, 1, sizes[0], sizes[1], sizes[2]))
    case .sequential: operation = .sequential(try options.need("layers", what))
    case .residual: operation = .residual(try options.need("branches", what))
    case .concatenate: operation = .concatenate(try options.need("branches", what))
    }
    try options.refuseOthers(what)
    self.init(name, operation)
  }

  public func encode(to encoder: any Encoder) throws {
    var options = OptionsWriter(encoder)
    try options.put("layer", kind.rawValue)
    try options.put("name", name, unless: "")
    switch operation {
    case .dense(let dense):
      try options.put("height", dense.height, unless: 1)
      try options.put("width", dense.width, unless: 1)
      try options.put("channels", dense.channels)
      try options.put("bias", dense.hasBias, unless: true)
      try options.put("spectralNorm", dense.hasSpectralNorm, unless: false)
    case .convolution(let spec), .transposedConvolution(let spec):
      try options.put("channels", spec.channels)
      try spec.window.encode(&options, usual: .same)
      if spec.outputPadding != 0 { try options.put("outputPadding", spec.outputPadding) }
      try options.put("bias", spec.hasBias, unless: true)
      try options.put("spectralNorm", spec.hasSpectralNorm, unless: false)
      try options.put("weights", spec.weights, unless: ConvolutionSpec.usualWeights)
    case .batchNorm(let norm):
      let usual = BatchNormSpec()
      try options.put("epsilon", norm.epsilon, unless: usual.epsilon)
      try options.put("momentum", norm.momentum, unless: usual.momentum)
      try options.put("gamma", norm.gamma, unless: usual.gamma)
    case .activation(.leakyReLU(let slope)): try options.put("slope", slope)
    case .dropout(let rate): try options.put("rate", rate)
    case .pooling(let spec):
      try spec.window?.encode(&options, usual: .valid)
      try options.put("roundsUp", spec.roundsUp, unless: false)
      if case .mean(let counts) = spec.kind, spec.window != nil {
        try options.put("countsPadding", counts, unless: true)
      }
    case .upsample(let factor): try options.put("factor", factor)
    case .reshape(let target): if let target { try options.put("sizes", [target.h, target.w, target.c]) }
    case .sequential(let layers): try options.put("layers", layers)
    case .residual(let branches), .concatenate(let branches): try options.put("branches", branches)
    case .activation, .gatedUnit: break
    }
  }
}

extension Network: Codable {
  public init(from decoder: any Decoder) throws {
    var options = try Options(decoder)
    let sizes: [Int] = try options.need("input", "a network")
    guard sizes.count == 3 else { throw NetworkError("a network's input needs three sizes: height, width, channels") }
    let input = try Limits.shape("the input", 1, sizes[0], sizes[1], sizes[2])
    let layers: [LayerSpec] = try options.need("layers", "a network")
    try options.refuseOthers("a network")
    try self.init(input: input, layers: layers)
  }

  public func encode(to encoder: any Encoder) throws {
    var options = OptionsWriter(encoder)
    try options.put("input", [input.h, input.w, input.c])
    try options.put("layers", layers)
  }
}
