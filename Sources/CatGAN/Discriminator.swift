import Generation
import Layers

/// The discriminator: pictures [n, size, size, 3] in [-1, 1] to logits [n, 1, 1, 1], positive for real.
///
/// Convolutions to w, 2w, 4w, 8w, 16w channels, stride 2 except the fourth, each with a leaky ReLU and from the second on
/// with batch normalisation; then a dense layer. Always uses the batch's statistics, and reals and fakes have each
/// their own. With `configuration.discriminatorNorm` spectral, the weights of all six are normalised instead.
public final class Discriminator {
  public let configuration: NetworkConfiguration
  public let network: Sequential

  /// Parameters are unspecified until they are initialised or loaded.
  public init(_ configuration: NetworkConfiguration, execution: Execution, workspace: Workspace = Workspace()) {
    self.configuration = configuration
    let leakySlope: Float = 0.2
    let spectral = configuration.discriminatorNorm == .spectral
    let channels = [3] + configuration.channels.reversed()
    var layers: [any Layer] = []
    for i in 1...5 {
      let normalized = !spectral && (i > 1 || configuration.inputBatchNorm)
      let convolution = Conv2D(
        "conv\(i)", inputChannels: channels[i - 1], outputChannels: channels[i], kernel: configuration.kernel,
        stride: i == 4 ? 1 : 2, activation: normalized ? .identity : .leakyReLU(slope: leakySlope),
        followedByBatchNorm: normalized, spectralNorm: spectral)
      layers.append(convolution)
      if normalized {
        layers.append(
          BatchNorm("batch_conv\(i)", channels: channels[i], leakySlope: leakySlope, inputBias: convolution.bias))
      }
    }
    layers.append(
      Dense(
        "dense", inputs: Shape(n: 1, h: configuration.baseSize, w: configuration.baseSize, c: channels[5]),
        outputs: Shape(n: 1, h: 1, w: 1, c: 1), spectralNorm: spectral))
    network = Sequential("D", layers, execution: execution, workspace: workspace)
  }

  public var store: ParameterStore { network.store }

  /// Logits [n, 1, 1, 1]; valid until the next pass.
  /// - Parameter parts: runs of pictures of one length, one after the other, that are normalised each by itself.
  public func logits(_ pictures: Tensor, parts: Int = 1) -> Tensor {
    network.forward(pictures, mode: .training(parts: parts))
  }
}
