import Kernels

/// `conv`: convolutions that are not the networks' own, by themselves: other kernels, as networks elsewhere have them.
extension Session {
  private static let convolutions = [
    "n16 56x56x64 -> 56x56x64 k3x3 s1 p1,1,1,1", "n16 28x28x128 -> 28x28x128 k3x3 s1 p1,1,1,1",
    "n16 14x14x256 -> 14x14x256 k3x3 s1 p1,1,1,1", "n16 56x56x64 -> 28x28x128 k3x3 s2 p1,1,1,1",
    // PyTorch's DCGAN example, two of its discriminator's.
    "n16 32x32x64 -> 16x16x128 k4x4 s2 p1,1,1,1", "n16 8x8x256 -> 4x4x512 k4x4 s2 p1,1,1,1",
  ]

  func measureConvolutions() {
    for context in places {
      for text in Session.convolutions {
        guard let shape = try? ConvShape(parsing: text) else { preconditionFailure(text) }
        let name = text.replacing(" -> ", with: "-").replacing(" ", with: "-").replacing(",", with: ".")
        for pass in options.passes {
          for algorithm in options.algorithms where algorithm.supports(shape) {
            let name = "conv/\(name)/\(pass.rawValue)/\(algorithm.rawValue)/\(Session.place(context))"
            guard options.wants(name) else { continue }
            var row = measureConvolution(name, shape, pass, algorithm, context, filterChanges: true)
            let floats = shape.inputCount + shape.filterCount + shape.outputCount
            row.setWork(flops: shape.flops, bytes: 4 * Double(floats))
            if algorithm == .winograd { row.notes.append("GFLOP/s direct-equivalent") }
            if context.plan(for: shape)[pass] == algorithm { row.notes.append("planned") }
            add(row)
          }
        }
      }
    }
  }
}
