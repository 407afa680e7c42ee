import Kernels

/// Times one pass of one convolution by itself, checked first where the user wants it.
extension Session {
  /// - Parameter filterChanges: whether each call begins with a new filter, as after an update.
  func measureConvolution(
    _ name: String, _ shape: ConvShape, _ pass: ConvPass, _ algorithm: ConvAlgorithm, _ context: Context,
    filterChanges: Bool
  ) -> Row {
    let operands = ConvOperands(shape, cold: options.cold ? machine.lastLevelCache : nil)
    let convolution = Convolution(
      shape, context: context, plan: ConvPlan(algorithm), use: filterChanges ? .once : .often)
    var error: Double?
    if options.check {
      progress("\(name): check")
      convolution.filterChanged()
      operands.run(convolution, pass, call: 0)
      error = operands.error(pass)
    }
    convolution.filterChanged()
    var row = measure(name, context, shape: "\(shape)") { call in
      // With several sets the filter is another one at each call.
      if filterChanges || operands.sets > 1 { convolution.filterChanged() }
      operands.run(convolution, pass, call: call)
    }
    if let error {
      let bound = operands.bound(pass, algorithm)
      row.counters[.checkError] = error
      row.notes.append("\(error <= bound ? "checked" : "WRONG"), error \(Number.significant(error)) of RMS")
      if error > bound { wrongRows.append(name) }
    }
    return row
  }
}
