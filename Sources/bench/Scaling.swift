/// Predicts the time of a piece of work on more cores than this machine has, from task times measured on it.
///
/// Not a measurement, and optimistic where cores share what this model does not know: a power limit, a last-level cache,
/// a memory that is far away. It does show the one thing that can be fixed in the source: a split that is too coarse.
enum Scaling {
  /// Work between two points where everything waits for everything.
  struct Section: Equatable, Sendable {
    /// Seconds outside any parallel region.
    var serial: Double
    /// Seconds of each task of each parallel region; regions follow one another.
    var regions: [[Double]]
    /// Bytes that must move between memory and the cores.
    var bytes: Double

    /// Seconds on one core.
    var total: Double { serial + regions.reduce(0) { $0 + $1.reduce(0, +) } }
  }

  /// End of the last task when the longest remaining task always goes to the worker that is free first (LPT; Graham 1969:
  /// at most 4/3 of the optimum).
  static func makespan(_ tasks: [Double], workers: Int) -> Double {
    precondition(workers > 0)
    var free = [Double](repeating: 0, count: min(workers, max(tasks.count, 1)))
    for task in tasks.sorted(by: >) {
      var first = 0
      for worker in free.indices where free[worker] < free[first] { first = worker }
      free[first] += task
    }
    return free.max() ?? 0
  }

  /// Seconds of all `sections` on `workers` cores.
  /// - Parameters:
  ///   - bandwidth: bytes per second that all cores together can move; nil for no cap.
  ///   - regionOverhead: seconds that opening and closing one parallel region costs where there are several workers.
  static func time(
    _ sections: [Section], workers: Int, bandwidth: Double? = nil, regionOverhead: Double = 0
  ) -> Double {
    sections.reduce(0) { sum, section in
      var seconds = section.serial
      for tasks in section.regions {
        seconds += makespan(tasks, workers: workers)
        if workers > 1 && tasks.count > 1 { seconds += regionOverhead }
      }
      if let bandwidth { seconds = max(seconds, section.bytes / bandwidth) }
      return sum + seconds
    }
  }
}
