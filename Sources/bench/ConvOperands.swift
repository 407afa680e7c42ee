import Kernels

/// Random operands of a convolution, one set, or as many as do not fit into a cache together.
struct ConvOperands {
  let shape: ConvShape
  private var inputs: [Buffer] = []
  private var filters: [Buffer] = []
  private var outputs: [Buffer] = []

  /// - Parameter cold: bytes of the last-level cache; the sets together are twice as large, so that when a set's turn
  ///   comes again it has left the cache. nil for one set that stays where it fits.
  init(_ shape: ConvShape, cold: Int? = nil) {
    self.shape = shape
    let bytes = 4 * (shape.inputCount + shape.filterCount + shape.outputCount)
    let sets = cold.map { max(2, 2 * $0 / bytes + 1) } ?? 1
    var random = Random(seed: 1)
    for _ in 0..<sets {
      inputs.append(Buffer(count: shape.inputCount))
      filters.append(Buffer(count: shape.filterCount))
      outputs.append(Buffer(count: shape.outputCount))
      for buffer in [inputs.last, filters.last, outputs.last] { buffer?.fill(random: &random) }
    }
  }

  var sets: Int { inputs.count }

  /// Runs one pass on the set whose turn it is at `call`, overwriting that pass's result.
  func run(_ convolution: Convolution, _ pass: ConvPass, call: Int) {
    let input = inputs[call % sets].pointer
    let filter = filters[call % sets].pointer
    let output = outputs[call % sets].pointer
    switch pass {
    case .forward: convolution.forward(input: input, filter: filter, output: output)
    case .backwardData: convolution.backwardData(outputGradient: output, filter: filter, inputGradient: input)
    case .backwardFilter: convolution.backwardFilter(input: input, outputGradient: output, filterGradient: filter)
    }
  }

  /// Error of what `run` with `call` 0 left behind; see `Referee`.
  func error(_ pass: ConvPass) -> Double {
    let (first, second, result) =
      switch pass {
      case .forward: (inputs[0], filters[0], outputs[0])
      case .backwardData: (outputs[0], filters[0], inputs[0])
      case .backwardFilter: (inputs[0], outputs[0], filters[0])
      }
    var random = Random(seed: 2)
    return Referee(shape: shape, pass: pass, first: first.pointer, second: second.pointer)
      .error(of: result.pointer, random: &random)
  }

  /// The largest `error` that is still rounding. Float sums of n random terms err by about sqrt(n) * 2^-24 of their RMS,
  /// here with four standard deviations for the worst of some hundred; Winograd's transforms add up to 1e-4 on eight
  /// points. A wrong index gives errors near 1.
  func bound(_ pass: ConvPass, _ algorithm: ConvAlgorithm) -> Double {
    let referee = Referee(shape: shape, pass: pass, first: inputs[0].pointer, second: filters[0].pointer)
    return 4 * Double(referee.reduction).squareRoot() * 0x1p-24 + (algorithm == .winograd ? 1e-4 : 4e-6)
  }
}
