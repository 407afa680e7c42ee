import Arguments
import CatGAN
import Dispatch
import Kernels
import Storage
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Something that went wrong outside the command line (that is `UsageError`): one sentence, exit code 1.
struct BenchError: Error, CustomStringConvertible, Equatable {
  var description: String

  init(_ description: String) { self.description = description }
}

/// One run of bench: the options, the contexts that kernels run on, and the growing report, which is written once: at the
/// end, or as far as it got when Ctrl-C arrives.
final class Session {
  let options: Options
  let machine: Machine
  let report: ReportHolder
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
    self.report = try ReportHolder(report, options)
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
    progress("")
    try report.publish()
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

  func add(_ row: Row) { report.update { $0.rows.append(row) } }

  func remark(_ sentence: String) { report.update { $0.remarks.append(sentence) } }

  func progress(_ name: String) {
    if Console.errorIsTerminal { Console.error("\r\u{1B}[K\(name)") }
  }
}

/// The report under a lock, since Ctrl-C publishes it from another thread.
final class ReportHolder: Sendable {
  private let report: Mutex<Report>
  private let format: Report.Format
  private let output: String?
  private let overwrite: Bool

  /// - Throws: `BenchError` where the report cannot be written: before the measuring rather than after it.
  init(_ report: Report, _ options: Options) throws(BenchError) {
    self.report = Mutex(report)
    (format, output, overwrite) = (options.format, options.output, options.force)
    guard let output else { return }
    let folder = directory(of: output)
    if access(folder, W_OK) != 0 {
      throw BenchError("--out \(output): the folder \(folder) is missing or not writable")
    }
    switch try? Disk().kind(of: output) {
    case .absent: break
    case .file where overwrite: break
    case .file: throw BenchError("--out \(output): is there already; choose another name, or overwrite it with --force")
    default: throw BenchError("--out \(output): is no regular file; name another")
    }
  }

  func update(_ change: (inout Report) -> Void) { report.withLock { change(&$0) } }

  /// Writes the report; a file appears whole or not at all.
  func publish() throws(BenchError) {
    let (text, context) = report.withLock { ($0.text(format), $0.contextLines) }
    if format == .csv { Console.error(context.map { "# \($0)\n" }.joined()) }
    do {
      if let output {
        try AtomicFile.write(output, text: text, overwrite: overwrite)
      } else if !Console.print(String(text.dropLast())) {
        throw BenchError("the report cannot be written to standard output; send it somewhere else")
      }
    } catch let error as BenchError {
      throw error
    } catch {
      throw BenchError("--out \(output ?? "-"): \(error)")
    }
  }

  /// From now on Ctrl-C publishes what is finished and ends the process with 130, as shells expect of SIGINT. The
  /// result keeps this in force.
  func publishOnInterrupt() -> any DispatchSourceSignal {
    signal(SIGINT, SIG_IGN)
    // Kernels keep the default queue's threads busy; this one has its own.
    let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global(qos: .userInteractive))
    source.setEventHandler {
      self.update { $0.remarks.append("interrupted after \($0.rows.count) rows") }
      do { try self.publish() } catch { Console.error("bench: \(error)\n") }
      _exit(130)
    }
    source.resume()
    return source
  }
}
