/// How many times fewer multiplications Winograd must take to be the faster one, its transforms being passes over memory.
private let leastSaving = 2.0

extension Context {
  /// The algorithms for a convolution: a function of the shape alone, so two runs on any machine choose alike, unless
  /// `algorithm` asks for one that can compute it.
  public func plan(for shape: ConvShape) -> ConvPlan {
    if let algorithm, algorithm.supports(shape) { return ConvPlan(algorithm) }
    return Context.plan(shape)
  }

  /// Channels on either side below which panels are mostly empty.
  private static let leastChannels = 8

  static func plan(_ shape: ConvShape) -> ConvPlan {
    guard WinogradConvolution.supports(shape), min(shape.inputChannels, shape.outputChannels) >= leastChannels else {
      return ConvPlan(.direct)
    }
    func algorithm(_ pass: ConvPass) -> ConvAlgorithm {
      WinogradConvolution.saving(shape, pass) >= leastSaving ? .winograd : .direct
    }
    return ConvPlan(
      forward: algorithm(.forward), backwardData: algorithm(.backwardData), backwardFilter: algorithm(.backwardFilter))
  }
}
