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
