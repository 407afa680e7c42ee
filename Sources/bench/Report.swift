/// What a run found: its rows in the order of measurement, and what they were measured on. Formats are extensions.
struct Report: Equatable, Sendable {
  enum Format: String, CaseIterable, Sendable {
    case table, json, csv, md, svg
  }

  var machine: Machine
  /// The run's settings as name and value, for readers of the report.
  var settings: [Setting]
  var rows: [Row] = []
  /// Sentences below the table.
  var remarks: [String] = []
  /// Best multiply-add peak seen, by instruction set and threads, in FLOP/s.
  var peaks: [Peak] = []
  /// Another program's rows, drawn beside ours.
  var peer: [PeerRow] = []

  struct Setting: Equatable, Sendable {
    var name: String
    var value: String
  }

  struct Peak: Equatable, Sendable {
    var instructionSet: String
    var threads: Int
    var flops: Double
  }

  init(machine: Machine, settings: [Setting] = []) {
    self.machine = machine
    self.settings = settings
  }

  mutating func keepBest(_ peak: Peak) {
    let known = peaks.firstIndex { $0.instructionSet == peak.instructionSet && $0.threads == peak.threads }
    guard let known else { return peaks.append(peak) }
    peaks[known].flops = max(peaks[known].flops, peak.flops)
  }

  func text(_ format: Format) -> String {
    switch format {
    case .table: table
    case .json: json
    case .csv: csv
    case .md: markdown
    case .svg: svg
    }
  }

  /// Facts of the run, one a line.
  var contextLines: [String] {
    var lines = [
      "date \(machine.date)",
      "processor \(machine.processor ?? "unknown"), \(machine.cores) cores",
      "flags \(machine.flags.joined(separator: " "))",
      "revision \(machine.revision ?? "unknown")",
    ]
    lines += settings.map { "\($0.name) \($0.value)" }
    lines += peaks.map {
      "peak \($0.instructionSet) on \($0.threads) \($0.threads == 1 ? "thread" : "threads"): "
        + "\(fixed($0.flops / 1e9, 1)) GFLOP/s"
    }
    return lines
  }
}

/// One line of a report: a name, its time, and figures derived from the time and the work.
struct Row: Equatable, Sendable {
  /// What a figure is called in JSON, and how a table shows it.
  enum Counter: String, CaseIterable, Sendable {
    case directGFLOPS = "direct_gflops"
    case peakFraction = "peak_fraction"
    case gigabytes = "gbytes_per_second"
    case stepShare = "step_share"
    case callsPerStep = "calls_per_step"
    case milliseconds = "ms_per_image"
    case images = "images_per_second"
    case peakMemory = "peak_rss_bytes"
    case efficiency = "efficiency"
    case speedup = "speedup"
    case originalRunHours = "original_run_hours"
    case checkError = "check_error"
  }

  /// Path-like: `layer/G.trans_conv2/bwd-data/winograd/cats128/w64/b16/avx512/t2`.
  var name: String
  /// Median seconds per call.
  var real: Double
  /// Median processor seconds of all threads per call.
  var processor: Double
  var minimum: Double
  /// (max - min) / median.
  var spread: Double
  var repetitions: Int
  var iterations: Int
  /// Floating-point operations that the multiply-add peak, measured before each sample, would have done in its time.
  var possible: Double?
  var threads: Int
  /// The shape in its canonical form, where the row has one.
  var shape: String?
  var counters: [Counter: Double] = [:]
  /// What a reader must know to read the figures, such as "simulated" or "checked".
  var notes: [String] = []

  init(_ name: String, _ timing: Measure.Timing, threads: Int, shape: String? = nil) {
    self.name = name
    real = timing.real.median
    processor = timing.processor.median
    minimum = timing.real.minimum
    spread = timing.real.spread
    repetitions = timing.real.values.count
    iterations = timing.iterations
    possible = timing.possible?.median
    self.threads = threads
    self.shape = shape
  }

  /// A row whose time was computed, not measured.
  init(_ name: String, computed seconds: Double, threads: Int) {
    self.init(
      name, Measure.Timing(real: Statistics([seconds]), processor: Statistics([seconds]), iterations: 1),
      threads: threads)
  }

  /// Sets throughput from the work of one call. `flops` counts a Winograd pass as if it were done directly.
  mutating func setWork(flops: Double? = nil, bytes: Double? = nil) {
    guard real > 0 else { return }
    if let flops {
      counters[.directGFLOPS] = flops / real / 1e9
      if let possible, possible > 0 { counters[.peakFraction] = flops / possible }
    }
    if let bytes { counters[.gigabytes] = bytes / real / 1e9 }
  }

  mutating func setImages(_ count: Int) {
    guard real > 0 else { return }
    counters[.milliseconds] = real * 1e3 / Double(count)
    counters[.images] = Double(count) / real
  }
}
