/// Named sizes of the networks.
public enum Preset: String, CaseIterable, Sendable, Codable {
  /// 64x64 pictures from a 4x4 base.
  case cats64
  /// 128x128 pictures from an 8x8 base.
  case cats128

  public var imageSize: Int { self == .cats64 ? 64 : 128 }
}

/// How latent vectors are drawn.
public enum LatentDistribution: String, CaseIterable, Sendable, Codable {
  /// Uniform in [-1, 1).
  case uniform
  /// Standard normal.
  case normal
}

/// What keeps the discriminator's layers in bounds.
public enum DiscriminatorNorm: String, CaseIterable, Sendable, Codable {
  /// Batch normalisation between convolution and activation.
  case batch
  /// Every weight divided by its largest singular value (Miyato et al. 2018, arXiv 1802.05957).
  case spectral
}

/// All that determines the shapes and the function of the two networks; saved with every checkpoint.
public struct NetworkConfiguration: Hashable, Sendable, Codable {
  /// The preset's name, for people; the numbers below decide.
  public var preset: String
  /// Height and width of the square pictures; a multiple of 16.
  public var imageSize: Int
  /// Channels of the layers nearest to the picture; the others are multiples of it. 64 is the full network.
  public var width: Int
  /// Length of a latent vector.
  public var zDim: Int
  public var zDistribution: LatentDistribution
  /// Height and width of every convolution's filter.
  public var kernel: Int
  /// Batch normalisation on the discriminator's first layer: the notebook's variant.
  public var inputBatchNorm: Bool
  public var discriminatorNorm: DiscriminatorNorm

  public init(
    preset: String, imageSize: Int, width: Int = 64, zDim: Int = 100, zDistribution: LatentDistribution = .uniform,
    kernel: Int = 5, inputBatchNorm: Bool = false, discriminatorNorm: DiscriminatorNorm = .batch
  ) {
    self.preset = preset
    self.imageSize = imageSize
    self.width = width
    self.zDim = zDim
    self.zDistribution = zDistribution
    self.kernel = kernel
    self.inputBatchNorm = inputBatchNorm
    self.discriminatorNorm = discriminatorNorm
  }

  public init(_ preset: Preset, width: Int = 64) {
    self.init(preset: preset.rawValue, imageSize: preset.imageSize, width: width)
  }

  /// Height and width of the generator's first picture and the discriminator's last: four doublings from the full size.
  public var baseSize: Int { imageSize / 16 }

  /// Channels of the generator's pictures from the base up, and of the discriminator's from its last layer down.
  public var channels: [Int] { [16, 8, 4, 2, 1].map { $0 * width } }

  /// Throws an error with a sentence where the numbers make no network.
  public func validate() throws(ConfigurationError) {
    func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws(ConfigurationError) {
      guard range.contains(value) else {
        throw ConfigurationError("\(name) is \(value); it must be in \(range.lowerBound)...\(range.upperBound)")
      }
    }
    try check("imageSize", imageSize, 16...1024)
    guard imageSize % 16 == 0 else {
      throw ConfigurationError("imageSize is \(imageSize); it must be a multiple of 16")
    }
    try check("width", width, 1...256)
    try check("zDim", zDim, 1...4096)
    try check("kernel", kernel, 1...9)
    guard kernel % 2 == 1 else { throw ConfigurationError("kernel is \(kernel); it must be odd") }
  }

  private enum CodingKeys: String, CodingKey {
    case preset, imageSize, width, zDim, zDistribution, baseSize, kernel, inputBatchNorm, discriminatorNorm
  }

  /// Options that a file does not name are off; the sizes must be there.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      preset: try values.decode(String.self, forKey: .preset),
      imageSize: try values.decode(Int.self, forKey: .imageSize), width: try values.decode(Int.self, forKey: .width),
      zDim: try values.decode(Int.self, forKey: .zDim),
      zDistribution: try values.decodeIfPresent(LatentDistribution.self, forKey: .zDistribution) ?? .uniform,
      kernel: try values.decodeIfPresent(Int.self, forKey: .kernel) ?? 5,
      inputBatchNorm: try values.decodeIfPresent(Bool.self, forKey: .inputBatchNorm) ?? false,
      discriminatorNorm: try values.decodeIfPresent(DiscriminatorNorm.self, forKey: .discriminatorNorm) ?? .batch)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(preset, forKey: .preset)
    try values.encode(imageSize, forKey: .imageSize)
    try values.encode(width, forKey: .width)
    try values.encode(zDim, forKey: .zDim)
    try values.encode(zDistribution, forKey: .zDistribution)
    try values.encode(baseSize, forKey: .baseSize)
    try values.encode(kernel, forKey: .kernel)
    try values.encode(inputBatchNorm, forKey: .inputBatchNorm)
    // Files of the plain networks stay what they were before there was a choice.
    if discriminatorNorm != .batch { try values.encode(discriminatorNorm, forKey: .discriminatorNorm) }
  }
}

/// A configuration that makes no network.
public struct ConfigurationError: Error, Hashable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}
