/// How latent vectors are drawn.
public enum LatentDistribution: String, CaseIterable, Sendable {
  /// Uniform in [-1, 1).
  case uniform
  /// Standard normal.
  case normal
}

/// What keeps the discriminator's layers in bounds.
public enum DiscriminatorNorm: String, CaseIterable, Sendable {
  /// Batch normalisation between convolution and activation.
  case batch
  /// Every weight divided by its largest singular value (Miyato et al. 2018, arXiv 1802.05957).
  case spectral
}

/// The two networks of a GAN and what feeds them: what is saved with every checkpoint.
public struct GANDescription: Hashable, Sendable {
  /// The preset's name, for people; the networks decide.
  public let preset: String
  /// How z is drawn.
  public var zDistribution: LatentDistribution
  /// From a latent vector [1, 1, 1, zDimension] to an image in [-1, 1].
  public let generator: Network
  /// From an image to one logit, positive for real.
  public let discriminator: Network

  /// - Throws: `NetworkError` where one network's output does not fit what comes behind it.
  public init(
    preset: String, zDistribution: LatentDistribution, generator: Network, discriminator: Network
  ) throws(NetworkError) {
    self.preset = preset
    self.zDistribution = zDistribution
    self.generator = generator
    self.discriminator = discriminator
    guard generator.input.h == 1, generator.input.w == 1 else {
      throw NetworkError("the generator's input is \(generator.input): a vector has the shape [1, 1, 1, channels]")
    }
    guard discriminator.input == generator.output else {
      throw NetworkError(
        "the generator makes \(generator.output) and the discriminator takes \(discriminator.input): give both the"
          + " same size")
    }
    guard discriminator.output.elements == 1 else {
      throw NetworkError(
        "the discriminator makes \(discriminator.output): it is to end in one number, as a dense layer of 1 channel does"
      )
    }
  }

  /// Numbers that an image is made from.
  public var zDimension: Int { generator.input.c }
  /// Side of the square images that presets make.
  public var imageSize: Int { generator.output.h }
}
