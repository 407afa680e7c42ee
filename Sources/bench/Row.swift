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
