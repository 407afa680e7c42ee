#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Seconds of the two clocks that a row reports.
enum Clock {
  /// Monotonic wall-clock time.
  static var wall: Double { seconds(CLOCK_MONOTONIC) }

  /// Processor time of all threads of this process.
  static var processor: Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

/// Order statistics of repeated measurements. Times have a long right tail, so no means and no standard deviations.
struct Statistics: Equatable, Sendable {
  let values: [Double]

  /// - Precondition: `values` is not empty.
  init(_ values: [Double]) {
    precondition(!values.isEmpty)
    self.values = values.sorted()
  }

  var minimum: Double { values[0] }

  /// The middle value, or the mean of the two middle ones.
  var median: Double { (values[(values.count - 1) / 2] + values[values.count / 2]) / 2 }

  /// Width of the whole range as a fraction of the median; 0 for a single value.
  var spread: Double { median > 0 ? (values[values.count - 1] - minimum) / median : 0 }
}

/// How long and how often a thing is run before its time is believed.
struct Measure: Sendable {
  /// Samples per row.
  var repetitions = 5
  /// Seconds that the samples of a row take together at least; short bodies are iterated within a sample.
  var minimumTime = 0.3

  /// What was seen, per call of the body, in seconds.
  struct Timing: Equatable, Sendable {
    var real: Statistics
    var processor: Statistics
    /// Calls within one sample.
    var iterations: Int
    /// Of what `beside` said before each sample, times the sample's seconds: what could have been done meanwhile.
    var possible: Statistics?
  }

  /// Runs `body` once to warm caches and plans, then `repetitions` samples. `body` gets the number of its call, counted
  /// from 0 with the warm-up, so that it can rotate its buffers. `wall` and `processor` are clocks in seconds. `beside`
  /// measures the machine's speed just before each sample: where neighbours slow it for minutes, a speed measured once
  /// belongs to another machine than most samples.
  func time(
    wall: () -> Double = { Clock.wall }, processor: () -> Double = { Clock.processor }, beside: (() -> Double)? = nil,
    _ body: (Int) throws -> Void
  ) rethrows -> Timing {
    var call = 0
    func run(_ count: Int) throws -> Double {
      let start = wall()
      for _ in 0..<count {
        try body(call)
        call += 1
      }
      return wall() - start
    }
    let goal = minimumTime / Double(max(repetitions, 1))
    _ = try run(1)
    // A second call tells the time of a warm one; where it is far below the goal its own clock error would be multiplied,
    // so the estimate is repeated on more calls.
    var iterations = 1
    if goal > 0 {
      var elapsed = try run(1)
      while elapsed < goal / 10 && iterations < 1_000_000 {
        iterations *= 10
        elapsed = try run(iterations)
      }
      iterations = max(1, Int((Double(iterations) * goal / max(elapsed, 1e-9)).rounded(.up)))
    }
    var (real, used, possible): ([Double], [Double], [Double]) = ([], [], [])
    for _ in 0..<max(repetitions, 1) {
      let speed = beside?()
      let before = processor()
      let seconds = try run(iterations) / Double(iterations)
      real.append(seconds)
      used.append((processor() - before) / Double(iterations))
      if let speed { possible.append(speed * seconds) }
    }
    return Timing(
      real: Statistics(real), processor: Statistics(used), iterations: iterations,
      possible: possible.isEmpty ? nil : Statistics(possible))
  }
}
