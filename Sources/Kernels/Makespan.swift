/// End of the last task when the longest remaining one always goes to the worker that is free first (LPT; Graham 1969: at most
/// 4/3 of the optimum).
package func makespan<Time: Comparable & AdditiveArithmetic>(_ tasks: [Time], workers: Int) -> Time {
  precondition(workers > 0)
  var free = [Time](repeating: .zero, count: min(workers, max(tasks.count, 1)))
  for task in tasks.sorted(by: >) { free[free.indices.min { free[$0] < free[$1] }!] += task }
  return free.max()!
}
