import Arguments
import CatGAN
import Kernels
import Storage

/// Something that went wrong outside the command line (that is `UsageError`): one sentence, exit code 1.
struct BenchError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// One run of bench: the options, the contexts that kernels run on, and the growing report. Topics are extensions.
final class Session {
  let options: Options
  let machine: Machine
  let report: ReportFile
  /// For every context: see `Context.algorithm`.
  private let algorithm: ConvAlgorithm?
  /// Names of rows that `--check` found wrong.
  var wrongRows: [String] = []
  private var contexts: [String: Context] = [:]

  init(_ options: Options, machine: Machine, algorithm: ConvAlgorithm? = nil) throws(BenchError) {
    (self.options, self.machine, self.algorithm) = (options, machine, algorithm)
    var report = Report(machine: machine)
    report.settings = [
      "threads": options.threads.map(String.init).joined(separator: ","),
      "isa": options.instructionSets.map(\.rawValue).joined(separator: ","),
      "network": options.network, "buffers": options.cold ? "cold" : "warm",
    ]
    if let peer = options.peer { report.peer = try PeerRow.read(peer) }
    self.report = try ReportFile(report, options)
  }

  func run() throws(BenchError) {
    for topic in options.topics {
      switch topic {
      case .peak: measurePeaks()
      case .gemm: measureGEMM()
      case .conv: measureConvolutions()
      case .layers:
        places.forEach(measureWithinStep)
        measureSingleLayers()
      case .step: measureStep()
      case .sample: try measureSampling()
      case .plan: listPlan()
      case .scaling: measureScaling()
      }
    }
    progress("")
    if options.isFiltered, report.isEmpty {
      throw BenchError("--filter: no row's name has a match, and names are such as those of bench plan")
    }
    try report.publish()
    if let first = wrongRows.first {
      throw BenchError("\(wrongRows.count) rows computed wrong results, the first is \(first)")
    }
  }

  /// Refuses networks that memory does not hold, and threads that cannot be had.
  func requireMemory() throws(BenchError) {
    var network = RunOptions(preset: options.preset.rawValue)
    network.width = options.width
    let trains = options.topics.contains { [.layers, .step, .scaling].contains($0) }
    // A sampler takes at most so many at once, and no gradients.
    let samples = options.topics.contains(.sample) ? min(64, options.images.max() ?? 1) : 0
    network.batchSize = max(trains ? options.batch : 0, samples)
    let threads = options.threads.max() ?? 1
    let what = "measuring \(options.preset.rawValue) of width \(options.width)"
    do {
      try requireOpenFiles(4)
      try Memory.requireThreads(threads)
      if network.batchSize == 0 { return }
      try Memory.require(
        MemoryEstimate(network, threads: threads).bytes, threads: threads, for: what,
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
    if let context = contexts["\(set.rawValue)/t\(threads)"] { return context }
    let context = Context(threads: threads, instructionSet: set)
    context.algorithm = algorithm
    contexts[context.place] = context
    return context
  }

  /// Measures `body` under `name`, and the multiply-add peak beside it. Does not add the row: the caller sets its counters
  /// first.
  func measure(_ name: String, _ context: Context, shape: String? = nil, _ body: (Int) throws -> Void) rethrows -> Row {
    progress(name)
    let timing = try options.measure.time(beside: { self.peak(context) }, body)
    return Row(name, timing, threads: context.threads, shape: shape)
  }

  func add(_ row: Row) { report.update { $0.rows.append(row) } }

  func remark(_ sentence: String) { report.update { $0.remarks.append(sentence) } }

  func progress(_ name: String) {
    if Console.errorIsTerminal { Console.error("\r\u{1B}[K\(name)") }
  }
}

extension Context {
  /// `avx512/t2`, the end of a row's name.
  var place: String { "\(instructionSet.rawValue)/t\(threads)" }
}
