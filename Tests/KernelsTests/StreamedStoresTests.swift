import Testing

@testable import Kernels

/// Where a vector is a whole line, stores can go past the caches. The narrow micro-kernels have no such stores.
private let streamingSets = InstructionSet.available.filter { $0.width == 16 }

/// Tensors larger than the caches are written past them, where their address allows that. The bits are those of plain
/// stores, which all other tests hold against references, and nothing is left unwritten.
@Suite struct StreamedStoresTests {
  /// What `write` leaves of `rows` by `channels` floats at a multiple of a line and beside one, NaN before.
  private func results(
    _ context: Context, rows: Int, channels: Int, tensors: Int = 1, _ write: (UnsafeMutablePointer<Float>) -> Void
  ) -> (streamed: ArraySlice<Float>, plain: ArraySlice<Float>) {
    let count = rows * channels
    let streamed = Buffer(count: count)
    let plain = Buffer(count: count + 1)
    streamed.fill(.nan)
    plain.fill(.nan)
    #expect(context.usesNonTemporalStores(streamed.pointer, rows: rows, channels: channels, tensors: tensors))
    #expect(!context.usesNonTemporalStores(plain.pointer + 1, rows: rows, channels: channels, tensors: tensors))
    write(streamed.pointer)
    write(plain.pointer + 1)
    return (streamed.array[...], plain.array[1...])
  }

  /// Holds the streamed result of one pass against the plain one.
  private func check(
    _ instructionSet: InstructionSet, _ shape: ConvShape, _ algorithm: ConvAlgorithm, rows: Int, channels: Int,
    tensors: Int = 1, _ pass: (Convolution, Operands, _ result: UnsafeMutablePointer<Float>) -> Void
  ) {
    let context = Context(threads: 2, instructionSet: instructionSet)
    let operands = Operands(shape, integers: false)
    let convolution = Convolution(shape, context: context, plan: ConvPlan(algorithm))
    let (streamed, plain) = results(context, rows: rows, channels: channels, tensors: tensors) {
      pass(convolution, operands, $0)
    }
    expectSameBits(streamed, plain, "\(shape)")
  }

  /// In place, and packed.
  @Test(arguments: streamingSets, [3, 48])
  func directConvolution(_ instructionSet: InstructionSet, _ channels: Int) throws {
    let shape = try ConvShape(parsing: "n37 64x64x\(channels) -> 64x64x64 k5x5 s1 p2,2,2,2")
    #expect(DirectConvolution.goesByRows(shape) == (channels == 3))
    check(instructionSet, shape, .direct, rows: 37 * 64 * 64, channels: 64) {
      $0.forward(input: $1.input, filter: $1.filter, output: $2)
    }
  }

  /// Direct in place, whose pixels are those of four phases; and by Winograd.
  @Test(arguments: streamingSets, [ConvAlgorithm.direct, .winograd])
  func dataGradient(_ instructionSet: InstructionSet, _ algorithm: ConvAlgorithm) throws {
    let channels = algorithm == .direct ? 3 : 16
    let shape = try ConvShape(parsing: "n37 64x64x64 -> 32x32x\(channels) k5x5 s2 p1,1,2,2")
    check(instructionSet, shape, algorithm, rows: 37 * 64 * 64, channels: 64) {
      $0.backwardData(outputGradient: $1.outputGradient, filter: $1.filter, inputGradient: $2)
    }
  }

  /// A gradient counts with the filter and an optimizer's two moments.
  @Test(arguments: streamingSets) func filterGradient(_ instructionSet: InstructionSet) throws {
    let shape = try ConvShape(parsing: "n3 8x8x288 -> 4x4x304 k5x5 s2 p1,1,2,2")
    check(instructionSet, shape, .winograd, rows: 25 * 288, channels: 304, tensors: 4) {
      $0.backwardFilter(input: $1.input, outputGradient: $1.outputGradient, filterGradient: $2, accumulate: false)
    }
  }

  /// Whatever the number of lanes that the last panels fill.
  @Test(arguments: streamingSets, [1, 2])
  func transformedFilter(_ set: InstructionSet, _ stride: Int) {
    let context = Context(threads: 2, instructionSet: set)
    let shape = ConvShape.same(
      batch: 2, height: 9, width: 10, inputChannels: 37, outputChannels: 50, kernel: 5, stride: stride)
    let operands = Operands(shape, integers: false)
    func run(largest: Int) -> [Float] {
      let convolution = WinogradConvolution(
        shape, PackedFilter(context: context, use: .repeated), largest: largest)
      #expect(convolution.streamsFilter == (largest == 0))
      let (output, inputGradient) = (Buffer(count: shape.outputCount), Buffer(count: shape.inputCount))
      convolution.forward(input: operands.input, filter: operands.filter, output: output.pointer)
      convolution.backwardData(
        outputGradient: operands.outputGradient, filter: operands.filter, inputGradient: inputGradient.pointer)
      return output.array + inputGradient.array
    }
    expectSameBits(run(largest: 0), run(largest: .max), "\(shape)")
  }

  @Test(arguments: streamingSets) func batchNormalization(_ instructionSet: InstructionSet) {
    let (rows, channels) = (90_000, 96)
    let context = Context(threads: 2, instructionSet: instructionSet)
    var noise = Noise(state: 3)
    let input = Buffer(noise.floats(rows * channels))
    let (scale, shift) = (noise.floats(channels), noise.floats(channels))
    let (streamed, plain) = results(context, rows: rows, channels: channels) {
      context.affineLeaky(
        input.pointer, $0, rows: rows, channels: channels, scale: scale, shift: shift, slope: 0.2)
    }
    expectSameBits(streamed, plain, "\(rows) x \(channels)")
  }
}
