// How much memory and time a run will take, before anything of it is allocated.

import Generation

/// Bytes that training occupies besides the pictures, from the options alone.
///
/// The factors are fits from above to the peaks that runs of 64 and 128 pixels, width 8 to 64 and batch 4 to 256 showed.
public struct MemoryEstimate: Sendable {
  /// Trained parameters of each network.
  public let generatorParameters: Int
  public let discriminatorParameters: Int
  public let bytes: Int

  /// Value, gradient and two moments are 16 bytes; the kernels' transformed filters take 121/25 of a filter, once for
  /// each direction.
  private static let bytesPerParameter = 56
  /// The averaged generator has values and transformed filters, but no gradient and no moments.
  private static let bytesPerAveragedParameter = 40
  /// Bytes per value of the layer nearest to the picture. It outweighs all others together, because widths double as areas
  /// fall to a quarter; both networks keep its activation and its gradient, the discriminator that of reals and fakes.
  private static let bytesPerActivation = 44
  /// The program itself, the report and the sample grids while they are written.
  private static let base = 48_000_000

  public init(_ options: RunOptions) {
    let networks = options.networks
    let channels = networks.channels
    let taps = networks.kernel * networks.kernel
    let area = networks.baseSize * networks.baseSize
    // Each pair of widths is a convolution of either network, whose weights and biases a batch normalisation follows.
    let pairs = zip(channels, channels.dropFirst()).map { taps * $0 * $1 }.reduce(0, +)
    let ends = taps * channels[4] * 3
    generatorParameters =
      (networks.zDim + 1) * area * channels[0] + pairs + channels[1...4].map { 3 * $0 }.reduce(0, +) + ends + 3
    // A bias, and gamma and beta where there is batch normalisation.
    let perChannel = networks.discriminatorNorm == .spectral ? 1 : 3
    discriminatorParameters =
      ends + channels[4] + pairs + channels[0...3].map { perChannel * $0 }.reduce(0, +) + area * channels[0] + 1
    let pixels = options.batchSize * options.imageSize * options.imageSize
    bytes =
      Self.base + (generatorParameters + discriminatorParameters) * Self.bytesPerParameter
      // Spectral normalisation keeps the normalised weight and its gradient.
      + (networks.discriminatorNorm == .spectral ? discriminatorParameters * 8 : 0)
      + (options.averaging > 0 ? generatorParameters * Self.bytesPerAveragedParameter : 0)
      + pixels * options.width * Self.bytesPerActivation
  }
}

/// Seconds that a step takes: the fastest of three, after one that sets up memory.
public func secondsPerStep(_ model: GANModel, _ dataset: Dataset, _ options: RunOptions) -> Double {
  var reals = [Float](repeating: 0, count: options.batchSize * options.imageSize * options.imageSize * 3)
  reals.withUnsafeMutableBufferPointer { dataset.fillBatch(Array(0..<options.batchSize), into: $0.baseAddress!) }
  let z = [Float](repeating: 0.5, count: options.batchSize * options.zDimension)
  return (0..<4).map { _ in
    let start = monotonicTime()
    _ = model.step(reals: reals, z: z, rateScale: 1, seed: 0)
    return monotonicTime() - start
  }.dropFirst().min()!
}
