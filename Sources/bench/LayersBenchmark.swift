import Kernels

/// `layers`: each matrix-like layer, pass and algorithm by itself, at the shape it has in the training step.
extension Session {
  func measureLayers() throws {
    for context in places {
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
