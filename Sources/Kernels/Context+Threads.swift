import Dispatch
import Synchronization

extension Context {
  /// Calls `body` with 0, ..., count - 1, each once, on up to `threads` threads, and returns when all are done.
  ///
  /// What a task computes must depend on its index alone, never on the thread: that is what makes results independent
  /// of the number of threads. Give each at least 100 microseconds of work where possible.
  public func parallel(_ count: Int, _ body: (Int) -> Void) {
    parallel(count) { task, _ in body(task) }
  }

  /// The same, and tells each task on which worker it runs, 0 ..< threads, for a workspace that tasks overwrite. No two
  /// tasks run on one worker at a time. (A region within a task runs on that task's thread, and all its tasks are told worker
  /// 0: it must not use workers' memory.)
  func parallel(_ count: Int, _ body: (_ task: Int, _ worker: Int) -> Void) {
    if let taskObserver { return observe(count, { body($0, 0) }, taskObserver) }
    if threads == 1 || count <= 1 {
      for i in 0..<max(count, 0) { body(i, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      while crew?.run(count, body) != true { crew = Crew(workers: threads - 1) }
    }
  }
}

// MARK: Items

/// What `body` makes of each index below `count`, in their order: for pieces of very unequal work, such as files.
/// - Parameters:
///   - threads: most that compute at the same time.
///   - progress: gets the number of those done and `count`; its calls never overlap.
package func mapInParallel<Value: Sendable>(
  _ count: Int, threads: Int, progress: (@Sendable (Int, Int) -> Void)? = nil,
  _ body: @Sendable (Int) -> Value
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
