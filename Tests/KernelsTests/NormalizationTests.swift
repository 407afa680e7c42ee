import Testing

@testable import Kernels

/// Numbers of channels that fill no vector, of which several rows are taken as one, and others; rows that make no whole number
/// of those, and more than one task's.
@Suite struct NormalizationTests {
  private static let channels = [1, 2, 3, 4, 8, 12, 16, 24, 33, 48]
  private static let rows = [1, 5, 16, 1021, 9001]

  private static func context(_ set: InstructionSet, _ threads: Int = 2) -> Context {
    Context(threads: threads, instructionSet: set)
  }

  /// Rows of channels, per channel in Double.
  private static func column(_ values: [Float], _ c: Int, of channels: Int) -> [Double] {
    stride(from: c, to: values.count, by: channels).map { Double(values[$0]) }
  }

  @Test(arguments: InstructionSet.available, channels)
  func mapsAreExact(_ set: InstructionSet, _ channels: Int) {
    var noise = Noise(state: 3)
    let (scale, shift) = (noise.floats(channels), noise.floats(channels))
    for rows in Self.rows {
      let input = noise.floats(rows * channels)
      let output = Buffer([Float](repeating: -77, count: input.count + 1))
      Self.context(set).affineLeaky(
        input, output.pointer, rows: rows, channels: channels, scale: scale, shift: shift, slope: 0.25)
      let wanted = input.indices.map { i in
        let y = shift[i % channels].addingProduct(scale[i % channels], input[i])
        return max(y, y * 0.25)
      }
      expectSameBits(output.array, wanted + [-77], "\(rows) x \(channels)")
    }
  }

  /// Within the rounding of the block's sums, each of about a thousand terms, from what Double makes of the same numbers.
  @Test(arguments: InstructionSet.available, channels)
  func moments(_ set: InstructionSet, _ channels: Int) {
    var noise = Noise(state: 4)
    for rows in Self.rows {
      let data = noise.floats(rows * channels)
      let (mean, variance) = Self.moments(data, rows, channels, Self.context(set))
      for c in 0..<channels {
        let column = Self.column(data, c, of: channels)
        let exact = column.reduce(0, +) / Double(rows)
        let squares = column.reduce(0) { $0 + ($1 - exact) * ($1 - exact) } / Double(rows)
        #expect(
          abs(mean[c] - exact) < 1e-5 && abs(variance[c] - squares) < 1e-5 * max(squares, 1), "\(rows) x \(channels)")
      }
    }
  }

  private static func moments(
    _ data: [Float], _ rows: Int, _ channels: Int, _ context: Context
  ) -> (mean: [Double], variance: [Double]) {
    var (mean, variance) = ([Double](repeating: .nan, count: channels), [Double](repeating: .nan, count: channels))
    context.batchMoments(data, rows: rows, channels: channels, mean: &mean, variance: &variance)
    return (mean, variance)
  }

  /// The gradients of a normalisation: input, gamma, beta.
  private static func backward(_ data: [Float], _ rows: Int, _ channels: Int, _ context: Context) -> [[Float]] {
    var noise = Noise(state: 5)
    let gradient = Buffer(noise.floats(rows * channels) + [-77])
    let arrays = (0..<4).map { _ in Buffer(noise.floats(channels)) }
    let parameters = (0..<2).map { _ in Buffer(count: channels) }
    let normalization = Normalization(
      channels: channels, mean: arrays[0].pointer, inverseDeviation: arrays[1].pointer, scale: arrays[2].pointer,
      shift: arrays[3].pointer, slope: 0.25)
    defer { withExtendedLifetime(arrays) {} }
    context.batchNormalizationBackward(
      gradient: gradient.pointer, input: data, rows: rows, normalization, gammaGradient: parameters[0].pointer,
      betaGradient: parameters[1].pointer, accumulate: false)
    return [gradient.array] + parameters.map(\.array)
  }

  /// Against the formulas of the passes' documentation in Double, within single precision's rounding of sums of many terms.
  @Test(arguments: InstructionSet.available, channels)
  func gradients(_ set: InstructionSet, _ channels: Int) {
    for rows in Self.rows {
      var noise = Noise(state: 6)
      let data = noise.floats(rows * channels)
      let found = Self.backward(data, rows, channels, Self.context(set))
      noise = Noise(state: 5)
      let gradient = noise.floats(rows * channels)
      let arrays = (0..<4).map { _ in noise.floats(channels).map(Double.init) }
      #expect(found[0].last == -77)
      for c in 0..<channels {
        let (mean, deviation, scale, shift) = (arrays[0][c], arrays[1][c], arrays[2][c], arrays[3][c])
        let (x, g) = (Self.column(data, c, of: channels), Self.column(gradient, c, of: channels))
        let d = zip(x, g).map { Float(shift).addingProduct(Float(scale), Float($0)) > 0 ? $1 : 0.25 * $1 }
        let sum = d.reduce(0, +)
        let products = zip(x, d).reduce(0) { $0 + ($1.0 - mean) * $1.1 } * deviation
        let tolerance = 1e-7 * Double(rows)
        #expect(abs(Double(found[1][c]) - products) < 1e-5 + tolerance, "\(rows) x \(channels)")
        #expect(abs(Double(found[2][c]) - sum) < 1e-5 + tolerance, "\(rows) x \(channels)")
        let wrong = x.indices.first { row in
          let exact =
            scale * (d[row] - sum / Double(rows) - (x[row] - mean) * deviation * products / Double(rows))
          return abs(Double(found[0][row * channels + c]) - exact) > 1e-4
        }
        #expect(wrong == nil, "\(rows) x \(channels), channel \(c)")
      }
    }
  }

  /// Sums over more than one task are the same whoever makes them.
  @Test(arguments: [3, 8, 24, 64])
  func sameBitsForAnyNumberOfThreads(channels: Int) {
    let rows = 200_003 / channels
    var noise = Noise(state: 7)
    let data = noise.floats(rows * channels)
    func run(_ threads: Int) -> (moments: [[Double]], gradients: [[Float]]) {
      let context = Context(threads: threads)
      let (mean, variance) = Self.moments(data, rows, channels, context)
      return ([mean, variance], Self.backward(data, rows, channels, context))
    }
    let one = run(1)
    for threads in [2, 3, 8, 32] {
      let found = run(threads)
      #expect(found.moments == one.moments, "\(threads) threads")
      for (found, wanted) in zip(found.gradients, one.gradients) { expectSameBits(found, wanted, "\(threads) threads") }
    }
  }
}
