// Being asked to stop: SIGINT and SIGTERM. The first request is remembered and answered between two steps; the second
// one leaves at once.

import Dispatch
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Whether somebody asked the run to stop.
///
/// Signals arrive through Dispatch, not in a handler, so what follows may allocate and lock as it likes.
public final class Interruption: Sendable {
  private let requests = Atomic<Int>(0)
  // Only `watchSignals` touches it, once; a source that nobody holds stops.
  private nonisolated(unsafe) var sources: [any DispatchSourceSignal] = []

  public init() {}

  /// True once a stop was asked for.
  public var isRequested: Bool { requests.load(ordering: .relaxed) > 0 }

  /// Asks for a stop, as a signal would.
  public func request() { requests.add(1, ordering: .relaxed) }

  /// Takes over SIGINT and SIGTERM for the rest of the process. To be called once.
  /// - Parameter announce: called with the signal's number at the first one, on another thread.
  public func watchSignals(announce: @escaping @Sendable (Int32) -> Void) {
    // A serial queue of its own gets a thread even while training keeps all others busy.
    let queue = DispatchQueue(label: "signals", qos: .userInteractive)
    for number in [SIGINT, SIGTERM] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [weak self] in
        guard let self else { return }
        if self.requests.add(1, ordering: .relaxed).oldValue > 0 { _exit(128 + number) }
        announce(number)
      }
      source.resume()
      sources.append(source)
    }
  }
}
