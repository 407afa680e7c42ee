import Kernels

/// `layers`: each layer and pass as it runs within a training step, and each matrix-like one by itself.
extension Session {
  func measureLayers() {
    for context in places {
      measureWithinStep(context)
      for layer in options.shapes.layers {
        for pass in options.passes {
          guard layer.calls[pass] != nil else { continue }
          let name = "layer/\(layer.name)/\(pass.rawValue)/\(options.network)/\(Session.place(context))"
          guard options.wants(name) else { continue }
          add(measureConvolution(name, layer, pass, context))
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
    let peak = peak(context)
    let subject = StepSubject(options.configuration, batch: options.batch, context: context)
    let trace = StepTrace.record(subject, repetitions: options.measure.repetitions)
    let step = Statistics(trace.steps)
    for part in trace.parts where isWanted(part.name) {
      let perCall = Measure.Timing(
        real: Statistics(part.seconds.map { $0 / Double(part.calls) }),
        processor: Statistics(part.processor.map { $0 / Double(part.calls) }), iterations: part.calls)
      var row = Row(name(part.name), perCall, threads: context.threads)
      let product = options.shapes.product(part.name)
      let bytes = options.shapes.bytes(part.name)
      row.setWork(flops: product?.layer.shape.flops, bytes: bytes > 0 ? bytes : nil, peak: peak)
      row.shape = (product?.layer.shape).map { "\($0)" }
      row.counters[.callsPerStep] = Double(part.calls)
      row.counters[.stepShare] = Statistics(part.seconds).median / step.median
      add(row)
    }
    remark(
      "in-step rows on \(place): calls times their time are \(Number.fixed(trace.accounted * 100, 1))% of the measured "
        + "step of \(Number.significant(step.median * 1e3)) ms, \(Number.fixed((1 - trace.accounted) * 100, 1))% is "
        + "unaccounted for")
  }

  private func measureConvolution(
    _ name: String, _ layer: StepShapes.Layer, _ pass: ConvPass, _ context: Context
  ) -> Row {
    let kernelPass = layer.kernelPass(pass)
    let operands = ConvOperands(layer.shape, cold: options.cold ? machine.lastLevelCache : nil)
    let convolution = Convolution(layer.shape, context: context)
    var verdict: String?
    var error: Double?
    if options.check {
      operands.run(convolution, kernelPass, call: 0)
      let value = operands.error(kernelPass)
      error = value
      verdict = Session.verdict(value)
    }
    var row = measure(name, context, shape: "\(layer.shape)") { call in
      operands.run(convolution, kernelPass, call: call)
    }
    row.setWork(flops: layer.shape.flops, bytes: layer.bytes, peak: peak(context))
    row.counters[.callsPerStep] = layer.calls[pass].map(Double.init)
    row.counters[.checkError] = error
    if let verdict { row.notes.append(verdict) }
    return row
  }

  /// Largest error over the RMS of the exact values that is still rounding. Float sums of n random terms err by about
  /// sqrt(n) * 2^-24 of the RMS; Winograd's transforms multiply that by less than a hundred. A wrong index gives errors
  /// near 1.
  static let checkBound = 1e-3

  static func verdict(_ error: Double) -> String {
    error < checkBound
      ? "checked, error \(Number.significant(error)) of RMS" : "WRONG, error \(Number.significant(error)) of RMS"
  }
}
