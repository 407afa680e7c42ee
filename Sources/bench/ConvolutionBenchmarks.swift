import CatGAN
import Kernels
import Networks
import Random
import Text

/// One pass of one convolution by itself, as `layers`, `conv` and `gemm` time it.
struct ConvolutionCase {
  /// What precedes the place in the row's name.
  var path: String
  var shape: ConvShape
  var pass: ConvPass
  var algorithm: ConvAlgorithm
  /// Whether each call begins with a new filter, as after an update.
  var filterChanges = true
  var callsPerStep: Int?

  /// The largest error that is still rounding, relative to the RMS. Float sums of n random terms err by about sqrt(n) * 2^-24
  /// of it, here with four standard deviations for the worst of some hundred; Winograd's transforms add up to 1e-4 on eight
  /// points. A wrong index gives errors near 1.
  var errorBound: Double {
    4 * Double(shape.reduction(pass)).squareRoot() * 0x1p-24 + (algorithm == .winograd ? 1e-4 : 4e-6)
  }
}

/// `layers` by themselves, `conv`, `gemm` and `plan`: all are convolutions under one name or another.
extension Session {
  /// Convolutions that are not the networks' own: other kernels, as networks elsewhere have them.
  private static let convolutions = [
    "n16 56x56x64 -> 56x56x64 k3x3 s1 p1,1,1,1", "n16 28x28x128 -> 28x28x128 k3x3 s1 p1,1,1,1",
    "n16 14x14x256 -> 14x14x256 k3x3 s1 p1,1,1,1", "n16 56x56x64 -> 28x28x128 k3x3 s2 p1,1,1,1",
    // PyTorch's DCGAN example, two of its discriminator's.
    "n16 32x32x64 -> 16x16x128 k4x4 s2 p1,1,1,1", "n16 8x8x256 -> 4x4x512 k4x4 s2 p1,1,1,1",
  ]

  private static let products: [(m: Int, n: Int, k: Int)] = [
    (256, 256, 256), (512, 512, 512), (1024, 1024, 1024), (2048, 2048, 2048),
    // Few rows, as for a batch of latent vectors; many rows, as for the pixels of a batch.
    (16, 65536, 100), (16384, 128, 1600), (4096, 256, 3200),
  ]

  /// Plain matrix products C [m, n] = A [m, k] B [k, n], run as 1x1 convolutions of m pictures of one pixel, which is how
  /// dense layers run. B is packed beforehand; A and C are converted on the way, as in every layer.
  func measureGEMM() {
    measure(
      Session.products.map { m, n, k in
        let shape = ConvShape.same(
          batch: m, height: 1, width: 1, inputChannels: k, outputChannels: n, kernel: 1, stride: 1)
        return ConvolutionCase(
          path: "gemm/m\(m)n\(n)k\(k)", shape: shape, pass: .forward, algorithm: .direct, filterChanges: false)
      })
  }

  func measureConvolutions() {
    measure(
      Session.convolutions.flatMap { text in
        guard let shape = try? ConvShape(parsing: text) else { preconditionFailure(text) }
        let name = text.replacing(" -> ", with: "-").replacing(" ", with: "-").replacing(",", with: ".")
        return cases("conv/\(name)", shape)
      })
  }

  /// The matrix-like layers of the networks, each by itself.
  func measureSingleLayers() {
    measure(options.shapes.layers.flatMap { cases("layer/\($0.name)", $0.shape, of: $0) })
  }

  /// Every wanted pass and algorithm that can compute `shape`, of a layer those that a step has.
  private func cases(_ path: String, _ shape: ConvShape, of layer: StepShapes.Layer? = nil) -> [ConvolutionCase] {
    let suffix = layer == nil ? "" : "/\(options.network)"
    return options.passes.filter { layer == nil || layer!.calls[$0] != nil }.flatMap { pass in
      options.algorithms.filter { $0.supports(shape) }.map { algorithm in
        ConvolutionCase(
          path: "\(path)/\(pass.rawValue)/\(algorithm.rawValue)\(suffix)", shape: shape,
          pass: layer?.kernelPass(pass) ?? pass, algorithm: algorithm, callsPerStep: layer?.calls[pass])
      }
    }
  }

  private func measure(_ cases: [ConvolutionCase]) {
    for context in places {
      for one in cases where options.wants("\(one.path)/\(context.place)") { add(measure(one, context)) }
    }
  }

  private func measure(_ one: ConvolutionCase, _ context: Context) -> Row {
    let (name, shape) = ("\(one.path)/\(context.place)", one.shape)
    let sets = operandSets(shape)
    let convolution = Convolution(
      shape, context: context, plan: ConvPlan(one.algorithm), use: one.filterChanges ? .training : .repeated)
    var error: Double?
    if options.check {
      progress("\(name): check")
      convolution.filterChanged()
      sets[0].run(convolution, one.pass)
      error = sets[0].error(one.pass, at: positions(one, in: sets[0].result(one.pass)))
    }
    convolution.filterChanged()
    var row = measure(name, context, shape: "\(shape)") { call in
      // With several sets the filter is another one at each call.
      if one.filterChanges || sets.count > 1 { convolution.filterChanged() }
      sets[call % sets.count].run(convolution, one.pass)
    }
    row.setWork(flops: shape.flops, bytes: shape.leastBytes)
    row.counters[.callsPerStep] = one.callsPerStep.map(Double.init)
    row.counters[.checkError] = error
    if let error {
      let isRight = error <= one.errorBound
      row.notes.append("\(isRight ? "checked" : "WRONG"), error \(significant(error)) of RMS")
      if !isRight { wrongRows.append(name) }
    }
    if one.algorithm == .winograd { row.notes.append("GFLOP/s direct-equivalent") }
    if one.filterChanges, context.plan(for: shape)[one.pass] == one.algorithm { row.notes.append("planned") }
    return row
  }

  /// Random operands: one set, or with --cold as many as take twice the last-level cache, so that when a set's turn comes
  /// again it has left the cache.
  private func operandSets(_ shape: ConvShape) -> [ConvReference.Operands] {
    var random = RandomGenerator(seed: 1)
    let count = options.cold ? max(2, 2 * machine.lastLevelCache / Int(shape.leastBytes) + 1) : 1
    return (0..<count).map { _ in
      ConvReference.Operands(
        shape, input: Buffer(count: shape.inputCount, random: &random),
        filter: Buffer(count: shape.filterCount, random: &random),
        output: Buffer(count: shape.outputCount, random: &random))
    }
  }

  /// Where a result is checked: the corners, where padding goes wrong, and as many random positions as 40 million products
  /// pay for.
  private func positions(_ one: ConvolutionCase, in result: Buffer) -> [Int] {
    var random = RandomGenerator(seed: 2)
    let count = min(max(40_000_000 / one.shape.reduction(one.pass), 16), 512)
    return [0, result.count - 1] + (2..<count).map { _ in random.index(below: result.count) }
  }

  /// `plan`: which algorithm each pass of each layer runs with. Nothing is timed; `layers` shows what each would take.
  func listPlan() {
    for context in places {
      for layer in options.shapes.layers {
        for pass in options.passes where layer.calls[pass] != nil {
          let algorithm = context.plan(for: layer.shape)[layer.kernelPass(pass)]
          let path = "plan/\(layer.name)/\(pass.rawValue)/\(algorithm.rawValue)"
          var row = Row("\(path)/\(options.network)/\(context.place)", computed: 0, threads: context.threads)
          guard options.wants(row.name) else { continue }
          row.shape = "\(layer.shape)"
          row.counters[.callsPerStep] = layer.calls[pass].map(Double.init)
          let others = ConvAlgorithm.allCases.filter { $0 != algorithm && $0.supports(layer.shape) }
          row.notes.append(
            others.isEmpty ? "no other algorithm" : "also possible: \(others.map(\.rawValue).joined(separator: ", "))")
          add(row)
        }
      }
    }
  }
}
