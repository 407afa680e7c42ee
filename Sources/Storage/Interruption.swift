// Being asked to stop. A request is remembered and answered where nothing is half done. Signals come in twos: a shell
// that loses its terminal passes on the SIGHUP that the system sends as well, and a service manager sends SIGTERM after
// it. So no signal but a deliberate third SIGINT leaves at once.

import Dispatch
import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Whether the program was asked to stop.
///
/// Signals arrive through Dispatch, not in a handler, so what follows may allocate and lock as it likes.
public final class Interruption: Sendable {
  private let requests = Atomic<Int>(0)
  /// The first signal that came, 0 before that.
  private let number = Atomic<Int32>(0)
  // Only `watchSignals` touches it, once; a source stops when its last reference goes.
  private nonisolated(unsafe) var sources: [any DispatchSourceSignal] = []
  // Only the signals' queue touches it: how often Ctrl-C was pressed, and when last.
  private nonisolated(unsafe) var interrupts: (count: Int, last: ContinuousClock.Instant?) = (0, nil)

  /// Before any request, with no signal taken over: see `watchSignals`.
  public init() {}

  /// True once a stop was asked for.
  public var isRequested: Bool { requests.load(ordering: .acquiring) > 0 }

  /// Asks for a stop, as a signal would.
  public func request() { requests.add(1, ordering: .releasing) }

  /// Takes over SIGINT, SIGTERM, SIGHUP and SIGXCPU (`ulimit -St`) for the rest of the process; those that are ignored already, as under nohup or in
  /// the background of a script, stay so. The third SIGINT ends the process at once; one within a second of the one before
  /// does not count, since a key may be held. To be called once.
  /// - Parameters:
  ///   - more: further signals that ask for a stop.
  ///   - announce: called with what to say, on another thread.
  public func watchSignals(
    _ more: [Int32] = [], announce: @escaping @Sendable (Announcement) -> Void = { _ in }
  ) {
    // A serial queue of its own gets a thread even while computing keeps all others busy.
    let queue = DispatchQueue(label: "signals", qos: .userInteractive)
    for number in [SIGINT, SIGTERM, SIGHUP, SIGXCPU] + more {
      let before = signal(number, SIG_IGN)
      if unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { continue }
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [weak self] in self?.receive(number, announce) }
      source.resume()
      sources.append(source)
    }
  }

  /// What there is to say to somebody who sent a signal.
  public enum Announcement: Sendable {
    /// The first request, or the first Ctrl-C after another signal.
    case stopping
    /// A second Ctrl-C: the next one leaves at once.
    case stillStopping
  }

  private func receive(_ signal: Int32, _ announce: (Announcement) -> Void) {
    _ = number.compareExchange(expected: 0, desired: signal, ordering: .relaxed)
    let isFirst = requests.add(1, ordering: .acquiringAndReleasing).oldValue == 0
    guard signal == SIGINT else {
      if isFirst { announce(.stopping) }
      return
    }
    let now = ContinuousClock.now
    let last = interrupts.last
    interrupts.last = now
    if let last, now - last < .seconds(1) { return }
    interrupts.count += 1
    switch interrupts.count {
    case 1: announce(.stopping)
    case 2: announce(.stillStopping)
    default: _exit(128 + signal)
    }
  }

  /// - Throws: `Interrupted` once a stop was asked for.
  public func check() throws {
    if isRequested { throw Interrupted(signal: number.load(ordering: .relaxed)) }
  }

  /// Ends the process once a stop was asked for: where nothing is being written.
  public func endProcessIfRequested() {
    if isRequested { Interrupted(signal: number.load(ordering: .relaxed)).endProcess() }
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
