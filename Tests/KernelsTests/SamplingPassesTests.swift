import Foundation
@testable import Kernels
import Testing

private func contexts() -> [Context] {
  InstructionSet.available.flatMap { set in [1, 3].map { Context(threads: $0, instructionSet: set) } }
}

private func values(_ count: Int, scale: Float) -> [Float] {
  (0..<count).map { scale * Float(sin(Double($0) * 1.7 + 0.3)) }
}

// Channel counts on both sides of every vector width, and more than one block of work.
@Test(arguments: [(1, 1), (3, 7), (3, 64 * 64), (8, 5), (17, 9), (64, 1030), (512, 130)])
func biasLeakyReLUIsExact(channels: Int, rows: Int) {
  let bias = values(channels, scale: 0.7)
  let input = values(channels * rows, scale: 2)
  for context in contexts() {
    let buffer = Buffer(input + [123])
    context.activate(
      buffer.pointer, count: input.count, BiasLeakyReLU(bias: bias, slope: 0.2, context: context))
    for i in input.indices {
      let sum = input[i] + bias[i % channels]
      #expect(buffer.array[i] == max(sum, sum * 0.2))
      if buffer.array[i] != max(sum, sum * 0.2) { return }
    }
    #expect(buffer.array[input.count] == 123)
  }
}

@Test(arguments: [(3, 7), (3, 64 * 64), (4, 3)])
func biasTanhBytesRoundsToNearest(channels: Int, rows: Int) {
  let bias = values(channels, scale: 0.1)
  let input = values(channels * rows, scale: 6)
  for context in contexts() {
    var bytes = [UInt8](repeating: 77, count: input.count + 1)
    let buffer = Buffer(input)
    let finite = bytes.withUnsafeMutableBufferPointer {
      context.addBiasTanhToBytes(
        buffer.pointer, count: input.count, bias: PeriodicBias(bias, context: context), bytes: $0.baseAddress!)
    }
    #expect(finite && bytes[input.count] == 77)
    for i in input.indices {
      let exact = 127.5 * (tanh(Double(input[i] + bias[i % channels])) + 1)
      // Half a unit of rounding, and 255 times a few units of single precision before it.
      #expect(abs(Double(bytes[i]) - exact) <= 0.5 + 1e-4)
    }
  }
}

// One, a block and two, and the ends of the range with what rounding may add to them.
@Test(arguments: [1, 32_768, 32_769, 70_000])
func boundedValuesBecomeTheNearestBytes(count: Int) {
  var input = values(count, scale: 1)
  for (i, end) in [Float(1), -1, 1.000_001, -1.000_001, 0].prefix(count).enumerated() { input[i] = end }
  var bytes = [UInt8](repeating: 77, count: count + 1)
  Context.convertToBytes(input, count: count, bytes: &bytes)
  #expect(bytes[count] == 77)
  // Half a unit of rounding, and 255 times two roundings in single precision before it.
  let errors = input.indices.map { abs(Double(bytes[$0]) - 127.5 * (Double(input[$0]) + 1)) }
  #expect(errors.max()! <= 0.5 + 255 * 0x1p-23)
}

@Test func infinitiesAndNaNAreFound() {
  for count in [1, 7, 16, 70_000] {
    let buffer = Buffer(values(count, scale: 3e38))
    #expect(buffer.isFinite())
    for place in [0, count / 2, count - 1] {
      for bad in [Float.infinity, -.infinity, .nan] {
        let kept = buffer.pointer[place]
        buffer.pointer[place] = bad
        #expect(!buffer.isFinite() && !buffer.isFinite(first: place + 1) && buffer.isFinite(first: place))
        buffer.pointer[place] = kept
      }
    }
  }
}

@Test func extremesSaturateAndNonFiniteIsReported() {
  for context in contexts() {
    let bias = PeriodicBias([0], context: context)
    for length in [1, 8, 16, 37] {
      for bad in [Float.infinity, -.infinity, .nan] {
        for place in [0, length - 1] {
          let buffer = Buffer([Float](repeating: 1, count: length))
          var bytes = [UInt8](repeating: 0, count: length)
          #expect(context.addBiasTanhToBytes(buffer.pointer, count: length, bias: bias, bytes: &bytes))
          buffer.pointer[place] = bad
          #expect(!context.addBiasTanhToBytes(buffer.pointer, count: length, bias: bias, bytes: &bytes))
        }
      }
    }
    let extremes = Buffer([3e38, -3e38, 20, -20, 0])
    var bytes = [UInt8](repeating: 9, count: 5)
    #expect(context.addBiasTanhToBytes(extremes.pointer, count: 5, bias: bias, bytes: &bytes))
    #expect(bytes[0] == 255 && bytes[1] == 0 && bytes[2] == 255 && bytes[3] == 0 && (127...128).contains(bytes[4]))
  }
}

@Test(arguments: [(1, 1, 1), (17, 3, 25), (16, 5, 4), (33, 64, 7)])
func reversedAxesAreWhereTheyBelong(a: Int, b: Int, c: Int) {
  let source = (0..<a * b * c).map { Float($0 % 1021) }
  let scale = (0..<b).map { Float($0 + 1) }
  for context in contexts() {
    let target = Buffer(count: source.count)
    // One byte off any alignment, as a foreign file may have it.
    var bytes = [UInt8](repeating: 0, count: source.count * 4 + 1)
    bytes.withUnsafeMutableBytes { target in source.withUnsafeBytes { target[1...].copyBytes(from: $0) } }
    let finite = bytes.withUnsafeBytes {
      TensorAxes($0.baseAddress! + 1, a, b, c, scale: scale).reverse(into: target.pointer, context: context)
    }
    #expect(finite)
    let found = target.array
    for i in 0..<a {
      for j in 0..<b {
        for k in 0..<c { #expect(found[(k * b + j) * a + i] == source[(i * b + j) * c + k] * scale[j]) }
      }
    }
    var spoiled = source
    spoiled[source.count / 2] = .nan
    #expect(!TensorAxes(spoiled, a, b, c).reverse(into: target.pointer, context: context))
  }
}

@Test(arguments: InstructionSet.available)
func panelsOfAFilter(_ set: InstructionSet) {
  let context = Context(threads: 2, instructionSet: set)
  let (a, b, groups, w) = (5, 32, [[8, 2, 0], [1, 7], [3], [6, 5, 4]], context.width)
  let c = groups.joined().count
  var source = (0..<a * b * c).map { Float($0) }
  let scale = (0..<b).map { Float($0 + 1) }
  let target = Buffer(count: a * b * c)
  target.fill(.nan)
  let finite = TensorAxes(source, a, b, c, scale: scale).panels(
    groups: groups, lanes: w, into: target.pointer, context: context)
  #expect(finite)
  var place = 0
  for group in groups {
    for panel in 0..<b / w {
      for i in 0..<a {
        for k in group {
          for j in panel * w..<(panel + 1) * w {
            #expect(target.pointer[place] == source[(i * b + j) * c + k] * scale[j])
            place += 1
          }
        }
      }
    }
  }
  source[a * b * c - 2] = .infinity
  #expect(!TensorAxes(source, a, b, c).panels(groups: groups, lanes: w, into: target.pointer, context: context))
}

@Test func theEnvironmentChoosesTheInstructions() throws {
  func sentence(_ wish: String?, _ available: [InstructionSet]) -> String? {
    do {
      _ = try Context.instructionSet(wish: wish, available: available)
      return nil
    } catch {
      return "\(error)"
    }
  }
  #expect(try Context.instructionSet(wish: nil, available: [.avx2, .avx512]) == .avx512)
  #expect(try Context.instructionSet(wish: "", available: [.avx2]) == .avx2)
  #expect(try Context.instructionSet(wish: "avx2", available: [.avx2, .avx512]) == .avx2)
  #expect(sentence("sse", [.avx2]) == "CATGAN_ISA=sse: must be avx2 or avx512; unset it to let CatGAN choose")
  #expect(sentence("avx512", [.avx2]) == "CATGAN_ISA=avx512: this processor offers only avx2; unset it")
  #expect(sentence(nil, [])?.contains("neither AVX2 with FMA nor AVX-512") == true)
  #expect((1...4096).contains(Context.processorCount))

  #expect(try Context.algorithm(wish: nil) == nil && Context.algorithm(wish: "") == nil)
  #expect(try Context.algorithm(wish: "direct") == .direct)
  #expect(throws: EnvironmentError.self) { try Context.algorithm(wish: "fft") }
  let context = Context(threads: 1)
  context.algorithm = .winograd
  let (five, one) = (
    ConvShape.same(batch: 1, height: 8, width: 8, inputChannels: 3, outputChannels: 8, kernel: 5, stride: 2),
    ConvShape.same(batch: 1, height: 8, width: 8, inputChannels: 16, outputChannels: 16, kernel: 1, stride: 1)
  )
  #expect(context.plan(for: five) == ConvPlan(.winograd))
  #expect(context.plan(for: one) == ConvPlan(.direct))
}

// A transposed convolution activates on the way what another pass would activate behind it: the same bits. Channels fill
// panels and do not; the last tensor is written past the caches.
@Test(arguments: [
  "n2 9x10x20 -> 5x5x24 k5x5 s2 p2,1,2,2", "n1 16x16x32 -> 8x8x16 k5x5 s2 p1,1,2,2",
  "n2 7x9x19 -> 7x9x17 k5x5 s1 p2,2,2,2", "n36 64x64x64 -> 32x32x16 k5x5 s2 p1,1,2,2",
])
func convolutionActivates(_ text: String) throws {
  let shape = try ConvShape(parsing: text)
  let operands = Operands(shape, integers: false)
  for context in contexts() {
    let activation = BiasLeakyReLU(bias: values(shape.inputChannels, scale: 0.7), slope: 0.2, context: context)
    for algorithm in ConvAlgorithm.allCases {
      func result(_ activation: BiasLeakyReLU?) -> Buffer {
        let result = Buffer(count: shape.inputCount)
        result.fill(.nan)
        Convolution(shape, context: context, plan: ConvPlan(algorithm)).backwardData(
          outputGradient: operands.outputGradient, filter: operands.filter, inputGradient: result.pointer,
          activation: activation)
        return result
      }
      let expected = result(nil)
      context.activate(expected.pointer, count: shape.inputCount, activation)
      expectSameBits(result(activation).array, expected.array, "\(shape) \(algorithm)")
    }
  }
}
