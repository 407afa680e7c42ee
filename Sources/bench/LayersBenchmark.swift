import Kernels

/// `layers`: each layer and pass as it runs within a training step, and each matrix-like one by itself.
extension Session {
  func measureLayers() {
    for context in places {
      measureWithinStep(context)
      for layer in options.shapes.layers {
        for pass in options.passes {
          guard layer.calls[pass] != nil else { continue }
          for algorithm in options.algorithms where algorithm.supports(layer.shape) {
            let path = "layer/\(layer.name)/\(pass.rawValue)/\(algorithm.rawValue)"
            let name = "\(path)/\(options.network)/\(Session.place(context))"
            guard options.wants(name) else { continue }
            add(measureConvolution(name, layer, pass, algorithm, context))
          }
        }
      }
    }
  }

  /// Rows of everything that a step consists of, timed by the layers themselves while the step runs. Their times per
  /// call times calls add up to the step; a remark says what is missing.
  private func measureWithinStep(_ context: Context) {
    let place = Session.place(context)
    func name(_ part: String) -> String {
      let (layer, pass) = StepShapes.split(part)
      return "layer/\(layer)/\(pass)/in-step/\(options.network)/\(place)"
    }
    func isWanted(_ part: String) -> Bool { options.wants(name(part)) && options.wantsPass(of: part) }
    guard options.shapes.partNames.contains(where: isWanted) else { return }
    progress("layer/*/in-step/\(options.network)/\(place)")
    let subject = StepSubject(options.networks, batch: options.batch, context: context)
    let trace = StepTrace.record(subject, repetitions: options.measure.repetitions) { peak(context) }
    let step = Statistics(trace.steps)
    for part in trace.parts where isWanted(part.name) {
      let calls = Double(options.shapes.batches(part.name, calls: part.calls))
      let perCall = Measure.Timing(
        real: Statistics(part.seconds.map { $0 / calls }),
        processor: Statistics(part.processor.map { $0 / calls }), iterations: part.calls,
        possible: Statistics(zip(part.seconds, trace.peaks).map { $0 * $1 / calls }))
      var row = Row(name(part.name), perCall, threads: context.threads)
      let product = options.shapes.product(part.name)
      let bytes = options.shapes.bytes(part.name)
      row.setWork(flops: product?.layer.shape.flops, bytes: bytes > 0 ? bytes : nil)
      row.shape = (product?.layer.shape).map { "\($0)" }
      row.counters[.callsPerStep] = calls
      row.counters[.stepShare] = Statistics(part.seconds).median / step.median
      add(row)
    }
    remark(
      "in-step rows on \(place): calls times their time are \(Number.fixed(trace.accounted * 100, 1))% of the measured "
        + "step of \(Number.significant(step.median * 1e3)) ms, \(Number.fixed((1 - trace.accounted) * 100, 1))% is "
        + "unaccounted for")
  }

  private func measureConvolution(
    _ name: String, _ layer: StepShapes.Layer, _ pass: ConvPass, _ algorithm: ConvAlgorithm, _ context: Context
  ) -> Row {
    let kernelPass = layer.kernelPass(pass)
    var row = measureConvolution(name, layer.shape, kernelPass, algorithm, context, filterChanges: true)
    row.setWork(flops: layer.shape.flops, bytes: layer.bytes)
    row.counters[.callsPerStep] = layer.calls[pass].map(Double.init)
    if algorithm == .winograd { row.notes.append("GFLOP/s direct-equivalent") }
    if context.plan(for: layer.shape)[kernelPass] == algorithm { row.notes.append("planned") }
    return row
  }
}
