import Kernels

/// One layer of a network: what it does, and the name that its parameters begin with.
public struct LayerSpec: Hashable, Sendable {
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
  public var operation: Operation

  public init(_ name: String, _ operation: Operation) {
    self.name = name
    self.operation = operation
  }

  public static func activation(_ activation: Activation) -> LayerSpec { LayerSpec("", .activation(activation)) }
}

/// All elements of a picture to all elements of another, [1, h, w, c] -> [1, height, width, channels], plus a bias.
///
/// Parameters: weight, file [outputs, inputs] with pictures flattened as c, h, w; bias [outputs].
public struct DenseSpec: Hashable, Sendable {
  public var height = 1
  public var width = 1
  public var channels: Int
  public var hasBias = true
  /// Compute with the weight divided by its largest singular value.
  public var hasSpectralNorm = false

  public init(channels: Int) { self.channels = channels }
}

/// A convolution, [n, h, w, c] -> [n, oh, ow, channels], or its adjoint, [n, oh, ow, c] -> [n, h, w, channels], plus a
/// bias.
///
/// Parameters in PyTorch's layouts: weight, file [channels, c, kh, kw], transposed [c, channels, kh, kw]; bias [channels].
public struct ConvolutionSpec: Hashable, Sendable {
  public enum Padding: Hashable, Sendable {
    /// TensorFlow's SAME: oh = ceil(h / stride), the odd row of padding goes behind; transposed, h = oh * stride.
    case same
    /// That many rows and columns of zeros on every side: oh = (h + 2 * padding - kh) / stride + 1, rounded down;
    /// transposed, h = (oh - 1) * stride - 2 * padding + kh.
    case each(Int)
  }

  /// Of the output.
  public var channels: Int
  public var kernelHeight: Int
  public var kernelWidth: Int
  public var stride: Int
  public var padding: Padding
  public var hasBias = true
  /// Compute with the weight divided by its largest singular value.
  public var hasSpectralNorm = false
  public var weights = usualWeights

  static let usualWeights = Initializer.truncatedNormal(sigma: 0.02)

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
  public var epsilon = 1e-5
  /// Share of the old running statistics that stays in each step (TensorFlow's meaning; 1 minus PyTorch's).
  public var momentum = 0.99
  public var gamma = Initializer.constant(1)

  public init() {}
}

/// A parameter of a network as checkpoints name it.
public struct ParameterSpec: Hashable, Sendable {
  public let name: String
  public let layout: ParameterLayout
  /// Whether it is learned; statistics and singular vectors are not.
  public let isTrained: Bool
}

/// A description that makes no network: one sentence with the layer's name and what would do.
public struct NetworkError: Error, Hashable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}
