import Kernels
import Storage

// The text form of a description: JSON. Options that have their usual value are left out, and options that
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

/// Reads the options of one object, and knows which were asked for.
private struct Options {
  private let values: [String: JSON]
  private var known: Set<String> = []

  init(_ json: JSON, _ what: String) throws(NetworkError) {
    guard case .object(let values) = json else { throw NetworkError("\(what) is to be an object, {...}") }
    self.values = values
  }

  mutating func read<Value: JSONValue>(_ key: String) throws(NetworkError) -> Value? {
    known.insert(key)
    guard let json = values[key], json != .null else { return nil }
    return try Value(json, "\"\(key)\"")
  }

  mutating func need<Value: JSONValue>(_ key: String, _ what: String) throws(NetworkError) -> Value {
    guard let value: Value = try read(key) else { throw NetworkError("\(what) lacks \"\(key)\"") }
    return value
  }

  mutating func read<Value: JSONValue>(_ key: String, into value: inout Value) throws(NetworkError) {
    if let given: Value = try read(key) { value = given }
  }

  func refuseOthers(_ what: String) throws(NetworkError) {
    let surplus = values.keys.filter { !known.contains($0) }
    // The key is anybody's words, and stays out of the message.
    if !surplus.isEmpty {
      throw NetworkError("\(what) has an option that this version does not know; known are \(known.sorted())")
    }
  }
}

extension LayerSpec: JSONValue {
  init(_ json: JSON, _: String) throws(NetworkError) {
    var options = try Options(json, "a layer")
    let word: String = try options.need("layer", "a layer")
    guard let kind = Kind(rawValue: word) else {
      throw NetworkError(
        "a layer is of an unknown kind; known are \(Kind.allCases.map { $0.rawValue }.joined(separator: ", "))")
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
}

extension Network {
  /// - Throws: `NetworkError` where `json` describes no network.
  public init(_ json: JSON) throws(NetworkError) {
    var options = try Options(json, "a network")
    let sizes: [Int] = try options.need("input", "a network")
    guard sizes.count == 3, sizes.allSatisfy({ Network.sizes.contains($0) }) else {
      throw NetworkError("a network's input needs three sizes in 1...65536: height, width, channels")
    }
    let layers: [LayerSpec] = try options.need("layers", "a network")
    try options.refuseOthers("a network")
    try self.init(input: Shape(n: 1, h: sizes[0], w: sizes[1], c: sizes[2]), layers: layers)
  }
}
