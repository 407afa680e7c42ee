// Many independent pieces of very unequal work (files to decode) over a limited number of threads.

import Dispatch
import Synchronization

/// What `body` makes of each index below `count`, in their order, computed on at most `threads` threads. `progress` gets
/// the number of those done and `count`; its calls never overlap.
func mapInParallel<Value: Sendable>(
  _ count: Int, threads: Int, progress: (@Sendable (Int, Int) -> Void)?, _ body: @Sendable (Int) -> Value
) -> [Value] {
  let next = Atomic(0)
  // A queue and not a Mutex, whose waiting the thread sanitizer cannot see: it would report races that are none.
  let collector = DispatchQueue(label: "mapInParallel")
  nonisolated(unsafe) var values = [Value?](repeating: nil, count: count)
  nonisolated(unsafe) var done = 0
  DispatchQueue.concurrentPerform(iterations: max(1, min(threads, count))) { _ in
    while true {
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard index < count else { return }
      let value = body(index)
      collector.sync {
        values[index] = value
        done += 1
        progress?(done, count)
      }
    }
  }
  return values.map { $0! }
}
