import Kernels

/// Sets a random part of the elements to zero in training and scales the others by 1 / (1 - rate); passes everything on
/// otherwise (Srivastava et al. 2014). Any shape -> the same.
///
/// Which elements depends on the layer's random state and on their place in the whole batch, whatever the number of threads
/// and ranks; backward draws them again, so nothing is kept for it.
public final class Dropout: PlainLayer {
  public let name: String
  /// Probability that an element becomes zero.
  public let rate: Double
  /// Each training pass takes one draw, the seed of its own. Save it, and set it again, to go on exactly.
  public var random: RandomGenerator
  private var seed: UInt64 = 0

  /// - Parameter rate: at least 0 and below 1.
  public init(_ name: String, rate: Double, seed: UInt64) {
    precondition(rate >= 0 && rate < 1, "\(name): the rate \(rate), which must be at least 0 and below 1")
    self.name = name
    self.rate = rate
    random = RandomGenerator(seed: seed)
  }

  public var worksInPlace: Bool { true }
  public var backwardReadsInput: Bool { false }
  public func outputShape(_ input: Shape) -> Shape { input }

  func apply(_ input: Tensor, into output: Tensor, mode: Mode, _ execution: Execution) {
    output.copy(from: input)
    guard case .training = mode else { return }
    seed = random.next()
    drop(output, execution)
  }

  func applyBackward(
    _ outputGradient: Tensor, input: Tensor, output: Tensor, into inputGradient: Tensor, _ execution: Execution
  ) {
    drop(inputGradient, execution)
  }

  /// Elements of other ranks' images that come before a share's of the batch. A pass may have several images for each of the
  /// batch's.
  static func elements(before share: Range<Int>, whichHas count: Int) -> Int { count / share.count * share.lowerBound }

  /// Element i stays where draw i of the pass's seed, in [0, 1), is not below the rate.
  private func drop(_ tensor: Tensor, _ execution: Execution) {
    let (rate, factor, seed) = (rate, Float(1 / (1 - rate)), seed)
    let pointer = tensor.pointer
    let before = execution.sharding.map { Dropout.elements(before: $0.share, whichHas: tensor.count) } ?? 0
    let rows = 4096
    execution.context.parallel((tensor.count + rows - 1) / rows) { task in
      let range = task * rows..<min(tensor.count, (task + 1) * rows)
      var draws = RandomGenerator(seed: seed).advanced(by: UInt64(before + range.lowerBound))
      for i in range { pointer[i] = draws.unit() < rate ? 0 : pointer[i] * factor }
    }
  }
}
