import Storage

// Networks for coders: read by way of JSON values, whatever the coder, so that there is one reader.

/// Any word as a key.
private struct Word: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension LayerSpec: Codable {
  public init(from decoder: any Decoder) throws { try self.init(JSON(from: decoder), "a layer") }

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
  public init(from decoder: any Decoder) throws { try self.init(JSON(from: decoder)) }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Word.self)
    try values.encode([input.h, input.w, input.c], forKey: Word(stringValue: "input"))
    try values.encode(layers, forKey: Word(stringValue: "layers"))
  }
}
