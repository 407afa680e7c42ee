/// What a run found: its rows in the order of measurement, and what they were measured on. Formats are extensions.
struct Report: Sendable {
  enum Format: String, CaseIterable, Sendable {
    case table, json, csv, md, svg
  }

  /// A multiply-add peak in FLOP/s.
  typealias Peak = (instructionSet: String, threads: Int, flops: Double)

  var machine: Machine
  /// The run's settings, for readers of the report.
  var settings: KeyValuePairs<String, String> = [:]
  var rows: [Row] = []
  /// Sentences below the table.
  var remarks: [String] = []
  /// The best seen, by instruction set and threads.
  var peaks: [Peak] = []
  /// Another program's rows, drawn beside ours.
  var peer: [PeerRow] = []

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
    [
      "date \(machine.date)", "processor \(machine.processor ?? "unknown"), \(machine.cores) cores",
      "flags \(machine.flags.joined(separator: " "))", "revision \(machine.revision ?? "unknown")",
    ] + settings.map { "\($0.key) \($0.value)" }
      + peaks.map {
        let threads = $0.threads == 1 ? "1 thread" : "\($0.threads) threads"
        return "peak \($0.instructionSet) on \(threads): \(fixed($0.flops / 1e9, 1)) GFLOP/s"
      }
  }
}

/// One line of a report: a name, its time, and figures derived from the time and the work.
struct Row: Equatable, Sendable {
  /// What a figure is called in JSON and CSV, in their order.
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
  /// `possible` are the operations that the multiply-add peak, measured before each sample, would have done in its time.
  var timing: Measure.Timing
  /// Seconds per call that the figures are of: the median, unless the topic says otherwise.
  var real: Double
  var threads: Int
  /// The shape in its canonical form, where the row has one.
  var shape: String?
  var counters: [Counter: Double] = [:]
  /// What a reader must know to read the figures, such as "simulated" or "checked".
  var notes: [String] = []

  init(_ name: String, _ timing: Measure.Timing, threads: Int, shape: String? = nil) {
    (self.name, self.timing, self.threads, self.shape) = (name, timing, threads, shape)
    real = timing.real.median
  }

  /// A row whose time was computed, not measured.
  init(_ name: String, computed seconds: Double, threads: Int) {
    let once = Statistics([seconds])
    self.init(name, Measure.Timing(real: once, processor: once, iterations: 1), threads: threads)
  }

  /// Sets throughput from the work of one call. `flops` counts a Winograd pass as if it were done directly.
  mutating func setWork(flops: Double? = nil, bytes: Double? = nil) {
    guard real > 0 else { return }
    if let flops {
      counters[.directGFLOPS] = flops / real / 1e9
      if let possible = timing.possible?.median, possible > 0 { counters[.peakFraction] = flops / possible }
    }
    if let bytes { counters[.gigabytes] = bytes / real / 1e9 }
  }

  mutating func setImages(_ count: Int) {
    guard real > 0 else { return }
    counters[.milliseconds] = real * 1e3 / Double(count)
    counters[.images] = Double(count) / real
  }
}
