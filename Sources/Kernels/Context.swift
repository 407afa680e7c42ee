import CProcessor
import Dispatch
import Synchronization
import VectorLoops
import VectorLoops16
import VectorLoops8

/// The vector instructions that the inner loops use.
public enum InstructionSet: String, CaseIterable, Sendable {
  /// Eight lanes: AVX2 with FMA on x86-64, NEON on arm64.
  case avx2
  /// Sixteen lanes: AVX-512 (x86-64-v4).
  case avx512

  public var width: Int { self == .avx2 ? 8 : 16 }

  /// What this processor can run, narrowest first; empty on an x86-64 processor without AVX2 and FMA.
  public static var available: [InstructionSet] {
    var sets: [InstructionSet] = []
    if processor_has_avx2_fma() { sets.append(.avx2) }
    if processor_has_avx512() { sets.append(.avx512) }
    return sets
  }
}

/// Where kernels run: how many threads, which instructions, and their scratch memory. Not thread-safe from outside: one
/// kernel at a time per context.
public final class Context: @unchecked Sendable {
  public let threads: Int
  public let instructionSet: InstructionSet
  let loops: any VectorLoops.Type
  private var scratchBuffers: [String: Buffer] = [:]

  /// Bytes of a core's second-level cache, which blocks of operands are cut for. Whatever it is, results are the same.
  var secondLevelCache = Context.reportedSecondLevelCache

  /// Takes the place of the plan's algorithms wherever it can compute the shape; nil leaves the choice to the plan.
  public var algorithm: ConvAlgorithm?

  /// For measuring only, nil otherwise. While it is set, `parallel` runs its tasks one after another on the calling
  /// thread, times each, and hands over the region when it is done: the times are undisturbed by neighbours, and the
  /// split into tasks is still the one for `threads` threads, even for more threads than this machine has.
  public var taskObserver: ((ParallelRegion) -> Void)?

  /// - Parameters:
  ///   - threads: worker threads; results do not depend on it.
  ///   - instructionSet: must be one of `InstructionSet.available`; nil takes the widest.
  public init(threads: Int, instructionSet: InstructionSet? = nil) {
    precondition(threads > 0)
    let available = InstructionSet.available
    guard let chosen = instructionSet ?? available.last, available.contains(chosen) else {
      preconditionFailure("no usable instruction set; see InstructionSet.available")
    }
    self.threads = threads
    self.instructionSet = chosen
    self.loops = chosen == .avx512 ? Loops16.self : Loops8.self
  }

  /// Lanes of a vector.
  public var width: Int { instructionSet.width }

  /// Calls `body` with 0, ..., count - 1, each once, on up to `threads` threads, and returns when all are done.
  ///
  /// What a task computes must depend on its index alone, never on the thread: that is what makes results independent
  /// of the number of threads. Give each at least 100 microseconds of work where possible.
  public func parallel(_ count: Int, _ body: (Int) -> Void) {
    parallel(count) { task, _ in body(task) }
  }

  /// The same, and tells each task on which worker it runs, 0 ..< threads, for a workspace that tasks overwrite. No two
  /// tasks run on one worker at a time.
  func parallel(_ count: Int, _ body: (_ task: Int, _ worker: Int) -> Void) {
    if let taskObserver { return observe(count, { body($0, 0) }, taskObserver) }
    if threads == 1 || count <= 1 {
      for i in 0..<max(count, 0) { body(i, 0) }
      return
    }
    let next = Atomic<Int>(0)
    withoutActuallyEscaping(body) { body in
      nonisolated(unsafe) let body = body
      DispatchQueue.concurrentPerform(iterations: min(threads, count)) { worker in
        while true {
          let i = next.wrappingAdd(1, ordering: .relaxed).oldValue
          if i >= count { return }
          body(i, worker)
        }
      }
    }
  }

  /// Scratch memory of at least `count` floats, reused by later calls with the same name. Contents are unspecified.
  func scratch(_ name: String, _ count: Int) -> UnsafeMutablePointer<Float> {
    if let buffer = scratchBuffers[name], buffer.count >= count { return buffer.pointer }
    scratchBuffers[name] = nil
    let buffer = Buffer(count: count)
    scratchBuffers[name] = buffer
    return buffer.pointer
  }
}
