import CatGAN
import Kernels

/// `peak`: the speed of the arithmetic and of the memory, which everything else is compared with.
extension Session {
  /// About ten milliseconds: long enough that waking the threads does not count.
  private static let iterations = 4 << 20

  func measurePeaks() {
    for set in options.instructionSets {
      for threads in Set(options.threads + [1]).sorted() {
        let context = context(set, threads: threads)
        if options.wants("peak/fma/\(context.place)") { add(measurePeak(context)) }
        measureBandwidth(context)
      }
    }
  }

  /// Multiply-add peak of `context` in FLOP/s, as it is now. The report keeps the best that the run has seen.
  func peak(_ context: Context) -> Double {
    let start = monotonicTime()
    let flops = MachineProbe.multiplyAdd(context, iterationsPerThread: Session.iterations).flops
    let peak = flops / (monotonicTime() - start)
    report.update { $0.keepBest((context.instructionSet.rawValue, context.threads, peak)) }
    return peak
  }

  /// Times the multiply-add loop. The row's time is its best sample: a peak is what the machine can do, not what it
  /// usually does. It has a few samples even where the user wants one of everything else.
  private func measurePeak(_ context: Context) -> Row {
    progress("peak/fma/\(context.place)")
    var flops = 0.0
    var measure = options.measure
    measure.repetitions = max(measure.repetitions, 5)
    let timing = measure.time { _ in
      flops = MachineProbe.multiplyAdd(context, iterationsPerThread: Session.iterations).flops
    }
    var row = Row("peak/fma/\(context.place)", timing, threads: context.threads)
    row.real = timing.real.minimum
    row.timing.possible = Statistics([flops])
    row.setWork(flops: flops)
    row.notes.append("register-resident multiply-adds, best sample")
    return row
  }

  /// Streams through three buffers, each four times the last-level cache, so that it is memory that answers.
  private func measureBandwidth(_ context: Context) {
    func name(_ stream: MachineProbe.Stream) -> String { "peak/\(stream.rawValue)/\(context.place)" }
    let wanted = MachineProbe.Stream.allCases.filter { options.wants(name($0)) }
    guard !wanted.isEmpty else { return }
    let bytes = min(max(4 * machine.lastLevelCache, 64 << 20), 512 << 20)
    let buffers = (0..<3).map { _ in Buffer(count: bytes / MemoryLayout<Float>.stride) }
    for buffer in buffers { buffer.fill(1) }
    for stream in wanted {
      var moved = 0.0
      var row = measure(name(stream), context) { _ in
        moved = MachineProbe.stream(stream, context, buffers: buffers).bytes
      }
      row.setWork(bytes: moved)
      row.notes.append("memory bandwidth, bytes counted as STREAM does")
      add(row)
    }
  }
}
