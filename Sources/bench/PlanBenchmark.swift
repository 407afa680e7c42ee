import Kernels

/// `plan`: which algorithm each pass of each layer runs with. Nothing is timed; `layers` shows what each would take.
extension Session {
  func listPlan() {
    for context in places {
      for layer in options.shapes.layers {
        let plan = context.plan(for: layer.shape)
        for pass in options.passes where layer.calls[pass] != nil {
          let algorithm = plan[layer.kernelPass(pass)]
          let path = "plan/\(layer.name)/\(pass.rawValue)/\(algorithm.rawValue)"
          let name = "\(path)/\(options.network)/\(Session.place(context))"
          guard options.wants(name) else { continue }
          var row = Row(name, computed: 0, threads: context.threads)
          row.shape = "\(layer.shape)"
          row.counters[.callsPerStep] = layer.calls[pass].map(Double.init)
          let others = ConvAlgorithm.allCases.filter { $0 != algorithm && $0.supports(layer.shape) }
          row.notes.append(
            others.isEmpty ? "no other algorithm" : "also possible: \(others.map(\.rawValue).joined(separator: ", "))")
          add(row)
        }
      }
    }
  }
}
