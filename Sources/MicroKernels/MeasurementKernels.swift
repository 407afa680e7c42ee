/// Micro-kernels that measure the machine and compute nothing of use: the others' speed is compared with theirs.
public protocol MeasurementKernels {
  /// Runs `iterations` rounds of independent fused multiply-adds that stay in registers, enough of them in flight to
  /// hide the latency of two FMA pipes. Each round adds the product of `factors` [2] to twelve sums that begin at 0 ... 11
  /// in all lanes. The result, the sum of all, only keeps the compiler from dropping the work.
  static func multiplyAdd(iterations: Int, factors: UnsafePointer<Float>) -> Float

  /// Floating-point operations of one iteration of `multiplyAdd`; a fused multiply-add counts as two.
  static var multiplyAddFlops: Int { get }

  /// Reads `source` [count] once and returns its sum.
  static func read(_ source: UnsafePointer<Float>, _ count: Int) -> Float

  /// Overwrites `destination` [count] with `source` [count].
  static func copy(_ source: UnsafePointer<Float>, _ destination: UnsafeMutablePointer<Float>, _ count: Int)

  /// Overwrites `destination` [count] with `first` + `factor` * `second`, as STREAM's triad does.
  static func triad(
    _ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>, factor: Float,
    _ destination: UnsafeMutablePointer<Float>, _ count: Int)
}
