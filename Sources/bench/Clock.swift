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
