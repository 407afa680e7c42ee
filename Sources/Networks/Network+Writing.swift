import Kernels
import Storage

// Networks for coders: read by way of JSON values, whatever the coder, so that there is one reader.

/// Any word as a key.
private struct Word: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
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

  mutating func put(_ window: Window, usual: Padding) throws {
    try put("kernel", [window.kernel.height, window.kernel.width])
    try put("stride", window.stride)
    switch window.padding {
    case usual: break
    case .same: try put("padding", "same")
    case .valid: try put("padding", "valid")
    case .explicit(let pads) where window.padding == .pixels(pads.top): try put("padding", pads.top)
    case .explicit(let pads): try put("padding", [pads.top, pads.left, pads.bottom, pads.right])
    }
  }
}

extension LayerSpec: Codable {
  public init(from decoder: any Decoder) throws { try self.init(JSON(from: decoder), "a layer") }

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
      try options.put(spec.window, usual: .same)
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
      if let window = spec.window { try options.put(window, usual: .valid) }
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
  public init(from decoder: any Decoder) throws { try self.init(JSON(from: decoder)) }

  public func encode(to encoder: any Encoder) throws {
    var options = OptionsWriter(encoder)
    try options.put("input", [input.h, input.w, input.c])
    try options.put("layers", layers)
  }
}
