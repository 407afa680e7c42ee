import Kernels
import Networks

/// The matrix-like layers of both networks with their shapes, and how often a training step runs each pass: what the
/// work of a step is counted from. See the recipe: G forward once, D forward on reals and fakes, and on fakes again.
struct StepShapes: Sendable {
  /// Seen from the layer: a transposed convolution's forward pass is its convolution's backward-data pass.
  struct Layer: Equatable, Sendable {
    var name: String
    /// For a transposed layer, the convolution that it is the adjoint of. A dense layer is a 1x1 convolution of 1x1
    /// pictures.
    var shape: ConvShape
    var isTransposed: Bool
    /// Whether an activation is part of it, which backward has to go through.
    var isActivated: Bool
    /// Calls of each of the layer's passes in one training step. One on reals and fakes together counts as two.
    var calls: [ConvPass: Int]

    /// The pass of `shape` that computes the layer's `pass`.
    func kernelPass(_ pass: ConvPass) -> ConvPass {
      guard isTransposed else { return pass }
      switch pass {
      case .forward: return .backwardData
      case .backwardData: return .forward
      case .backwardFilter: return .backwardFilter
      }
    }

    /// Bytes that one pass must move at least: its two operands and its result, once each.
    var bytes: Double { 4 * Double(shape.inputCount + shape.outputCount + shape.filterCount) }
  }

  var layers: [Layer] = []
  /// Values that each of the other layers puts out.
  var others: [(name: String, values: Int)] = []

  init(_ networks: GANDescription, batch: Int) {
    // The step of D needs no gradient of the pictures, the step of G no gradient of D's filters, and nothing that of z.
    add("G", networks.generator, batch: batch, calls: [.forward: 1, .backwardData: 1, .backwardFilter: 1], first: nil)
    add(
      "D", networks.discriminator, batch: batch, calls: [.forward: 3, .backwardData: 3, .backwardFilter: 2], first: 1)
  }

  /// - Parameter first: data gradients of the first layer.
  private mutating func add(_ prefix: String, _ network: Network, batch: Int, calls: [ConvPass: Int], first: Int?) {
    for (index, stage) in network.stages.enumerated() {
      let name = "\(prefix).\(stage.name)"
      guard let shape = stage.convShape(batch: batch) else {
        others.append((name, batch * stage.output.elements))
        continue
      }
      var calls = calls
      if index == 0 { calls[.backwardData] = first }
      layers.append(
        Layer(
          name: name, shape: shape, isTransposed: stage.isTransposed, isActivated: stage.activation != .identity,
          calls: calls))
    }
  }

  /// Batches that the calls of a part of the step, such as `D.batch_conv2 fwd`, go over: the discriminator's update takes
  /// two in one call.
  func batches(_ part: String, calls: Int) -> Int {
    if let (layer, pass) = product(part) { return layer.calls[pass]! }
    return part.hasPrefix("D.") ? calls + 1 : calls
  }

  /// Operations of one training step done directly, matrix-like layers only: the rest is below a percent.
  var stepFlops: Double {
    layers.reduce(0) { $0 + $1.shape.flops * Double($1.calls.values.reduce(0, +)) }
  }

  /// Operations of generating one batch of pictures.
  var sampleFlops: Double {
    layers.filter { $0.name.hasPrefix("G.") }.reduce(0) { $0 + $1.shape.flops }
  }
}
