import Kernels

/// What a training step consists of, from the descriptions of its networks: the matrix-like layers with their shapes, and
/// the work and memory traffic of every row that a layer reports (`G.trans_conv2 fwd`). See the recipe: G forward once, D
/// forward on reals and fakes, and on fakes again.
package struct StepShapes: Sendable {
  /// Seen from the layer: a transposed convolution's forward pass is its convolution's backward-data pass.
  package struct Layer: Equatable, Sendable {
    package var name: String
    /// For a transposed layer, the convolution that it is the adjoint of. A dense layer is a 1x1 convolution of 1x1
    /// images.
    package var shape: ConvShape
    package var isTransposed: Bool
    /// Calls of each of the layer's passes in one training step. One on reals and fakes together counts as two.
    package var calls: [ConvPass: Int]

    /// The pass of `shape` that computes the layer's `pass`.
    package func kernelPass(_ pass: ConvPass) -> ConvPass {
      guard isTransposed, pass != .backwardFilter else { return pass }
      return pass == .forward ? .backwardData : .forward
    }
  }

  /// The work of a row.
  package struct Part: Equatable, Sendable {
    /// Of a matrix-like layer's pass.
    package var shape: ConvShape?
    /// Calls in one step, where the description tells.
    package var calls: Int?
    /// Bytes that one call must move between memory and cores at least, caches being too small to keep activations.
    package var bytes: Double
  }

  package private(set) var layers: [Layer] = []
  /// By row: every row that the layers of a step may report.
  package private(set) var parts: [String: Part] = [:]

  package init(_ networks: GANDescription, batch: Int) {
    // The step of D needs no gradient of the images, the step of G no gradient of D's filters, and nothing that of z.
    add("G", networks.generator, batch: batch, calls: [.forward: 1, .backwardData: 1, .backwardFilter: 1], first: nil)
    add(
      "D", networks.discriminator, batch: batch, calls: [.forward: 3, .backwardData: 3, .backwardFilter: 2], first: 1)
  }

  /// - Parameter first: data gradients of the first layer.
  private mutating func add(_ prefix: String, _ network: Network, batch: Int, calls: [ConvPass: Int], first: Int?) {
    var filters = 0
    var isFirst = true
    for stage in network.allStages {
      let name = "\(prefix).\(stage.name)"
      let values = Double(4 * batch * stage.output.elements)
      guard let shape = stage.convShape(batch: batch) else {
        // As batch normalisation, beside which others are rare: forward reads once, for the statistics; the layer behind it
        // maps what it reads. Backward reads gradient and activation for the sums and again for the map, and writes once.
        parts["\(name) fwd"] = Part(bytes: values)
        parts["\(name) bwd"] = Part(bytes: 5 * values)
        continue
      }
      var calls = calls
      if isFirst { calls[.backwardData] = first }
      isFirst = false
      layers.append(Layer(name: name, shape: shape, isTransposed: stage.isTransposed, calls: calls))
      filters += shape.filterCount
      for pass in ConvPass.allCases {
        parts["\(name) \(pass.rawValue)"] = Part(shape: shape, calls: calls[pass], bytes: shape.leastBytes)
      }
      // Gradient and output read, one written. Layers before a batch norm have neither bias nor activation.
      parts["\(name) bwd-bias"] = Part(bytes: stage.activation == .identity ? 0 : 3 * values)
    }
    // Value, gradient and two moments read, three written. Biases and batch norm's vectors are thousands among millions.
    parts["\(prefix) adam"] = Part(bytes: 28 * Double(filters))
  }

  /// Batches that the calls of a row go over: the discriminator's update takes two, in one call or in turn, and the
  /// generator's a third.
  package func batches(_ row: String, calls: Int) -> Int {
    parts[row]?.calls ?? (row.hasPrefix("D.") ? 3 : calls)
  }

  /// Operations of one training step done directly, matrix-like layers only: the rest is below a percent.
  package var stepFlops: Double { layers.reduce(0) { $0 + $1.shape.flops * Double($1.calls.values.reduce(0, +)) } }

  /// Operations of generating one batch of images.
  package var sampleFlops: Double { layers.filter { $0.name.hasPrefix("G.") }.reduce(0) { $0 + $1.shape.flops } }
}
