import Generation
import Layers

/// The generator: latent vectors [n, 1, 1, zDim] to pictures [n, size, size, 3] in [-1, 1].
///
/// z -> dense -> base [b, b, 16w] -> leaky ReLU -> four times transposed convolution (stride 2), batch normalisation,
/// leaky ReLU, down to w channels -> transposed convolution (stride 1) to 3 channels -> tanh.
public final class Generator {
  public let configuration: NetworkConfiguration
  public let network: Sequential

  /// Parameters are unspecified until they are initialised or loaded.
  public init(_ configuration: NetworkConfiguration, execution: Execution, workspace: Workspace = Workspace()) {
    self.configuration = configuration
    let leakySlope: Float = 0.2
    let base = configuration.baseSize
    let channels = configuration.channels
    var layers: [any Layer] = [
      Dense(
        "dense", inputs: Shape(n: 1, h: 1, w: 1, c: configuration.zDim),
        outputs: Shape(n: 1, h: base, w: base, c: channels[0]), activation: .leakyReLU(slope: leakySlope))
    ]
    for i in 1...4 {
      let convolution = ConvTranspose2D(
        "trans_conv\(i)", inputChannels: channels[i - 1], outputChannels: channels[i], kernel: configuration.kernel,
        stride: 2, followedByBatchNorm: true)
      layers.append(convolution)
      layers.append(
        BatchNorm(
          "batch_trans_conv\(i)", channels: channels[i], leakySlope: leakySlope, inputBias: convolution.bias))
    }
    layers.append(
      ConvTranspose2D(
        "logits", inputChannels: channels[4], outputChannels: 3, kernel: configuration.kernel, stride: 1,
        activation: .tanh))
    network = Sequential("G", layers, execution: execution, workspace: workspace)
  }

  public var store: ParameterStore { network.store }

  public var batchNorms: [BatchNorm] { network.layers.compactMap { $0 as? BatchNorm } }

  public func latentShape(_ count: Int) -> Shape { Shape(n: count, h: 1, w: 1, c: configuration.zDim) }

  public func pictureShape(_ count: Int) -> Shape {
    Shape(n: count, h: configuration.imageSize, w: configuration.imageSize, c: 3)
  }

  /// Overwrites latents [n, 1, 1, zDim] with what `Latent` draws from the configuration's distribution, as one vector.
  public func drawLatents(_ latents: Tensor, seed: UInt64) {
    let z = Latent.vector(seed: seed, dimension: latents.count, distribution: configuration.zDistribution)
    latents.pointer.update(from: z, count: z.count)
  }

  /// Pictures [n, size, size, 3] in [-1, 1] from latents, with the running statistics. The result lies in the workspace:
  /// it is valid until the next pass of a network that shares it.
  public func pictures(_ latents: Tensor) -> Tensor {
    network.forward(latents, mode: .inference)
  }
}
