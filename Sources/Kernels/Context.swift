/// One call of `Context.parallel` as an observer sees it. Times in nanoseconds of the monotonic clock.
public struct ParallelRegion: Sendable {
  /// When the region was opened, in nanoseconds of a monotonic clock.
  public var start: UInt64
  /// When its last task had ended, on the same clock.
  public var end: UInt64
  /// Duration of each task, in index order.
  public var tasks: [UInt64]
}

/// Where kernels run: how many threads, which instructions, and their scratch memory. Not thread-safe from outside: one
/// kernel at a time per context.
public final class Context: @unchecked Sendable {
  /// Worker threads; results do not depend on it.
  public let threads: Int
  /// What the micro-kernels of this context use, but for layers of few channels: see `kernels(channels:)`.
  public let instructionSet: InstructionSet
  let kernels: MicroKernelSet
  /// Who works with the thread that calls a kernel, while kernels follow each other.
  var crew: Crew?
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
    self.kernels = chosen.kernels
  }

  /// Lanes of a vector.
  public var width: Int { instructionSet.width }

  /// Micro-kernels for so few channels that wider vectors would be at least half empty.
  func kernels(channels: Int) -> MicroKernelSet {
    let narrowest = InstructionSet.available[0]
    return channels <= narrowest.width ? narrowest.kernels : kernels
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
