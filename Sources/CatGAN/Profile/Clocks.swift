#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Seconds on a clock that never goes back.
public func monotonicTime() -> Double {
  let elapsed = ContinuousClock.now - monotonicOrigin
  return Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
}

private let monotonicOrigin = ContinuousClock.now

/// Seconds that all threads of this process have computed.
package func processorTime() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
