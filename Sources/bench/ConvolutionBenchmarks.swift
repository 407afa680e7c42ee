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
        return cases("conv/\(name)", shape) { ($0, nil) }
      })
  }

  /// The matrix-like layers of the networks, each by itself.
  func measureSingleLayers() {
    measure(
      options.shapes.layers.flatMap { layer in
        cases("layer/\(layer.name)", layer.shape, suffix: "/\(options.network)") { pass in
          layer.calls[pass].map { (layer.kernelPass(pass), $0) }
        }
      })
  }

  /// Every wanted pass and algorithm that can compute `shape`.
  /// - Parameter kernel: the pass of `shape` behind a pass of the layer, and its calls in a step; nil where there is none.
  private func cases(
    _ path: String, _ shape: ConvShape, suffix: String = "", kernel: (ConvPass) -> (pass: ConvPass, calls: Int?)?
  ) -> [ConvolutionCase] {
    options.passes.flatMap { pass -> [ConvolutionCase] in
      guard let (kernelPass, calls) = kernel(pass) else { return [] }
      return options.algorithms.filter { $0.supports(shape) }.map { algorithm in
        ConvolutionCase(
          path: "\(path)/\(pass.rawValue)/\(algorithm.rawValue)\(suffix)", shape: shape, pass: kernelPass,
          algorithm: algorithm, callsPerStep: calls)
      }
    }
  }

  private func measure(_ cases: [ConvolutionCase]) {
    for context in places {
      for one in cases where options.wants("\(one.path)/\(Session.place(context))") { add(measure(one, context)) }
    }
  }

  private func measure(_ one: ConvolutionCase, _ context: Context) -> Row {
    let (name, shape) = ("\(one.path)/\(Session.place(context))", one.shape)
    let operands = ConvOperands(shape, cold: options.cold ? machine.lastLevelCache : nil)
    let convolution = Convolution(
      shape, context: context, plan: ConvPlan(one.algorithm), use: one.filterChanges ? .training : .repeated)
    var error: Double?
    if options.check {
      progress("\(name): check")
      convolution.filterChanged()
      operands.run(convolution, one.pass, call: 0)
      error = operands.error(one.pass)
    }
    convolution.filterChanged()
    var row = measure(name, context, shape: "\(shape)") { call in
      // With several sets the filter is another one at each call.
      if one.filterChanges || operands.sets > 1 { convolution.filterChanged() }
      operands.run(convolution, one.pass, call: call)
    }
    row.setWork(flops: shape.flops, bytes: shape.leastBytes)
    row.counters[.callsPerStep] = one.callsPerStep.map(Double.init)
    if let error {
      let isRight = error <= operands.bound(one.pass, one.algorithm)
      row.counters[.checkError] = error
      row.notes.append("\(isRight ? "checked" : "WRONG"), error \(significant(error)) of RMS")
      if !isRight { wrongRows.append(name) }
    }
    if one.algorithm == .winograd { row.notes.append("GFLOP/s direct-equivalent") }
    if one.filterChanges, context.plan(for: shape)[one.pass] == one.algorithm { row.notes.append("planned") }
    return row
  }

  /// `plan`: which algorithm each pass of each layer runs with. Nothing is timed; `layers` shows what each would take.
  func listPlan() {
    for context in places {
      for layer in options.shapes.layers {
        let plan = context.plan(for: layer.shape)
        for pass in options.passes where layer.calls[pass] != nil {
          let algorithm = plan[layer.kernelPass(pass)]
          let path = "plan/\(layer.name)/\(pass.rawValue)/\(algorithm.rawValue)"
          var row = Row("\(path)/\(options.network)/\(Session.place(context))", computed: 0, threads: context.threads)
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

extension ConvShape {
  /// Bytes that one pass must move at least: its two operands and its result, once each.
  var leastBytes: Double { 4 * Double(inputCount + outputCount + filterCount) }
}
