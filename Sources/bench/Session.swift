import Arguments
import CatGAN
import Kernels
import Storage

/// One run of bench: the options, the contexts that kernels run on, and the peaks that figures are compared with.
final class Session {
  let options: Options
  let machine: Machine
  let publisher: Publisher
  /// For every context: see `Context.algorithm`.
  private let algorithm: ConvAlgorithm?
  /// Names of rows that `--check` found wrong.
  var wrongRows: [String] = []
  private var contexts: [String: Context] = [:]

  init(_ options: Options, machine: Machine, algorithm: ConvAlgorithm? = nil) throws(BenchError) {
    self.options = options
    self.machine = machine
    self.algorithm = algorithm
    var report = Report(machine: machine)
    report.settings = [
      .init(name: "threads", value: options.threads.map(String.init).joined(separator: ",")),
      .init(name: "isa", value: options.instructionSets.map(\.rawValue).joined(separator: ",")),
      .init(name: "network", value: options.network),
      .init(name: "buffers", value: options.cold ? "cold" : "warm"),
    ]
    if let peer = options.peer { report.peer = try PeerRow.read(peer) }
    publisher = try Publisher(report, format: options.format, output: options.output, overwrite: options.force)
  }

  func run() throws(BenchError) {
    try requireMemory()
    for topic in options.topics {
      switch topic {
      case .peak: measurePeaks()
      case .gemm: measureGEMM()
      case .conv: measureConvolutions()
      case .layers: measureLayers()
      case .step: measureStep()
      case .sample: try measureSampling()
      case .plan: listPlan()
      case .scaling: measureScaling()
      }
    }
    Console.error(Console.errorIsTerminal ? "\r\u{1B}[K" : "")
    try publisher.publish()
    if let first = wrongRows.first {
      throw BenchError("\(wrongRows.count) rows computed wrong results, the first is \(first)")
    }
  }

  /// Refuses networks that memory does not hold.
  private func requireMemory() throws(BenchError) {
    var network = RunOptions(preset: options.preset.rawValue)
    network.width = options.width
    network.batchSize = 0
    for topic in options.topics {
      switch topic {
      case .layers, .step, .scaling: network.batchSize = max(network.batchSize, options.batch)
      // A sampler takes at most so many at once, and no gradients.
      case .sample: network.batchSize = max(network.batchSize, min(64, options.images.max() ?? 1))
      case .peak, .gemm, .conv, .plan: break
      }
    }
    let threads = options.threads.max() ?? 1
    do {
      try requireOpenFiles(4)
      try Memory.requireThreads(threads)
      if network.batchSize == 0 { return }
      try Memory.require(
        MemoryEstimate(network).bytes, threads: threads,
        for: "measuring \(options.preset.rawValue) of width \(options.width)",
        remedy: "lower --width, --batch-size or --images")
    } catch {
      throw BenchError("\(error)")
    }
  }

  /// Every combination of instruction set and threads that was asked for.
  var places: [Context] {
    options.instructionSets.flatMap { set in options.threads.map { context(set, threads: $0) } }
  }

  func context(_ set: InstructionSet, threads: Int) -> Context {
    let key = "\(set.rawValue)/t\(threads)"
    if let context = contexts[key] { return context }
    let context = Context(threads: threads, instructionSet: set)
    context.algorithm = algorithm
    contexts[key] = context
    return context
  }

  /// `avx512/t2`
  static func place(_ context: Context) -> String { "\(context.instructionSet.rawValue)/t\(context.threads)" }

  /// Measures `body` under `name`, and the multiply-add peak beside it. Does not add the row: the caller sets its counters
  /// first.
  func measure(_ name: String, _ context: Context, shape: String? = nil, _ body: (Int) throws -> Void) rethrows -> Row {
    progress(name)
    let timing = try options.measure.time(beside: { self.peak(context) }, body)
    return Row(name, timing, threads: context.threads, shape: shape)
  }

  func add(_ row: Row) {
    publisher.update { $0.rows.append(row) }
  }

  func remark(_ sentence: String) {
    publisher.update { $0.remarks.append(sentence) }
  }

  func progress(_ name: String) {
    if Console.errorIsTerminal { Console.error("\r\u{1B}[K\(name)") }
  }
}
