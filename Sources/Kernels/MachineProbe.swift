import MicroKernels

/// Runs the measuring micro-kernels on a context's threads and says how much work was done; the caller holds the clock.
public enum MachineProbe {
  /// A pass over memory, after McCalpin's STREAM.
  public enum Stream: String, CaseIterable, Sendable {
    case read, copy, triad

    /// Arrays that one pass touches; bytes are counted as STREAM does, without what a store may fetch first.
    public var arrays: Int {
      switch self {
      case .read: 1
      case .copy: 2
      case .triad: 3
      }
    }
  }

  /// Register-resident multiply-adds on every thread of `context`. Returns the floating-point operations done by all
  /// threads together, and a sum that keeps the work alive.
  public static func multiplyAdd(_ context: Context, iterationsPerThread: Int) -> (flops: Double, sum: Float) {
    let factors = Buffer([0.5, 1])
    let sums = Buffer(count: context.threads)
    let kernels = context.kernels
    context.parallel(context.threads) { thread in
      sums.pointer[thread] = kernels.multiplyAdd(iterations: iterationsPerThread, factors: factors.pointer)
    }
    let flops = Double(kernels.multiplyAddFlops) * Double(iterationsPerThread) * Double(context.threads)
    return (flops, sums.array.reduce(0, +))
  }

  /// One pass over `buffers` (three of equal count), each thread over its own contiguous part. The first buffer is
  /// overwritten except by `read`. Returns the bytes moved, and a sum that keeps the work alive.
  public static func stream(_ kind: Stream, _ context: Context, buffers: [Buffer]) -> (bytes: Double, sum: Float) {
    precondition(buffers.count == 3 && buffers.allSatisfy { $0.count == buffers[0].count })
    let count = buffers[0].count
    let sums = Buffer(count: context.threads)
    sums.fill(0)
    let kernels = context.kernels
    context.parallel(context.threads) { thread in
      let start = count * thread / context.threads
      let length = count * (thread + 1) / context.threads - start
      let target = buffers[0].pointer + start
      let first = UnsafePointer(buffers[1].pointer + start)
      let second = UnsafePointer(buffers[2].pointer + start)
      switch kind {
      case .read: sums.pointer[thread] = kernels.read(first, length)
      case .copy: kernels.copy(first, target, length)
      case .triad: kernels.triad(first, second, factor: 0.5, target, length)
      }
    }
    return (Double(count * MemoryLayout<Float>.stride * kind.arrays), sums.array.reduce(0, +))
  }
}
