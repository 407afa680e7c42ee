/// How a pass of a convolution is computed.
public enum ConvAlgorithm: String, CaseIterable, Sendable, Hashable {
  /// Implicit matrix product.
  case direct
  /// Winograd's minimal filtering: fewer multiplications, slightly larger rounding errors.
  case winograd

  /// Whether this algorithm can compute convolutions of this shape.
  public func supports(_ shape: ConvShape) -> Bool {
    self == .direct || WinogradConvolution.supports(shape)
  }
}

/// The algorithm of each pass of one convolution.
public struct ConvPlan: Hashable, Sendable {
  /// Of the forward pass.
  public var forward: ConvAlgorithm
  /// Of the data gradient.
  public var backwardData: ConvAlgorithm
  /// Of the filter gradient.
  public var backwardFilter: ConvAlgorithm

  /// An algorithm for each pass.
  public init(forward: ConvAlgorithm, backwardData: ConvAlgorithm, backwardFilter: ConvAlgorithm) {
    self.forward = forward
    self.backwardData = backwardData
    self.backwardFilter = backwardFilter
  }

  /// The same algorithm for every pass.
  public init(_ algorithm: ConvAlgorithm) {
    self.init(forward: algorithm, backwardData: algorithm, backwardFilter: algorithm)
  }

  /// The algorithm of a pass.
  public subscript(_ pass: ConvPass) -> ConvAlgorithm {
    switch pass {
    case .forward: forward
    case .backwardData: backwardData
    case .backwardFilter: backwardFilter
    }
  }

  func uses(_ algorithm: ConvAlgorithm) -> Bool { ConvPass.allCases.contains { self[$0] == algorithm } }
}

extension Context {
  /// The algorithms for a convolution: a function of the shape alone, so two runs on any machine choose alike, unless
  /// `algorithm` asks for one that can compute it.
  public func plan(for shape: ConvShape) -> ConvPlan {
    if let algorithm, algorithm.supports(shape) { return ConvPlan(algorithm) }
    return Context.plan(shape)
  }

  /// Channels on either side below which transforms cost more than the multiplications that they save.
  private static let leastChannels = 16

  /// How many times fewer multiplications Winograd must take to be the faster one. Its transforms are passes over memory, which
  /// weigh less the more channels each value that they make is multiplied with.
  private static func leastSaving(_ channels: Int) -> Double { channels < 64 ? 2 : 1.4 }

  static func plan(_ shape: ConvShape) -> ConvPlan {
    let channels = min(shape.inputChannels, shape.outputChannels)
    guard WinogradConvolution.supports(shape), channels >= leastChannels else { return ConvPlan(.direct) }
    func algorithm(_ pass: ConvPass) -> ConvAlgorithm {
      WinogradConvolution.saving(shape, pass) >= leastSaving(channels) ? .winograd : .direct
    }
    return ConvPlan(
      forward: algorithm(.forward), backwardData: algorithm(.backwardData), backwardFilter: algorithm(.backwardFilter))
  }
}
