// Being asked to stop: SIGINT and SIGTERM. The first request is remembered and answered where nothing is half done; the
// second one leaves at once.

import Dispatch
import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Whether somebody asked the program to stop.
///
/// Signals arrive through Dispatch, not in a handler, so what follows may allocate and lock as it likes.
public final class Interruption: Sendable {
  private let requests = Atomic<Int>(0)
  /// The first signal that came, 0 before that.
  private let number = Atomic<Int32>(0)
  // Only `watchSignals` touches it, once; a source that nobody holds stops.
  private nonisolated(unsafe) var sources: [any DispatchSourceSignal] = []

  public init() {}

  /// True once a stop was asked for.
  public var isRequested: Bool { requests.load(ordering: .acquiring) > 0 }

  /// Asks for a stop, as a signal would.
  public func request() { requests.add(1, ordering: .releasing) }

  /// Takes over SIGINT and SIGTERM for the rest of the process. To be called once.
  /// - Parameter announce: called with the signal's number at the first one, on another thread.
  public func watchSignals(announce: @escaping @Sendable (Int32) -> Void = { _ in }) {
    // A serial queue of its own gets a thread even while computing keeps all others busy.
    let queue = DispatchQueue(label: "signals", qos: .userInteractive)
    for number in [SIGINT, SIGTERM] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [weak self] in
        guard let self else { return }
        _ = self.number.compareExchange(expected: 0, desired: number, ordering: .relaxed)
        if self.requests.add(1, ordering: .acquiringAndReleasing).oldValue > 0 { _exit(128 + number) }
        announce(number)
      }
      source.resume()
      sources.append(source)
    }
  }

  /// - Throws: `Interrupted` once a stop was asked for.
  public func check() throws {
    if isRequested { throw Interrupted(signal: number.load(ordering: .relaxed)) }
  }
}

/// Thrown on the way out after a request to stop.
public struct Interrupted: Error, Sendable {
  /// The signal that asked, 0 where it was none.
  public let signal: Int32

  /// Ends the process as the signal would have done, so that a shell sees what ended it.
  public func endProcess() -> Never {
    #if canImport(Darwin)
      Darwin.signal(signal, SIG_DFL)
    #else
      Glibc.signal(signal, SIG_DFL)
    #endif
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, signal)
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
    raise(signal)
    _exit(128 + signal)
  }
}
