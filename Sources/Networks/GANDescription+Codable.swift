// Old files state sizes instead of networks.
extension GANDescription: Codable {
  private enum CodingKeys: String, CodingKey {
    case preset, zDistribution, generator, discriminator
    case imageSize, width, zDim, kernel, inputBatchNorm, discriminatorNorm
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let preset = try values.decode(String.self, forKey: .preset)
    let distribution = try values.decodeIfPresent(LatentDistribution.self, forKey: .zDistribution) ?? .uniform
    if values.contains(.generator) {
      try self.init(
        preset: preset, zDistribution: distribution, generator: try values.decode(Network.self, forKey: .generator),
        discriminator: try values.decode(Network.self, forKey: .discriminator))
    } else {
      self = try .cats(
        preset, imageSize: try values.decode(Int.self, forKey: .imageSize),
        width: try values.decode(Int.self, forKey: .width), zDimension: try values.decode(Int.self, forKey: .zDim),
        kernel: try values.decodeIfPresent(Int.self, forKey: .kernel) ?? 5,
        inputBatchNorm: try values.decodeIfPresent(Bool.self, forKey: .inputBatchNorm) ?? false,
        discriminatorNorm: try values.decodeIfPresent(DiscriminatorNorm.self, forKey: .discriminatorNorm) ?? .batch)
      zDistribution = distribution
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(preset, forKey: .preset)
    try values.encode(zDistribution, forKey: .zDistribution)
    try values.encode(generator, forKey: .generator)
    try values.encode(discriminator, forKey: .discriminator)
  }
}

extension LatentDistribution: Codable {}
extension DiscriminatorNorm: Codable {}
extension Preset: Codable {}
