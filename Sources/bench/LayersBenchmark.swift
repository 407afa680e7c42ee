import Kernels
import Text

/// `layers`: each layer and pass as it runs within a training step, and each matrix-like one by itself.
extension Session {
  func measureLayers() {
    for context in places { measureWithinStep(context) }
    measureSingleLayers()
  }

  /// Rows of everything that a step consists of, timed by the layers themselves while the step runs. Their times per
  /// call times calls add up to the step; a remark says what is missing.
  private func measureWithinStep(_ context: Context) {
    let (shapes, place) = (options.shapes, Session.place(context))
    func name(_ part: String) -> String {
      "layer/\(part.replacing(" ", with: "/"))/in-step/\(options.network)/\(place)"
    }
    func isWanted(_ part: String) -> Bool { options.wants(name(part)) && options.wantsPass(of: part) }
    guard shapes.parts.keys.contains(where: isWanted) else { return }
    progress(name("*"))
    let subject = StepSubject(options.networks, batch: options.batch, context: context)
    let trace = StepTrace.record(subject, repetitions: options.measure.repetitions) { peak(context) }
    let step = Statistics(trace.steps)
    for part in trace.parts where isWanted(part.name) {
      let work = shapes.parts[part.name]
      let calls = Double(shapes.batches(part.name, calls: part.calls))
      let perCall = Measure.Timing(
        real: Statistics(part.seconds.map { $0 / calls }),
        processor: Statistics(part.processor.map { $0 / calls }), iterations: part.calls,
        possible: Statistics(zip(part.seconds, trace.peaks).map { $0 * $1 / calls }))
      var row = Row(name(part.name), perCall, threads: context.threads, shape: work?.shape.map { "\($0)" })
      row.setWork(flops: work?.shape?.flops, bytes: work.flatMap { $0.bytes > 0 ? $0.bytes : nil })
      row.counters[.callsPerStep] = calls
      row.counters[.stepShare] = Statistics(part.seconds).median / step.median
      add(row)
    }
    remark(
      "in-step rows on \(place): calls times their time are \(fixed(trace.accounted * 100, 1))% of the measured "
        + "step of \(significant(step.median * 1e3)) ms, \(fixed((1 - trace.accounted) * 100, 1))% is "
        + "unaccounted for")
  }
}
