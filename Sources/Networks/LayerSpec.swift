import Kernels

/// One layer of a network: what it does, and the name that its parameters begin with.
public struct LayerSpec: Hashable, Sendable {
  /// What a layer does, with its options.
  public enum Operation: Hashable, Sendable {
    case dense(DenseSpec)
    case convolution(ConvolutionSpec)
    /// The adjoint of a convolution; see `ConvolutionSpec`.
    case transposedConvolution(ConvolutionSpec)
    case batchNorm(BatchNormSpec)
    case activation(Activation)
    case gatedUnit(GatedUnit)
    /// A random part of the elements, in 0..<1, becomes zero in training, and the others are scaled up for them.
    case dropout(rate: Double)
    case pooling(PoolSpec)
    /// Every pixel so many times, downwards and across.
    case upsample(Extent)
    /// The same elements, counted in PyTorch's order c, h, w, as an image of another shape; nil makes a vector of them.
    case reshape(Shape?)
    /// Layers one after the other. Without any, what goes in comes out.
    case sequential([LayerSpec])
    /// The sum of what several layers make of one input.
    case residual([LayerSpec])
    /// The channels of what several layers make of one input, side by side.
    case concatenate([LayerSpec])
  }

  /// Unique among the layers beside it that have parameters; the others need none. Parameters' names begin with those of the layers
  /// around it, each with a dot behind it: a convolution `conv` in a sequence `body` of a sum `block` has the weight
  /// `block.body.conv.weight`.
  public var name: String
  /// What the layer does.
  public var operation: Operation

  /// - Parameter name: what its parameters' names begin with.
  public init(_ name: String, _ operation: Operation) {
    self.name = name
    self.operation = operation
  }

  /// A function of every element by itself; it needs no name.
  public static func activation(_ activation: Activation) -> LayerSpec { LayerSpec("", .activation(activation)) }

  /// The layers that it is made of.
  public var children: [LayerSpec] {
    switch operation {
    case .sequential(let layers), .residual(let layers), .concatenate(let layers): layers
    default: []
    }
  }
}

/// All elements of an image to all elements of another, [1, h, w, c] -> [1, height, width, channels], plus a bias.
///
/// Parameters: weight, file [outputs, inputs] with images flattened as c, h, w; bias [outputs].
public struct DenseSpec: Hashable, Sendable {
  /// Rows of the output.
  public var height = 1
  /// Columns of the output.
  public var width = 1
  /// Channels of the output.
  public var channels: Int
  /// Whether a number per output channel is added.
  public var hasBias = true
  /// Compute with the weight divided by its largest singular value.
  public var hasSpectralNorm = false

  /// By what has no usual value.
  public init(channels: Int) { self.channels = channels }
}

/// A convolution, [n, h, w, c] -> [n, oh, ow, channels], or its adjoint, [n, oh, ow, c] -> [n, h, w, channels], plus a
/// bias; oh and ow are `Window.positions` of h and w, and h and w `Window.transposedSize` of oh and ow.
///
/// Parameters in PyTorch's layouts: weight, file [channels, c, kh, kw], transposed [c, channels, kh, kw]; bias [channels].
public struct ConvolutionSpec: Hashable, Sendable {
  /// Of the output.
  public var channels: Int
  /// Kernel, stride and padding.
  public var window: Window
  /// Of a transposed one: rows and columns more at the end, fewer than the stride; not with `same`.
  public var outputPadding: Extent
  /// Whether a bias is added.
  public var hasBias: Bool
  /// Compute with the weight divided by its largest singular value.
  public var hasSpectralNorm = false
  /// How the weight begins.
  public var weights: Initializer

  /// Truncated normal of sigma 0.02, as DCGANs have it.
  public static let usualWeights = Initializer.truncatedNormal(sigma: 0.02)

  /// - Parameters:
  ///   - kernel, stride: a number for both axes, or `Extent(height, width)`.
  ///   - outputPadding, hasBias, weights: see the properties.
  public init(
    channels: Int, kernel: Extent, stride: Extent = 1, padding: Padding = .same, outputPadding: Extent = 0,
    hasBias: Bool = true, weights: Initializer = usualWeights
  ) {
    self.channels = channels
    window = Window(kernel: kernel, stride: stride, padding: padding)
    self.outputPadding = outputPadding
    self.hasBias = hasBias
    self.weights = weights
  }
}

/// Pooling, channel by channel: [n, h, w, c] -> [n, oh, ow, c], with oh and ow as `Window.positions` has them.
public struct PoolSpec: Hashable, Sendable {
  /// What is made of each window.
  public var kind: PoolKind
  /// nil for the whole image.
  public var window: Window?
  /// Positions are rounded up, so that the last window may reach over the edge: PyTorch's `ceil_mode`.
  public var roundsUp: Bool

  /// - Parameters: as of the properties.
  public init(_ kind: PoolKind, _ window: Window?, roundsUp: Bool = false) {
    self.kind = kind
    self.window = window
    self.roundsUp = roundsUp
  }

  /// The mean of each channel over the whole image.
  public static var globalAverage: PoolSpec { PoolSpec(.mean(countsPadding: false), nil) }

  /// What the kernels are told.
  /// - Precondition: the output is that which follows from the input.
  public func poolShape(input: Shape, output: Shape) -> PoolShape {
    PoolShape(
      batch: input.n, height: input.h, width: input.w, channels: input.c,
      window: window ?? Window(kernel: Extent(input.h, input.w), stride: 1, padding: .valid),
      output: Extent(output.h, output.w))
  }
}

/// Batch normalisation over everything but the channel. Parameters [channels]: weight (gamma), bias (beta), and the
/// statistics running_mean and running_var.
public struct BatchNormSpec: Hashable, Sendable {
  /// Added to the variance.
  public var epsilon = 1e-5
  /// Share of the old running statistics that stays in each step (TensorFlow's meaning; 1 minus PyTorch's).
  public var momentum = 0.99
  /// How the scale begins.
  public var gamma = Initializer.constant(1)

  /// With the usual values.
  public init() {}
}

/// A parameter of a network as checkpoints name it.
public struct ParameterSpec: Hashable, Sendable {
  /// With the names of the layers around it, such as `block.body.conv.weight`.
  public var name: String
  /// Its shape, in memory and in files.
  public let layout: ParameterLayout
  /// Whether it is learned; statistics and singular vectors are not.
  public let isTrained: Bool
}

/// A description that makes no network: one sentence with the layer's name and what would do.
public struct NetworkError: Error, Hashable, CustomStringConvertible {
  public let description: String
  /// - Parameter description: a sentence that names the layer, the value and the remedy.
  public init(_ description: String) { self.description = description }

  /// - Parameter layer: what the message calls the layer, such as `layer 'conv1'`.
  public init(_ layer: String, _ reason: String) { self.init("\(layer): \(reason)") }
}
