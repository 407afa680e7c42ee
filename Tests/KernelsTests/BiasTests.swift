import Testing

@testable import Kernels

/// Integers, so that every sum is exact whatever its order. Numbers of channels that fill no vector, of which several rows are
/// taken as one, and others; rows that make no whole number of those, and more than one task's of even one channel.
@Suite struct BiasTests {
  private static let channels = [1, 2, 3, 4, 8, 12, 16, 24, 33, 48]
  private static let rows = [1, 5, 16, 1021, 70_001]
  private static let activations = [Activation.identity, .leakyReLU(slope: 0.25)]
  private static let beyond: Float = -77

  private static func integers(_ noise: inout Noise, _ count: Int) -> [Float] { noise.integers(count, in: -8...8) }

  @Test(arguments: InstructionSet.available, channels)
  func added(_ set: InstructionSet, _ channels: Int) {
    var noise = Noise(state: 1)
    let bias = Self.integers(&noise, channels)
    for (rows, activation) in Self.rows.flatMap({ rows in Self.activations.map { (rows, $0) } }) {
      let input = Self.integers(&noise, rows * channels)
      let data = Buffer(input + [Self.beyond])
      Context(threads: 2, instructionSet: set).applyBias(
        bias, activation, to: data.pointer, rows: rows, channels: channels)
      let wanted = input.indices.map { i in
        let y = input[i] + bias[i % channels]
        return activation == .identity || y > 0 ? y : y * 0.25
      }
      expectSameBits(data.array, wanted + [Self.beyond], "\(rows) x \(channels), \(activation)")
    }
  }

  /// What `applyBiasBackward` leaves in the gradient and in the bias's gradient.
  private static func backward(
    _ set: InstructionSet, threads: Int = 2, _ activation: Activation, _ gradient: [Float], output: [Float],
    channels: Int, into sums: [Float], accumulate: Bool
  ) -> [[Float]] {
    let (gradient, sums) = (Buffer(gradient + [beyond]), Buffer(sums + [beyond]))
    Context(threads: threads, instructionSet: set).applyBiasBackward(
      activation, gradient: gradient.pointer, output: output, rows: output.count / channels, channels: channels,
      biasGradient: sums.pointer, accumulate: accumulate)
    return [gradient.array, sums.array]
  }

  @Test(arguments: InstructionSet.available, channels)
  func summed(_ set: InstructionSet, _ channels: Int) {
    var noise = Noise(state: 2)
    let before = Self.integers(&noise, channels)
    for (rows, activation) in Self.rows.flatMap({ rows in Self.activations.map { (rows, $0) } }) {
      let (gradient, output) = (Self.integers(&noise, rows * channels), Self.integers(&noise, rows * channels))
      let wanted = zip(gradient, output).map { activation == .identity || $1 > 0 ? $0 : $0 * 0.25 }
      let sums = (0..<channels).map { c in
        stride(from: c, to: wanted.count, by: channels).reduce(0) { $0 + wanted[$1] }
      }
      for accumulate in [false, true] {
        let found = Self.backward(
          set, activation, gradient, output: output, channels: channels, into: before, accumulate: accumulate)
        let what = "\(rows) x \(channels), \(activation), accumulate \(accumulate)"
        expectSameBits(found[0], wanted + [Self.beyond], what)
        expectSameBits(found[1], (accumulate ? zip(before, sums).map(+) : sums) + [Self.beyond], what)
      }
    }
  }

  /// Of fractions, whose sums do depend on their order.
  @Test(arguments: InstructionSet.available, [3, 8, 24, 64])
  func sameBitsForAnyNumberOfThreads(_ set: InstructionSet, _ channels: Int) {
    var noise = Noise(state: 3)
    let count = 200_003 / channels * channels
    let (gradient, output) = (noise.floats(count), noise.floats(count))
    let runs = [1, 2, 3, 8, 32].map { threads in
      Self.backward(
        set, threads: threads, .leakyReLU(slope: 0.2), gradient, output: output, channels: channels,
        into: [Float](repeating: .nan, count: channels), accumulate: false)
    }
    for run in runs.dropFirst() {
      for (found, wanted) in zip(run, runs[0]) { expectSameBits(found, wanted, "\(channels) channels") }
    }
  }
}
