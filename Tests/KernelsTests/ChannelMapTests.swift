import Testing

@testable import Kernels

/// Passes that read through a map give the bits of passes over the mapped tensor.
@Suite struct ChannelMapTests {
  struct Subject {
    let shape: ConvShape
    let parts: Int
    let algorithm: ConvAlgorithm

    static let all: [Subject] = [
      Subject(shape: same(6, 9, 10, 37, 50, 5, 2), parts: 2, algorithm: .winograd),
      Subject(shape: same(6, 9, 10, 37, 50, 5, 2), parts: 3, algorithm: .direct),
      Subject(shape: same(2, 7, 6, 16, 3, 3, 1), parts: 1, algorithm: .direct),
      // Too large a filter to go through its rows in place.
      Subject(shape: same(4, 5, 4, 40, 70, 5, 1), parts: 2, algorithm: .direct),
      // Images, in more than one task, with a panel that is not full.
      Subject(shape: same(4, 9, 8, 3, 20, 5, 1), parts: 2, algorithm: .direct),
      Subject(shape: same(4, 39, 8, 3, 5, 5, 2), parts: 4, algorithm: .direct),
      // A matrix product whose columns are pixels and channels.
      Subject(
        shape: ConvShape(
          batch: 4, height: 4, width: 4, inputChannels: 20, outputChannels: 9,
          window: Window(kernel: 4, stride: 1, padding: .valid)), parts: 2, algorithm: .direct),
      // Rows of tiles that read nothing but padding, on both sides.
      Subject(
        shape: ConvShape(
          batch: 2, height: 6, width: 5, inputChannels: 16, outputChannels: 17,
          window: Window(
            kernel: 3, stride: 1, padding: .explicit(Pads(top: 17, left: 2, bottom: 33, right: 20)))), parts: 2,
        algorithm: .winograd),
      // Chunks of tiles that begin within an image, and images that are mapped some at a time.
      Subject(shape: same(3, 68, 76, 80, 16, 3, 1), parts: 3, algorithm: .winograd),
    ]

    private static func same(
      _ batch: Int, _ height: Int, _ width: Int, _ inputs: Int, _ outputs: Int, _ kernel: Int, _ stride: Int
    ) -> ConvShape {
      .same(
        batch: batch, height: height, width: width, inputChannels: inputs, outputChannels: outputs, kernel: kernel,
        stride: stride)
    }
  }

  private static func map(_ channels: Int, _ count: Int, _ parts: Int) -> ChannelMap {
    let stride = ChannelMap.channelStride(channels)
    var noise = Noise(state: 3)
    var (scale, shift) = ([Float](repeating: 0, count: parts * stride), [Float](repeating: 0, count: parts * stride))
    for part in 0..<parts {
      for c in 0..<channels {
        scale[part * stride + c] = 1.25 + 0.75 * noise.floats(1)[0]
        shift[part * stride + c] = noise.floats(1)[0]
      }
    }
    return ChannelMap(
      channels: channels, runs: (0..<parts).map { .init(part: $0, end: ($0 + 1) * count / parts) },
      scale: Buffer(scale), shift: Buffer(shift), slope: 0.2)
  }

  /// With a second-level cache for which tiles go in chunks, and one for which tasks map what they read.
  @Test(arguments: InstructionSet.available, Subject.all)
  func sameBitsAsMappedBefore(_ set: InstructionSet, _ subject: Subject) {
    for cache in [16 << 10, 8 << 20] { expectSameBits(set, subject, cache) }
  }

  private func expectSameBits(_ set: InstructionSet, _ subject: Subject, _ cache: Int) {
    let (context, s) = (Context(threads: 2, instructionSet: set), subject.shape)
    context.secondLevelCache = cache
    let convolution = Convolution(s, context: context, plan: ConvPlan(subject.algorithm))
    let operands = Operands(s, integers: false)
    let (input, gradient) = (Buffer(operands.input), Buffer(operands.outputGradient))
    let inputMap = Self.map(s.inputChannels, s.inputCount, subject.parts)
    let gradientMap = Self.map(s.outputChannels, s.outputCount, subject.parts)
    let (mappedInput, mappedGradient) = (Buffer(count: input.count), Buffer(count: gradient.count))
    context.apply(inputMap, to: input.pointer, 0..<input.count, into: mappedInput.pointer)
    context.apply(gradientMap, to: gradient.pointer, 0..<gradient.count, into: mappedGradient.pointer)
    // Two roundings, each of 2^-24 of the result: the multiplication that adds, and the slope's.
    let wrong = (0..<input.count).first { i in
      let (part, c) = (i / (input.count / subject.parts), i % s.inputChannels)
      let x = Double(input.pointer[i]) * Double(inputMap.scale(part)[c]) + Double(inputMap.shift(part)[c])
      let exact = x > 0 ? x : Double(inputMap.slope) * x
      return !(abs(Double(mappedInput.pointer[i]) - exact) <= 2 * 0x1p-24 * abs(exact))
    }
    #expect(wrong == nil, "\(s), element \(wrong ?? 0)")

    func both(_ count: Int, _ run: (_ isMapped: Bool, _ target: UnsafeMutablePointer<Float>) -> Void) {
      let (one, other) = (Buffer(count: count), Buffer(count: count))
      run(true, one.pointer)
      run(false, other.pointer)
      let areSame = one.array.map(\.bitPattern) == other.array.map(\.bitPattern)
      #expect(areSame, "\(s) \(subject.algorithm), \(cache) bytes")
    }
    both(s.outputCount) { isMapped, target in
      convolution.forward(
        input: (isMapped ? input : mappedInput).pointer, map: isMapped ? inputMap : nil, filter: operands.filter,
        output: target)
    }
    both(s.inputCount) { isMapped, target in
      convolution.backwardData(
        outputGradient: (isMapped ? gradient : mappedGradient).pointer, map: isMapped ? gradientMap : nil,
        filter: operands.filter, inputGradient: target)
    }
    both(s.filterCount) { isMapped, target in
      convolution.backwardFilter(
        input: (isMapped ? input : mappedInput).pointer, inputMap: isMapped ? inputMap : nil,
        outputGradient: gradient.pointer, filterGradient: target)
    }
    both(s.filterCount) { isMapped, target in
      convolution.backwardFilter(
        input: input.pointer, outputGradient: (isMapped ? gradient : mappedGradient).pointer,
        outputGradientMap: isMapped ? gradientMap : nil, filterGradient: target)
    }
  }
}

/// The passes of plain arrays.
extension WinogradConvolution {
  func forward(input: [Float], filter: [Float], output: UnsafeMutablePointer<Float>) {
    input.withUnsafeBufferPointer { forward(input: MappedTensor($0.baseAddress!), filter: filter, output: output) }
  }

  func backwardData(outputGradient: [Float], filter: [Float], inputGradient: UnsafeMutablePointer<Float>) {
    outputGradient.withUnsafeBufferPointer {
      backwardData(outputGradient: MappedTensor($0.baseAddress!), filter: filter, inputGradient: inputGradient)
    }
  }
}
