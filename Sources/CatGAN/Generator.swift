import Generation
import Layers
import Networks

/// A trainable generator: latent vectors [n, 1, 1, zDimension] to pictures [n, height, width, channels] in [-1, 1].
public final class Generator {
  public let zDistribution: LatentDistribution
  public let description: Network
  public let network: Sequential

  /// Parameters are unspecified until they are initialised or loaded.
  public init(_ networks: GANDescription, execution: Execution, workspace: Workspace = Workspace()) {
    zDistribution = networks.zDistribution
    description = networks.generator
    network = Sequential("G", description, execution: execution, workspace: workspace)
  }

  public var store: ParameterStore { network.store }

  public var batchNorms: [BatchNorm] { network.leaves.compactMap { $0 as? BatchNorm } }

  public func latentShape(_ count: Int) -> Shape { description.input.with(n: count) }

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
