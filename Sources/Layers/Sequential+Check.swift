import Kernels

extension Sequential {
  /// Values, of parameters and of all outputs for one input, from which on it is asked whether there is memory for them.
  private static let few = 1 << 26

  func check(_ input: Shape) throws(NetworkError) {
    try checkNames()
    var shape = try Limits.shape("the input", input.n, input.h, input.w, input.c)
    // Each parameter has a gradient, and each is at most 2^31 values; outputs are at most 2^56 for a layer.
    var values = 0
    for (i, layer) in layers.enumerated() {
      for parameter in layer.parameters {
        guard let count = parameter.layout.checkedCount, count <= Limits.mostParameters else {
          throw NetworkError(
            layer.label,
            "its \(parameter.name) of shape \(parameter.layout.fileShape) has more than \(Limits.mostParameters) values; use"
              + " fewer channels or a smaller kernel")
        }
        values += 2 * count
      }
      shape = try layer.outputShape(shape)
      // The layer behind a batch normalisation reads its input through a map.
      let isMapped = layer is BatchNorm && i + 1 < layers.count && layers[i + 1].readsMaps
      if !layer.worksInPlace && !isMapped { values = min(values + shape.count, 1 << 60) }
      if values > Self.few, let memory = Memory.available, values > memory / 4 {
        throw NetworkError(
          layer.label,
          "with its output \(shape) and parameters the network needs \(values / 250_000) MB, where \(memory / 1_000_000) MB"
            + " can be had; use smaller batches or images, or fewer channels")
      }
    }
  }

  private func checkNames() throws(NetworkError) {
    var names: Set<String> = []
    for name in parameters.map(\.name) + counters.map(\.name) where !names.insert(name).inserted {
      let layer = name.split(separator: ".").dropLast().joined(separator: ".")
      throw NetworkError("two layers are called '\(layer)': give each a name of its own")
    }
  }
}
