// How much memory and time a run will take, before anything of it is allocated.

import Networks

/// Bytes that training occupies besides the pictures, from the options alone.
///
/// The factors are fits from above to the peaks that runs of 64 and 128 pixels, width 8 to 64 and batch 4 to 256 showed.
public struct MemoryEstimate: Sendable {
  /// Trained parameters of each network.
  public let generatorParameters: Int
  public let discriminatorParameters: Int
  public let bytes: Int
  /// Of each checkpoint: values and two moments of all parameters, and the averaged generator.
  public let checkpointBytes: Int

  /// Value, gradient and two moments are 16 bytes; the kernels' transformed filters take 121/25 of a filter, once for
  /// each direction.
  private static let bytesPerParameter = 56
  /// The averaged generator has values and transformed filters, but no gradient and no moments.
  private static let bytesPerAveragedParameter = 40
  /// The program itself, the report and the sample grids while they are written.
  private static let base = 48_000_000

  public init(_ options: RunOptions) {
    let networks = options.networks
    let (generator, discriminator) = (networks.generator, networks.discriminator)
    generatorParameters = generator.parameterCount
    discriminatorParameters = discriminator.parameterCount
    // Backward needs what every stage put out: for each picture the generator's once, the discriminator's of a real one
    // and of a fake. Gradients alternate between two buffers; pictures are there as reals, fakes and both together.
    let stages = (generator.allStages, discriminator.allStages)
    func values(_ stages: [Stage]) -> Int { stages.reduce(0) { $0 + $1.output.elements } }
    func largest(_ stages: [Stage]) -> Int { stages.map { max($0.input.elements, $0.output.elements) }.max()! }
    let perPicture =
      values(stages.0) + 2 * values(stages.1) + 2 * max(largest(stages.0), 2 * largest(stages.1))
      + 6 * generator.output.elements
    let averaged = options.averaging > 0 ? generatorParameters : 0
    checkpointBytes = 4 * (3 * (generatorParameters + discriminatorParameters) + averaged)
    bytes =
      Self.base + (generatorParameters + discriminatorParameters) * Self.bytesPerParameter
      // Spectral normalisation keeps the normalised weight and its gradient.
      + (options.discriminatorNorm == .spectral ? discriminatorParameters * 8 : 0)
      + averaged * Self.bytesPerAveragedParameter
      + options.batchSize * perPicture * 4
  }
}

/// Seconds that a step takes: the fastest of three, after one that sets up memory.
public func secondsPerStep(_ model: GANModel, _ dataset: Dataset, _ options: RunOptions) -> Double {
  let share = model.share ?? 0..<options.batchSize
  var reals = [Float](repeating: 0, count: share.count * options.imageSize * options.imageSize * 3)
  reals.withUnsafeMutableBufferPointer { dataset.fillBatch(Array(share), into: $0.baseAddress!) }
  let z = [Float](repeating: 0.5, count: share.count * options.zDimension)
  return (0..<4).map { _ in
    let start = monotonicTime()
    _ = model.step(reals: reals, z: z, rateScale: 1, seed: 0)
    return monotonicTime() - start
  }.dropFirst().min()!
}
