// Many independent pieces of very unequal work (files to decode) over a limited number of threads.

import Dispatch
import Synchronization

/// Calls `body` once for each index below `count`, on at most `threads` threads, in no particular order; returns
/// when all are done.
func forEachInParallel(_ count: Int, threads: Int, _ body: @Sendable (Int) -> Void) {
  let next = Atomic(0)
  DispatchQueue.concurrentPerform(iterations: max(1, min(threads, count))) { _ in
    while true {
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard index < count else { return }
      body(index)
    }
  }
}
