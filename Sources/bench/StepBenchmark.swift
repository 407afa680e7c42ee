import CatGAN
import Kernels
import Text

/// `step`: whole training steps. `layers`: each layer and pass as it runs within one, and each matrix-like one by itself.
extension Session {
  /// The original run: 215 epochs over 6,445 pictures of 128x128.
  private static let originalRun = (epochs: 215, pictures: 6445)

  func measureStep() {
    for context in places {
      let name = "step/\(options.network)/\(context.place)"
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
          "\(name): the original run (\(Session.originalRun.epochs) epochs of \(Session.originalRun.pictures) pictures) "
            + "would take \(fixed(hours, 1)) hours on this machine")
      }
      add(row)
    }
  }

  /// A partial batch at the end of an epoch is dropped, as in training.
  static func originalRunHours(secondsPerStep: Double, batch: Int) -> Double {
    secondsPerStep * Double(originalRun.epochs * (originalRun.pictures / batch)) / 3600
  }

  /// The row that `body` measures, with the peak of the process's memory meanwhile.
  func measureMemory(_ body: () throws -> Row) rethrows -> Row {
    let isOwnMemory = SystemInformation.resetPeakMemory()
    var row = try body()
    row.counters[.peakMemory] = SystemInformation.peakMemory.map(Double.init)
    if !isOwnMemory { row.notes.append("peak memory of the whole run") }
    return row
  }

  /// Rows of everything that a step consists of, timed by the layers themselves while the step runs. Their times per
  /// call times calls add up to the step; a remark says what is missing.
  func measureWithinStep(_ context: Context) {
    let shapes = options.shapes
    func name(_ part: String) -> String {
      "layer/\(part.replacing(" ", with: "/"))/in-step/\(options.network)/\(context.place)"
    }
    func isWanted(_ part: String) -> Bool { options.wants(name(part)) && options.wantsPass(of: part) }
    guard shapes.parts.keys.contains(where: isWanted) else { return }
    progress(name("*"))
    let subject = StepSubject(options.networks, batch: options.batch, context: context)
    _ = subject.record()
    // Of each step its seconds, the peak's speed before it, and the calls of its layers.
    let steps = (0..<options.measure.repetitions).map { _ in
      let (speed, start) = (peak(context), monotonicTime())
      let calls = subject.record().filter { !$0.name.isEmpty }
      return (seconds: monotonicTime() - start, speed: speed, calls: calls)
    }
    let step = Statistics(steps.map(\.seconds)).median
    var names: [String] = []
    for call in steps[0].calls where !names.contains(call.name) { names.append(call.name) }
    for part in names where isWanted(part) {
      let work = shapes.parts[part]
      let own = steps.map { $0.calls.filter { $0.name == part } }
      let calls = Double(shapes.batches(part, calls: own[0].count))
      let seconds = own.map { $0.reduce(0) { $0 + $1.seconds } }
      let perCall = Measure.Timing(
        real: Statistics(seconds.map { $0 / calls }),
        processor: Statistics(own.map { $0.reduce(0) { $0 + $1.processor } / calls }), iterations: own[0].count,
        possible: Statistics(zip(seconds, steps).map { $0 * $1.speed / calls }))
      var row = Row(name(part), perCall, threads: context.threads, shape: work?.shape.map { "\($0)" })
      row.setWork(flops: work?.shape?.flops, bytes: work.flatMap { $0.bytes > 0 ? $0.bytes : nil })
      row.counters[.callsPerStep] = calls
      row.counters[.stepShare] = Statistics(seconds).median / step
      add(row)
    }
    let accounted = Statistics(steps.map { $0.calls.reduce(0) { $0 + $1.seconds } / $0.seconds }).median
    remark(
      "in-step rows on \(context.place): calls times their time are \(percent(accounted, 1)) of the measured step of "
        + "\(significant(step * 1e3)) ms, \(percent(1 - accounted, 1)) is unaccounted for")
  }
}
