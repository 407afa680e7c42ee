import CProcessor
import Dispatch
import Synchronization

/// Threads that wait awake for a context's next parallel region. Dispatch lets its threads sleep after each
/// `concurrentPerform`, and waking them takes longer than a small layer's tasks. So one `concurrentPerform` serves many
/// regions, one after another, as long as they follow each other closely.
///
/// The thread that opens a region works through its tasks itself, and those of the crew that are there join it. Nobody waits
/// for a thread that has not come. Each begins with a share of neighbouring tasks of its own, the same for each region of as
/// many: what one pass leaves in a thread's caches, the next finds there. Who is done takes what others have not begun.
final class Crew: Sendable {
  /// How long the crew waits for another region, in nanoseconds, until its threads go back to Dispatch.
  private static let patience: UInt64 = 500_000

  /// Four times the number of regions that were closed, and 1 more while one is open; or `dismissed`.
  private let state = Atomic<Int>(0)
  private static let dismissed = -1
  /// Threads that may be reading the region that is open. Each says so before it makes sure that it still is, and the one
  /// who closes it first says so and then waits for them: in the one order that all see, either is noticed by the other.
  private let inside = Atomic<Int>(0)
  private let count = Atomic<Int>(0)
  private let threads: Int
  /// The next task of each thread's share, each in a line of the caches by itself.
  nonisolated(unsafe) private let next: UnsafeMutablePointer<Atomic<Int>>
  private static let apart = 128 / MemoryLayout<Atomic<Int>>.stride
  nonisolated(unsafe) private var body: ((_ task: Int, _ worker: Int) -> Void)?

  /// - Parameter workers: beside the thread that opens regions.
  init(workers: Int) {
    threads = workers + 1
    next = .allocate(capacity: threads * Crew.apart)
    for worker in 0...workers { (next + worker * Crew.apart).initialize(to: Atomic(0)) }
    DispatchQueue.global(qos: .userInitiated).async {
      DispatchQueue.concurrentPerform(iterations: workers) { self.serve($0 + 1) }
    }
  }

  deinit { next.deallocate() }

  /// Calls `body` with each task below `count`, and returns when all are done; false where the crew has been dismissed, and
  /// nothing was called.
  func run(_ count: Int, _ body: @escaping (_ task: Int, _ worker: Int) -> Void) -> Bool {
    let waiting = state.load(ordering: .relaxed)
    if waiting == Crew.dismissed { return false }
    if waiting & 1 == 1 {
      // A region within a task.
      for task in 0..<count { body(task, 0) }
      return true
    }
    self.body = body
    self.count.store(count, ordering: .relaxed)
    for worker in 0..<min(threads, count) {
      next[worker * Crew.apart].store(
        Crew.share(worker, of: count, threads: threads).lowerBound, ordering: .relaxed)
    }
    defer { self.body = nil }
    let opened = state.compareExchange(expected: waiting, desired: waiting | 1, ordering: .sequentiallyConsistent)
    if !opened.exchanged { return false }
    work(0, count, body)
    state.store(waiting + 4, ordering: .sequentiallyConsistent)
    var turns = 0
    while inside.load(ordering: .sequentiallyConsistent) > 0 { Crew.wait(&turns) }
    return true
  }

  private func work(_ worker: Int, _ count: Int, _ body: (Int, Int) -> Void) {
    let shares = min(threads, count)
    for i in 0..<shares {
      let share = (worker + i) % shares
      let end = Crew.share(share, of: count, threads: threads).upperBound
      // A share that is used up is only read: others read it, too.
      while next[share * Crew.apart].load(ordering: .relaxed) < end {
        let task = next[share * Crew.apart].wrappingAdd(1, ordering: .relaxed).oldValue
        if task >= end { break }
        body(task, worker)
      }
    }
  }

  /// The tasks that a thread begins with. There are `threads` shares, or where tasks are fewer one of each.
  static func share(_ worker: Int, of count: Int, threads: Int) -> Range<Int> {
    let (size, longer) = count.quotientAndRemainder(dividingBy: min(threads, count))
    let first = worker * size + min(worker, longer)
    return first..<first + size + (worker < longer ? 1 : 0)
  }

  private func serve(_ worker: Int) {
    var (seen, served) = (0, 0)
    var since = DispatchTime.now().uptimeNanoseconds
    var turns = 0
    while true {
      let state = state.load(ordering: .acquiring)
      if state == Crew.dismissed { return }
      if state & 1 == 1 && state != served {
        served = state
        let count = count.load(ordering: .relaxed)
        if worker >= count { continue }
        inside.wrappingAdd(1, ordering: .sequentiallyConsistent)
        if self.state.load(ordering: .sequentiallyConsistent) == state, let body { work(worker, count, body) }
        inside.wrappingSubtract(1, ordering: .sequentiallyConsistent)
      }
      if Crew.wait(&turns) && state & 1 == 0 {
        let now = DispatchTime.now().uptimeNanoseconds
        if state != seen {
          (seen, since) = (state, now)
        } else if now - since > Crew.patience {
          // The first who has had enough speaks for all: a crew of some of them would be one for all regions to come.
          if self.state.compareExchange(expected: state, desired: Crew.dismissed, ordering: .relaxed).exchanged {
            return
          }
        }
      }
    }
  }

  /// Waits a moment; true each time that others had the chance to run on this processor.
  @discardableResult
  private static func wait(_ turns: inout Int) -> Bool {
    processor_pause()
    turns += 1
    if turns % 64 != 0 { return false }
    processor_yield()
    return true
  }
}
