import Kernels

/// A layer with the activation that follows it at once: what is one pass over memory, and one step of whatever runs a
/// network.
public struct Stage: Hashable, Sendable {
  /// The layer itself.
  public let layer: LayerSpec
  /// The layer's name, or one made of its kind and place.
  public let ownName: String
  /// The name with those of the layers around it, which its parameters begin with.
  public let name: String
  /// Of one image.
  public let input: Shape
  /// Of one image.
  public let output: Shape
  /// `.identity` where none follows.
  public let activation: Activation
  /// Whether batch normalisation follows at once, which takes any constant out of a channel again.
  public let isNormalized: Bool
  /// Of a sequence its stages, of a sum or concatenation one stage a branch.
  public let children: [Stage]

  /// The convolution that does a linear layer's work, or of whose passes a transposed one's are the adjoints; nil for other
  /// layers. A dense layer is a 1x1 convolution of 1x1 images.
  public func convShape(batch: Int) -> ConvShape? {
    switch layer.operation {
    case .dense:
      .same(
        batch: batch, height: 1, width: 1, inputChannels: input.elements, outputChannels: output.elements, kernel: 1,
        stride: 1)
    case .convolution(let spec):
      ConvShape(
        batch: batch, height: input.h, width: input.w, inputChannels: input.c, outputChannels: output.c,
        window: spec.window)
    case .transposedConvolution(let spec):
      ConvShape(
        batch: batch, height: output.h, width: output.w, inputChannels: output.c, outputChannels: input.c,
        window: spec.window)
    default: nil
    }
  }

  /// Whether `convShape` is of the convolution that the layer is the adjoint of.
  public var isTransposed: Bool {
    if case .transposedConvolution = layer.operation { return true }
    return false
  }

  /// The stage and all within it.
  public var all: [Stage] { [self] + children.flatMap { $0.all } }
}

extension Network {
  /// The layers in order, those within containers in the stages of these.
  public var stages: [Stage] { Network.stages(layers, input, path: "", inSequence: true) }

  /// All stages, those within others too.
  public var allStages: [Stage] { stages.flatMap { $0.all } }

  /// - Parameter inSequence: whether each layer reads what the one before it makes, or all read the input.
  private static func stages(_ layers: [LayerSpec], _ input: Shape, path: String, inSequence: Bool) -> [Stage] {
    var (stages, index, input): ([Stage], Int, Shape) = ([], 0, input)
    while index < layers.count {
      let layer = layers[index]
      let next = inSequence && index + 1 < layers.count ? layers[index + 1].operation : nil
      var (activation, isNormalized, used): (Activation, Bool, Int) = (.identity, false, 1)
      switch (layer.operation, next) {
      case (.activation(let own), _): activation = own
      case (.batchNorm, .activation(.leakyReLU(let slope))): (activation, used) = (.leakyReLU(slope: slope), 2)
      case (.dense, .activation(let following)), (.convolution, .activation(let following)),
        (.transposedConvolution, .activation(let following)):
        (activation, used) = (following, 2)
      case (.dense, .batchNorm), (.convolution, .batchNorm), (.transposedConvolution, .batchNorm): isNormalized = true
      default: break
      }
      var named = layer
      if layer.name.isEmpty { named.name = "\(layer.kind.rawValue)\(index + 1)" }
      let (name, output) = (named.fullName(path), layer.output(input))
      var isSequence = false
      if case .sequential = layer.operation { isSequence = true }
      stages.append(
        Stage(
          layer: layer, ownName: named.name, name: name, input: input, output: output, activation: activation,
          isNormalized: isNormalized,
          children: Network.stages(layer.children, input, path: name, inSequence: isSequence)))
      if inSequence { input = output }
      index += used
    }
    return stages
  }
}
