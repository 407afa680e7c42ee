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
  }

  /// Unique among the layers that have parameters; the others need none.
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
}

/// All elements of a picture to all elements of another, [1, h, w, c] -> [1, height, width, channels], plus a bias.
///
/// Parameters: weight, file [outputs, inputs] with pictures flattened as c, h, w; bias [outputs].
public struct DenseSpec: Hashable, Sendable {
  /// Rows, of the output or the window.
  public var height = 1
  /// Columns, of the output or the window.
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
/// bias.
///
/// Parameters in PyTorch's layouts: weight, file [channels, c, kh, kw], transposed [c, channels, kh, kw]; bias [channels].
public struct ConvolutionSpec: Hashable, Sendable {
  /// What lies beyond the edges.
  public enum Padding: Hashable, Sendable {
    /// TensorFlow's SAME: oh = ceil(h / stride), the odd row of padding goes behind; transposed, h = oh * stride.
    case same
    /// That many rows and columns of zeros on every side: oh = (h + 2 * padding - kh) / stride + 1, rounded down;
    /// transposed, h = (oh - 1) * stride - 2 * padding + kh.
    case each(Int)
  }

  /// Of the output.
  public var channels: Int
  /// Rows of the filter.
  public var kernelHeight: Int
  /// Columns of the filter.
  public var kernelWidth: Int
  /// Input pixels between two output pixels, along both axes.
  public var stride: Int
  /// What lies beyond the edges.
  public var padding: Padding
  /// Whether a number per output channel is added.
  public var hasBias = true
  /// Compute with the weight divided by its largest singular value.
  public var hasSpectralNorm = false
  /// How the weight begins.
  public var weights = usualWeights

  static let usualWeights = Initializer.truncatedNormal(sigma: 0.02)

  /// By what has no usual value.
  public init(channels: Int, kernel: Int, stride: Int, padding: Padding = .same) {
    self.channels = channels
    kernelHeight = kernel
    kernelWidth = kernel
    self.stride = stride
    self.padding = padding
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
  /// The layer's name, a dot and what it is: `conv1.weight`.
  public let name: String
  /// Its shape in memory and in files.
  public let layout: ParameterLayout
  /// Whether it is learned; statistics and singular vectors are not.
  public let isTrained: Bool
}

/// A description that makes no network: one sentence with the layer's name and what would do.
public struct NetworkError: Error, Hashable, CustomStringConvertible {
  public let description: String
  /// - Parameter description: a sentence that names the layer, the value and the remedy.
  public init(_ description: String) { self.description = description }
}
