import Kernels

/// What `body` makes of every index, in their order, on all processors; throws an error after all have ended.
@discardableResult
func concurrently<Value: Sendable>(
  _ count: Int, _ body: @Sendable (Int) throws -> Value
) throws -> [Value] {
  try mapInParallel(count, threads: Context.processorCount) { index in Result { try body(index) } }
    .map { try $0.get() }
}
