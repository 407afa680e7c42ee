import CatGAN

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

/// How long and how often a body is run before its time is believed.
struct Measure: Sendable {
  /// Samples per row, at least one.
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

  /// Runs `body` once to warm caches and plans, then `repetitions` samples.
  /// - Parameters:
  ///   - wall, processor: clocks in seconds.
  ///   - beside: the machine's speed, measured just before each sample: on a shared machine it changes within a run.
  ///   - body: gets the number of its call, counted from 0 with the warm-up, so that it can rotate its buffers.
  func time(
    wall: () -> Double = monotonicTime, processor: () -> Double = processorTime,
    beside: (() -> Double)? = nil, _ body: (Int) throws -> Void
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
    let goal = minimumTime / Double(repetitions)
    _ = try run(1)
    // The second call is the first warm one. Where it is far below the goal, the clock's error counts: more calls are timed.
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
    for _ in 0..<repetitions {
      let speed = beside?()
      let before = processor()
      real.append(try run(iterations) / Double(iterations))
      used.append((processor() - before) / Double(iterations))
      if let speed { possible.append(speed * real.last!) }
    }
    return Timing(
      real: Statistics(real), processor: Statistics(used), iterations: iterations,
      possible: possible.isEmpty ? nil : Statistics(possible))
  }
}
