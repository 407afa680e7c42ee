import Kernels

/// `peak`: the speed of the arithmetic and of the memory, which everything else is compared with.
extension Session {
  /// About ten milliseconds: long enough that waking the threads does not count.
  static let peakIterations = 4 << 20

  func measurePeaks() {
    for set in options.instructionSets {
      for threads in Set(options.threads + [1]).sorted() {
        let context = context(set, threads: threads)
        if options.wants("peak/fma/\(Session.place(context))") { add(measurePeak(context)) }
        measureBandwidth(context)
      }
    }
  }

  /// Multiply-add peak of `context` in FLOP/s, as it is now. The report keeps the best that the run has seen.
  func peak(_ context: Context) -> Double {
    let start = Clock.wall
    let flops = MachineProbe.multiplyAdd(context, iterationsPerThread: Session.peakIterations).flops
    let peak = flops / (Clock.wall - start)
    let seen = Report.Peak(instructionSet: context.instructionSet.rawValue, threads: context.threads, flops: peak)
    publisher.update { $0.keepBest(seen) }
    return peak
  }

  /// Times the multiply-add loop. The row's time is its best sample: a peak is what the machine can do, not what it
  /// usually does. It has a few samples even where the user wants one of everything else.
  private func measurePeak(_ context: Context) -> Row {
    let name = "peak/fma/\(Session.place(context))"
    progress(name)
    var flops = 0.0
    let measure = Measure(repetitions: max(options.measure.repetitions, 5), minimumTime: options.measure.minimumTime)
    let timing = measure.time { _ in
      flops = MachineProbe.multiplyAdd(context, iterationsPerThread: Session.peakIterations).flops
    }
    var row = Row(name, timing, threads: context.threads)
    row.real = row.minimum
    row.possible = flops
    row.setWork(flops: flops)
    row.notes.append("register-resident multiply-adds, best sample")
    return row
  }

  /// Streams through three buffers, each four times the last-level cache, so that it is memory that answers.
  private func measureBandwidth(_ context: Context) {
    let wanted = MachineProbe.Stream.allCases.filter {
      options.wants("peak/\($0.rawValue)/\(Session.place(context))")
    }
    guard !wanted.isEmpty else { return }
    let bytes = min(max(4 * machine.lastLevelCache, 64 << 20), 512 << 20)
    let buffers = (0..<3).map { _ in Buffer(count: bytes / MemoryLayout<Float>.stride) }
    for buffer in buffers { buffer.fill(1) }
    for stream in wanted {
      var moved = 0.0
      var row = measure("peak/\(stream.rawValue)/\(Session.place(context))", context) { _ in
        moved = MachineProbe.stream(stream, context, buffers: buffers).bytes
      }
      row.setWork(bytes: moved)
      row.notes.append("memory bandwidth, bytes counted as STREAM does")
      add(row)
    }
  }
}
