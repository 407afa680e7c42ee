import Kernels

/// A layer with the activation that follows it at once: what is one pass over memory, and one step of whatever runs a
/// network.
public struct Stage: Hashable, Sendable {
  /// The layer itself.
  public let layer: LayerSpec
  /// The layer's name, or one made of its kind and place.
  public let name: String
  /// Of one picture.
  public let input: Shape
  /// Of one picture.
  public let output: Shape
  /// `.identity` where none follows.
  public let activation: Activation
  /// Whether batch normalisation follows at once, which takes any constant out of a channel again.
  public let isNormalized: Bool

  /// The convolution that does a linear layer's work, or of whose passes a transposed one's are the adjoints; nil for other
  /// layers. A dense layer is a 1x1 convolution of 1x1 pictures.
  public func convShape(batch: Int) -> ConvShape? {
    switch layer.operation {
    case .dense:
      .same(
        batch: batch, height: 1, width: 1, inputChannels: input.elements, outputChannels: output.elements, kernel: 1,
        stride: 1)
    case .convolution(let spec): spec.convShape(input: input.with(n: batch), output: output)
    case .transposedConvolution(let spec): spec.convShape(input: output.with(n: batch), output: input)
    case .batchNorm, .activation: nil
    }
  }

  /// Whether `convShape` is of the convolution that the layer is the adjoint of.
  public var isTransposed: Bool {
    if case .transposedConvolution = layer.operation { return true }
    return false
  }
}

extension Network {
  /// The layers with their activations, in the order in which they run.
  public var stages: [Stage] {
    var stages: [Stage] = []
    var index = 0
    while index < layers.count {
      let layer = layers[index]
      let next = index + 1 < layers.count ? layers[index + 1].operation : nil
      var (activation, isNormalized, used): (Activation, Bool, Int) = (.identity, false, 1)
      switch (layer.operation, next) {
      case (.activation(let own), _): activation = own
      case (.batchNorm, .activation(.leakyReLU(let slope))):
        (activation, used) = (.leakyReLU(slope: slope), 2)
      case (.batchNorm, _): break
      case (_, .activation(let following)): (activation, used) = (following, 2)
      case (_, .batchNorm): isNormalized = true
      default: break
      }
      stages.append(
        Stage(
          layer: layer, name: layer.name.isEmpty ? "\(layer.kind.rawValue)\(index + 1)" : layer.name,
          input: input(of: index), output: outputs[index], activation: activation, isNormalized: isNormalized))
      index += used
    }
    return stages
  }
}
