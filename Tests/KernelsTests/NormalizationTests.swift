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

  /// Against what Double makes of the same numbers. A block has at most 1024 rows of a channel, which four accumulators add up,
  /// 256 terms each, and blocks are merged in Double.
  ///
  /// Sums of m terms between -1 and 1 grow as sqrt(m) does; the roundings, each of 2^-24 of the sum so far, then move the mean
  /// by 2^-24 / 2 where they are four deviations out. Sums of up to 16 terms move it by 7 * 2^-24 at worst: hence 8. Sums of
  /// squares grow as m does, and sqrt(m) / 6 * 2^-24 of them is a deviation: four are 11 * 2^-24, and the differences and
  /// squares are rounded too: hence 16.
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
          abs(mean[c] - exact) <= 8 * 0x1p-24 && abs(variance[c] - squares) <= 16 * 0x1p-24 * squares,
          "\(rows) x \(channels): \(mean[c] - exact), \(variance[c] / squares - 1)")
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

  /// Against the formulas of the passes' documentation in Double.
  ///
  /// Terms of the sums are of either sign and about 0.5, so that sums of m of them are about sqrt(m) / 2, and the roundings of
  /// m additions, each of 2^-24 of the sum so far, m / 5 * 2^-24. The largest is four times that, at most 2^-24 for each row;
  /// and few terms, of up to 2, are rounded three times each. An element of the input's gradient takes numbers of up to 6
  /// through five roundings (30 units of 2^-24) and the sums' errors, as means of the rows, times up to 2.
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
        let tolerance = 0x1p-24 * (Double(rows) + 6)
        #expect(abs(Double(found[1][c]) - products) <= tolerance, "\(rows) x \(channels)")
        #expect(abs(Double(found[2][c]) - sum) <= tolerance, "\(rows) x \(channels)")
        let wrong = x.indices.first { row in
          let exact =
            scale * (d[row] - sum / Double(rows) - (x[row] - mean) * deviation * products / Double(rows))
          return !(abs(Double(found[0][row * channels + c]) - exact) <= 30 * 0x1p-24 + 2 * tolerance / Double(rows))
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
