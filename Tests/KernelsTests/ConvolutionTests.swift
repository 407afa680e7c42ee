import Foundation
import Testing

@testable import Kernels

/// Operands between guard values, and results in memory that starts as NaN: what a pass fails to write, or writes
/// outside, shows.
struct Operands {
  static let guardCount = 64
  let shape: ConvShape
  let input: [Float]
  let filter: [Float]
  let outputGradient: [Float]

  init(_ shape: ConvShape, integers: Bool, seed: UInt64 = 1) {
    var noise = Noise(state: seed)
    self.shape = shape
    if integers {
      input = noise.integers(shape.inputCount, in: -4...4)
      filter = noise.integers(shape.filterCount, in: -4...4)
      outputGradient = noise.integers(shape.outputCount, in: -4...4)
    } else {
      input = noise.floats(shape.inputCount)
      filter = noise.floats(shape.filterCount)
      outputGradient = noise.floats(shape.outputCount)
    }
  }

  func run(_ pass: ConvPass, _ algorithm: ConvAlgorithm, _ context: Context, accumulate: Bool = false) -> [Float] {
    let convolution = Convolution(shape, context: context, plan: ConvPlan(algorithm))
    let count =
      switch pass {
      case .forward: shape.outputCount
      case .backwardData: shape.inputCount
      case .backwardFilter: shape.filterCount
      }
    let result = Buffer(count: count + 2 * Operands.guardCount)
    result.fill(.nan)
    let target = result.pointer + Operands.guardCount
    if accumulate { target.update(repeating: 1, count: count) }
    switch pass {
    case .forward: convolution.forward(input: input, filter: filter, output: target)
    case .backwardData:
      convolution.backwardData(outputGradient: outputGradient, filter: filter, inputGradient: target)
    case .backwardFilter:
      convolution.backwardFilter(
        input: input, outputGradient: outputGradient, filterGradient: target, accumulate: accumulate)
    }
    let all = result.array
    #expect(
      all.prefix(Operands.guardCount).allSatisfy(\.isNaN) && all.suffix(Operands.guardCount).allSatisfy(\.isNaN),
      "\(shape) \(pass) \(algorithm): wrote outside its result")
    return Array(all.dropFirst(Operands.guardCount).dropLast(Operands.guardCount))
  }

  func reference(_ pass: ConvPass) -> [Double] {
    switch pass {
    case .forward: ConvReference.forward(shape, input: input, filter: filter)
    case .backwardData: ConvReference.backwardData(shape, outputGradient: outputGradient, filter: filter)
    case .backwardFilter: ConvReference.backwardFilter(shape, input: input, outputGradient: outputGradient)
    }
  }
}

/// Root mean square and largest error, over the reference's RMS.
func errors(_ values: [Float], _ reference: [Double]) -> (rms: Double, max: Double) {
  let count = Double(reference.count)
  let scale = max((reference.reduce(0) { $0 + $1 * $1 } / count).squareRoot(), .leastNormalMagnitude)
  var (sum, largest) = (0.0, 0.0)
  for (value, exact) in zip(values, reference) {
    let error = abs(Double(value) - exact)
    if error.isNaN { return (.infinity, .infinity) }
    sum += error * error
    largest = max(largest, error)
  }
  return ((sum / count).squareRoot() / scale, largest / scale)
}

private let winogradShapes = [
  ConvShape.same(batch: 2, height: 16, width: 16, inputChannels: 16, outputChannels: 32, kernel: 5, stride: 2),
  ConvShape.same(batch: 1, height: 8, width: 8, inputChannels: 33, outputChannels: 17, kernel: 5, stride: 2),
  ConvShape.same(batch: 3, height: 7, width: 13, inputChannels: 5, outputChannels: 40, kernel: 5, stride: 2),
  ConvShape.same(batch: 70, height: 8, width: 16, inputChannels: 16, outputChannels: 16, kernel: 5, stride: 2),
  ConvShape.same(batch: 2, height: 16, width: 16, inputChannels: 32, outputChannels: 16, kernel: 5, stride: 1),
  ConvShape.same(batch: 1, height: 5, width: 9, inputChannels: 19, outputChannels: 7, kernel: 5, stride: 1),
  ConvShape(
    batch: 1, height: 13, width: 14, inputChannels: 8, outputChannels: 24,
    window: Window(kernel: 5, stride: 2, padding: .explicit(Pads(top: 2, left: 0, bottom: 2, right: 3)))),
  ConvShape(
    batch: 2, height: 9, width: 8, inputChannels: 8, outputChannels: 8,
    window: Window(kernel: 5, stride: 1, padding: .explicit(Pads(top: 0, left: 3, bottom: 1, right: 2)))),
]

/// More rows than a task copies, and sums of more than one of them.
private let largeImage = ConvShape.same(
  batch: 2, height: 90, width: 121, inputChannels: 3, outputChannels: 10, kernel: 5, stride: 2)
/// More than goes through its rows in place.
private let largeFilter = ConvShape.same(
  batch: 1, height: 5, width: 4, inputChannels: 40, outputChannels: 70, kernel: 5, stride: 1)

/// Every number of taps that a phase can have, square and not, channels and sizes beside a vector's and a tile's.
private let winogradKernels =
  [(2, 2), (3, 3), (4, 4), (3, 5), (5, 2), (1, 3), (4, 1)].map { ($0.0, $0.1, 1) }
  + [(2, 3), (3, 3), (4, 4), (6, 6), (7, 7), (4, 7), (8, 9), (10, 3)].map { ($0.0, $0.1, 2) }

private func winogradShapes(_ kernel: (height: Int, width: Int, stride: Int)) -> [ConvShape] {
  let (height, width, stride) = kernel
  func shape(_ batch: Int, _ h: Int, _ w: Int, _ c: Int, _ o: Int, _ pads: (Int, Int, Int, Int)) -> ConvShape {
    ConvShape(
      batch: batch, height: h, width: w, inputChannels: c, outputChannels: o,
      window: Window(
        kernel: Extent(height, width), stride: Extent(stride),
        padding: .explicit(Pads(top: pads.0, left: pads.1, bottom: pads.2, right: pads.3))))
  }
  return [
    shape(2, 16, 16, 16, 32, (height / 2, width / 2, (height - 1) / 2, (width - 1) / 2)),
    shape(1, 11, 14, 33, 9, (0, 3, 1, 0)), shape(3, 13, 10, 7, 17, (2, 0, 0, 5)),
  ]
}

/// Of the RMS: the error study's bounds in the design notes, for tiles of 6 points or 8.
private func winogradBound(_ shape: ConvShape) -> (rms: Double, max: Double) {
  WinogradConvolution.phases(shape).basis.size == 6 ? (rms: 3e-6, max: 3e-5) : (rms: 1e-5, max: 1e-4)
}

@Suite struct ConvolutionTests {
  @Test(arguments: InstructionSet.available, winogradKernels)
  func winogradOfOtherKernels(_ set: InstructionSet, _ kernel: (Int, Int, Int)) {
    let context = Context(threads: 2, instructionSet: set)
    for shape in winogradShapes(kernel) {
      #expect(ConvAlgorithm.winograd.supports(shape), "\(shape)")
      let operands = Operands(shape, integers: false)
      let bound = winogradBound(shape)
      for pass in ConvPass.allCases {
        let error = errors(operands.run(pass, .winograd, context), operands.reference(pass))
        #expect(error.rms <= bound.rms && error.max <= bound.max, "\(shape) \(pass): \(error)")
      }
    }
  }

  /// Numbers of channels on both sides of a panel's width, of either width: all passes, integers exactly where they are
  /// direct.
  @Test(arguments: InstructionSet.available, [(5, 2), (3, 1)])
  func channelsBesideAVector(_ set: InstructionSet, _ kernel: (size: Int, stride: Int)) {
    let context = Context(threads: 2, instructionSet: set)
    let counts = [1, 3, 7, 8, 9, 15, 17]
    for inputChannels in counts {
      for outputChannels in counts {
        let shape = ConvShape.same(
          batch: 2, height: 6, width: 7, inputChannels: inputChannels, outputChannels: outputChannels,
          kernel: kernel.size, stride: kernel.stride)
        let (integers, fractions) = (Operands(shape, integers: true), Operands(shape, integers: false))
        let bound = winogradBound(shape)
        for pass in ConvPass.allCases {
          #expect(
            integers.run(pass, .direct, context).map(Double.init) == integers.reference(pass), "\(shape) \(pass)")
          let error = errors(fractions.run(pass, .winograd, context), fractions.reference(pass))
          #expect(error.rms <= bound.rms && error.max <= bound.max, "\(shape) \(pass): \(error)")
        }
      }
    }
  }

  @Test(arguments: InstructionSet.available, ConvPass.allCases)
  func directIsExactOnSmallIntegers(_ set: InstructionSet, _ pass: ConvPass) throws {
    let context = Context(threads: 2, instructionSet: set)
    for shape in try shapes("tails") + winogradShapes + [largeImage, largeFilter] {
      let operands = Operands(shape, integers: true)
      #expect(operands.run(pass, .direct, context).map(Double.init) == operands.reference(pass), "\(shape) \(pass)")
    }
  }

  @Test(arguments: InstructionSet.available, ConvPass.allCases)
  func winogradIsWithinItsErrorBound(_ set: InstructionSet, _ pass: ConvPass) throws {
    let context = Context(threads: 2, instructionSet: set)
    let supported = try shapes("tails").filter { ConvAlgorithm.winograd.supports($0) }
    #expect(!supported.isEmpty)
    for shape in supported + winogradShapes {
      let operands = Operands(shape, integers: false)
      let error = errors(operands.run(pass, .winograd, context), operands.reference(pass))
      let bound = winogradBound(shape)
      #expect(error.rms <= bound.rms && error.max <= bound.max, "\(shape) \(pass): \(error)")
    }
  }

  @Test(arguments: ConvAlgorithm.allCases, [1, 2])
  func filterGradientAddsToWhatIsThere(_ algorithm: ConvAlgorithm, _ threads: Int) {
    let context = Context(threads: threads)
    for shape in winogradShapes {
      let operands = Operands(shape, integers: true)
      let sum = operands.reference(.backwardFilter).map { $0 + 1 }
      let error = errors(operands.run(.backwardFilter, algorithm, context, accumulate: true), sum)
      #expect(error.max <= (algorithm == .direct ? 0 : 1e-4), "\(shape): \(error)")
    }
  }

  /// <conv(x, w), y> = <x, backwardData(y, w)> = <w, backwardFilter(x, y)>, each within the rounding of the passes.
  @Test(arguments: ConvAlgorithm.allCases)
  func passesAreAdjoint(_ algorithm: ConvAlgorithm) {
    let context = Context(threads: 2)
    func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    for shape in winogradShapes {
      let operands = Operands(shape, integers: false, seed: 7)
      let output = operands.run(.forward, algorithm, context)
      let forward = dot(output, operands.outputGradient)
      let data = dot(operands.input, operands.run(.backwardData, algorithm, context))
      let filter = dot(operands.filter, operands.run(.backwardFilter, algorithm, context))
      // Errors of the output are independent: their sum against y grows with the square root of the count.
      let scale = (dot(output, output) * dot(operands.outputGradient, operands.outputGradient)).squareRoot()
      #expect(abs(forward - data) / scale < 1e-5 && abs(forward - filter) / scale < 1e-5, "\(shape)")
    }
  }

  /// More threads get smaller tasks: of fewer tiles, channels and points. The last shapes have several blocks of channels in
  /// both directions, which are not multiples of one.
  @Test(arguments: ConvAlgorithm.allCases, ConvPass.allCases)
  func sameBitsForAnyNumberOfThreads(_ algorithm: ConvAlgorithm, _ pass: ConvPass) {
    let deep = [(144, 80, 2), (72, 136, 1)].map { inputs, outputs, stride in
      ConvShape.same(
        batch: 9, height: 12, width: 20, inputChannels: inputs, outputChannels: outputs, kernel: 5, stride: stride)
    }
    for shape in winogradShapes + deep + (algorithm == .direct ? [largeImage, largeFilter] : []) {
      let operands = Operands(shape, integers: false)
      let one = operands.run(pass, algorithm, Context(threads: 1))
      for threads in [2, 3, 8, 32] {
        let many = operands.run(pass, algorithm, Context(threads: threads))
        expectSameBits(many, one, "\(shape) \(pass) \(threads) threads")
      }
    }
  }

  /// The same where products transform the filter on the way, with tiles enough to be cut too.
  @Test(arguments: [ConvPass.forward, .backwardData], [(5, 2), (5, 1), (3, 1)])
  func sameBitsOfAFilterTransformedOnTheWay(_ pass: ConvPass, _ kernel: (size: Int, stride: Int)) {
    let shape = ConvShape.same(
      batch: 12, height: 17, width: 16, inputChannels: 144, outputChannels: 176, kernel: kernel.size,
      stride: kernel.stride)
    let operands = Operands(shape, integers: false)
    func run(_ threads: Int) -> [Float] {
      let convolution = WinogradConvolution(
        shape, PackedFilter(context: Context(threads: threads), use: .training), largest: 0)
      #expect(!convolution.transformsFirst)
      let result = Buffer(count: pass == .forward ? shape.outputCount : shape.inputCount)
      result.fill(.nan)
      if pass == .forward {
        convolution.forward(
          input: MappedTensor(operands.input), filter: operands.filter, output: result.pointer)
      } else {
        convolution.backwardData(
          outputGradient: MappedTensor(operands.outputGradient), filter: operands.filter,
          inputGradient: result.pointer)
      }
      return result.array
    }
    let one = run(1)
    for threads in [2, 3, 8, 32] { expectSameBits(run(threads), one, "\(shape) \(pass) \(threads) threads") }
  }

  /// Products that transform the filter on the way: against Double, and a picture's bits whatever its company. Panels are
  /// more than a block of columns and of depth in both directions, and no multiple of one.
  @Test(arguments: InstructionSet.available, [(5, 1), (5, 2), (3, 1), (4, 2)])
  func aFilterTransformedOnTheWay(_ set: InstructionSet, _ kernel: (size: Int, stride: Int)) {
    let context = Context(threads: 2, instructionSet: set)
    func shape(_ batch: Int) -> ConvShape {
      .same(
        batch: batch, height: 9, width: 10, inputChannels: 144, outputChannels: 176, kernel: kernel.size,
        stride: kernel.stride)
    }
    let one = shape(1)
    let operands = Operands(one, integers: false)
    func run(_ pass: ConvPass, _ batch: Int) -> [Float] {
      let s = shape(batch)
      let convolution = WinogradConvolution(s, PackedFilter(context: context, use: .training), largest: 0)
      #expect(!convolution.transformsFirst)
      let result = Buffer(count: pass == .forward ? s.outputCount : s.inputCount)
      if pass == .forward {
        let input = (0..<batch).flatMap { _ in operands.input }
        convolution.forward(input: input, filter: operands.filter, output: result.pointer)
      } else {
        let gradient = (0..<batch).flatMap { _ in operands.outputGradient }
        convolution.backwardData(
          outputGradient: gradient, filter: operands.filter, inputGradient: result.pointer)
      }
      return result.array
    }
    for pass in [ConvPass.forward, .backwardData] {
      let alone = run(pass, 1)
      let error = errors(alone, operands.reference(pass))
      let bound = winogradBound(one)
      #expect(error.rms <= bound.rms && error.max <= bound.max, "\(one) \(pass): \(error)")
      let company = run(pass, 20)
      expectSameBits(alone, company.suffix(alone.count), "\(one) \(pass)")
    }
  }

  /// A sampler's filter in panels, with one tile, with as many as a register tile holds, and with more: a picture's bits
  /// whatever its company, and those of the plain filter where no phase lags for the sake of another.
  @Test(
    arguments: InstructionSet.available,
    [
      (3, 4, 5, 2), (4, 4, 5, 2), (3, 12, 5, 2), (9, 10, 5, 2), (8, 18, 5, 2), (6, 7, 5, 1), (3, 4, 4, 2),
      (8, 10, 4, 2), (6, 7, 3, 1), (4, 4, 10, 2), (9, 10, 10, 2),
    ])
  func aFilterInPanels(_ set: InstructionSet, _ size: (height: Int, width: Int, kernel: Int, stride: Int)) {
    let context = Context(threads: 2, instructionSet: set)
    let w = context.width
    func shape(_ batch: Int) -> ConvShape {
      .same(
        batch: batch, height: size.height, width: size.width, inputChannels: 80, outputChannels: 144,
        kernel: size.kernel, stride: size.stride)
    }
    let one = shape(1)
    let operands = Operands(one, integers: false)
    let sampling = WinogradConvolution(one, PackedFilter(context: context, use: .sampling), largest: 0)
    var panels: [Float] = []
    for group in sampling.tapGroups! {
      for panel in 0..<one.inputChannels / w {
        for oc in 0..<one.outputChannels {
          for tap in group {
            for c in panel * w..<(panel + 1) * w {
              panels.append(operands.filter[(tap * one.inputChannels + c) * one.outputChannels + oc])
            }
          }
        }
      }
    }
    func run(_ use: FilterUse, _ batch: Int) -> [Float] {
      let convolution = WinogradConvolution(
        shape(batch), PackedFilter(context: context, use: use), largest: 0)
      #expect((convolution.tapGroups != nil) == (use == .sampling))
      let result = Buffer(count: shape(batch).inputCount)
      let gradient = (0..<batch).flatMap { _ in operands.outputGradient }
      convolution.backwardData(
        outputGradient: gradient, filter: use == .sampling ? panels : operands.filter, inputGradient: result.pointer)
      return result.array
    }
    let alone = run(.sampling, 1)
    let error = errors(alone, operands.reference(.backwardData))
    let bound = winogradBound(one)
    #expect(error.rms <= bound.rms && error.max <= bound.max, "\(one): \(error)")
    let plain = run(.repeated, 1)
    if WinogradConvolution.phases(one, sharesWindows: true).phases == sampling.phases {
      expectSameBits(alone, plain, "\(one)")
    }
    let plainError = errors(plain, operands.reference(.backwardData))
    #expect(plainError.rms <= bound.rms && plainError.max <= bound.max, "\(one): \(plainError)")
    expectSameBits(alone, run(.sampling, 20).suffix(alone.count), "\(one)")
  }
}
