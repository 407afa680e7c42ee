import Kernels
import Random

/// Random operands of a convolution, one set, or as many as do not fit into a cache together.
struct ConvOperands {
  let shape: ConvShape
  private let inputs: [Buffer]
  private let filters: [Buffer]
  private let outputs: [Buffer]

  /// - Parameter cold: bytes of the last-level cache; the sets together are twice as large, so that when a set's turn
  ///   comes again it has left the cache. nil for one set that stays where it fits.
  init(_ shape: ConvShape, cold: Int? = nil) {
    self.shape = shape
    let sets = cold.map { max(2, 2 * $0 / Int(shape.leastBytes) + 1) } ?? 1
    var random = RandomGenerator(seed: 1)
    func buffers(_ count: Int) -> [Buffer] { (0..<sets).map { _ in Buffer(count: count, random: &random) } }
    (inputs, filters, outputs) = (buffers(shape.inputCount), buffers(shape.filterCount), buffers(shape.outputCount))
  }

  var sets: Int { inputs.count }

  /// Runs one pass on the set whose turn it is at `call`, overwriting that pass's result.
  func run(_ convolution: Convolution, _ pass: ConvPass, call: Int) {
    let set = call % sets
    let (input, filter, output) = (inputs[set].pointer, filters[set].pointer, outputs[set].pointer)
    switch pass {
    case .forward: convolution.forward(input: input, filter: filter, output: output)
    case .backwardData: convolution.backwardData(outputGradient: output, filter: filter, inputGradient: input)
    case .backwardFilter: convolution.backwardFilter(input: input, outputGradient: output, filterGradient: filter)
    }
  }

  private func referee(_ pass: ConvPass) -> Referee {
    let first = pass == .backwardData ? outputs[0] : inputs[0]
    let second = pass == .backwardFilter ? outputs[0] : filters[0]
    return Referee(shape: shape, pass: pass, first: first.pointer, second: second.pointer)
  }

  /// Error of what `run` with `call` 0 left behind; see `Referee`.
  func error(_ pass: ConvPass) -> Double {
    let result = pass == .forward ? outputs[0] : pass == .backwardData ? inputs[0] : filters[0]
    var random = RandomGenerator(seed: 2)
    return referee(pass).error(of: result.pointer, random: &random)
  }

  /// The largest `error` that is still rounding. Float sums of n random terms err by about sqrt(n) * 2^-24 of their RMS,
  /// here with four standard deviations for the worst of some hundred; Winograd's transforms add up to 1e-4 on eight
  /// points. A wrong index gives errors near 1.
  func bound(_ pass: ConvPass, _ algorithm: ConvAlgorithm) -> Double {
    4 * Double(referee(pass).reduction).squareRoot() * 0x1p-24 + (algorithm == .winograd ? 1e-4 : 4e-6)
  }
}

extension Buffer {
  /// Uniform values in [-1, 1).
  convenience init(count: Int, random: inout RandomGenerator) {
    self.init(count: count)
    for i in 0..<count { pointer[i] = random.uniform(-1, 1) }
  }
}
