import Dispatch

extension Context {
  func observe(_ count: Int, _ body: (Int) -> Void, _ observer: @escaping (ParallelRegion) -> Void) {
    // A nested region belongs to the task that opened it: it runs inside that task's time and is not reported.
    taskObserver = nil
    let start = DispatchTime.now().uptimeNanoseconds
    var tasks: [UInt64] = []
    tasks.reserveCapacity(max(count, 0))
    var before = start
    for i in 0..<max(count, 0) {
      body(i)
      let now = DispatchTime.now().uptimeNanoseconds
      tasks.append(now - before)
      before = now
    }
    let region = ParallelRegion(start: start, end: before, tasks: tasks)
    taskObserver = observer
    observer(region)
  }
}
