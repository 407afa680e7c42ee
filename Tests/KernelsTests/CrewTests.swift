import Dispatch
import Synchronization
import Testing

@testable import Kernels

/// Regions of a crew: every task once, by workers that are theirs alone, whatever threads come and go.
@Suite struct CrewTests {
  /// Counts what each task and worker did, in memory that only a right crew writes without races.
  private func expectEachTaskOnce(_ context: Context, _ count: Int, _ what: String) {
    nonisolated(unsafe) let calls = UnsafeMutablePointer<Int>.allocate(capacity: count)
    calls.initialize(repeating: 0, count: count)
    defer { calls.deallocate() }
    let busy = (0..<context.threads).map { _ in Flag() }
    let collisions = Atomic<Int>(0)
    context.parallel(count) { task, worker in
      if busy[worker].isSet.exchange(true, ordering: .acquiring) { collisions.add(1, ordering: .relaxed) }
      calls[task] += 1
      busy[worker].isSet.store(false, ordering: .releasing)
    }
    let wrong = (0..<count).first { calls[$0] != 1 }
    #expect(wrong == nil, "\(what): task \(wrong ?? 0) of \(count)")
    #expect(collisions.load(ordering: .relaxed) == 0, "\(what): two tasks on one worker")
  }

  private final class Flag: Sendable {
    let isSet = Atomic<Bool>(false)
  }

  @Test(arguments: [2, 3, 8]) func regionsInQuickSuccession(_ threads: Int) {
    let context = Context(threads: threads)
    for region in 0..<2000 { expectEachTaskOnce(context, 1 + region % 19, "region \(region), \(threads) threads") }
  }

  /// A crew that has waited in vain goes, and another one comes.
  @Test func regionsAfterPauses() {
    let context = Context(threads: 2)
    for milliseconds: UInt32 in [0, 1, 3, 0, 2] {
      expectEachTaskOnce(context, 100, "after \(milliseconds) ms")
      let until = DispatchTime.now().uptimeNanoseconds + UInt64(milliseconds) * 1_000_000
      while DispatchTime.now().uptimeNanoseconds < until {}
    }
  }

  @Test func regionsWithinTasks() {
    let context = Context(threads: 2)
    let calls = Atomic<Int>(0)
    context.parallel(10) { _ in context.parallel(10) { _ in calls.add(1, ordering: .relaxed) } }
    #expect(calls.load(ordering: .relaxed) == 100)
  }

  /// Contexts of several threads at a time have a crew each.
  @Test func contextsSideBySide() {
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      let context = Context(threads: 3)
      for region in 0..<200 { expectEachTaskOnce(context, 7, "region \(region)") }
    }
  }
}
