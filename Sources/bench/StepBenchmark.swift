import Kernels

/// `peak` and `step`: the speed of the arithmetic and of the memory, which everything else is compared with, and whole
/// training steps.
extension Session {
  /// About ten milliseconds: long enough that waking the threads does not count.
  private static let peakIterations = 4 << 20

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
    report.update { $0.keepBest(seen) }
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
    func name(_ stream: MachineProbe.Stream) -> String { "peak/\(stream.rawValue)/\(Session.place(context))" }
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

  /// The original run: 215 epochs over 6,445 pictures of 128x128.
  static let originalEpochs = 215
  static let originalPictures = 6445

  func measureStep() {
    for context in places {
      let name = "step/\(options.network)/\(Session.place(context))"
      guard options.wants(name) else { continue }
      var row = measureMemory {
        let subject = StepSubject(options.networks, batch: options.batch, context: context)
        return measure(name, context) { _ in subject.step() }
      }
      row.setWork(flops: options.shapes.stepFlops)
      row.setImages(options.batch)
      row.notes.append("GFLOP/s direct-equivalent")
      if options.preset == .cats128 {
        let hours = Session.originalRunHours(secondsPerStep: row.real, batch: options.batch)
        row.counters[.originalRunHours] = hours
        remark(
          "\(name): the original run (\(Session.originalEpochs) epochs of \(Session.originalPictures) pictures) would "
            + "take \(fixed(hours, 1)) hours on this machine")
      }
      add(row)
    }
  }

  /// A partial batch at the end of an epoch is dropped, as in training.
  static func originalRunHours(secondsPerStep: Double, batch: Int) -> Double {
    secondsPerStep * Double(originalEpochs * (originalPictures / batch)) / 3600
  }

  /// The row that `body` measures, with the peak of the process's memory meanwhile.
  func measureMemory(_ body: () throws -> Row) rethrows -> Row {
    let isOwnMemory = Machine.resetPeakMemory()
    var row = try body()
    row.counters[.peakMemory] = Machine.peakMemory().map(Double.init)
    if !isOwnMemory { row.notes.append("peak memory of the whole run") }
    return row
  }
}
