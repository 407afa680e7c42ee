import Generation
import Layers
import Networks

/// A trainable generator: latent vectors [n, 1, 1, zDimension] to pictures [n, height, width, channels] in [-1, 1].
public final class Generator {
  /// How latents are drawn.
  public let zDistribution: LatentDistribution
  /// The network as a value.
  public let description: Network
  /// The network that runs.
  public let network: Sequential

  /// Parameters are unspecified until they are initialised or loaded.
  public init(_ networks: GANDescription, execution: Execution, workspace: Workspace = Workspace()) {
    zDistribution = networks.zDistribution
    description = networks.generator
    network = Sequential("G", description, execution: execution, workspace: workspace)
  }

  /// All its parameters and counters, in the order of files.
  public var store: ParameterStore { network.store }

  package var batchNorms: [BatchNorm] { network.leaves.compactMap { $0 as? BatchNorm } }

  /// The shape of so many latents, [count, 1, 1, zDimension].
  public func latentShape(_ count: Int) -> Shape { description.input.with(n: count) }

  /// The shape of so many pictures, [count, height, width, channels].
  public func pictureShape(_ count: Int) -> Shape { description.output.with(n: count) }

  /// Overwrites latents [n, 1, 1, zDimension] with what `Latent` draws from the generator's distribution, as one vector.
  public func drawLatents(_ latents: Tensor, seed: UInt64) {
    let z = Latent.vector(seed: seed, dimension: latents.count, distribution: zDistribution)
    latents.pointer.update(from: z, count: z.count)
  }

  /// Pictures [n, height, width, channels] in [-1, 1] from latents, with the running statistics. The result is in the
  /// workspace: it is valid until the next pass of a network that shares it.
  public func pictures(_ latents: Tensor) -> Tensor {
    network.forward(latents, mode: .inference)
  }
}
