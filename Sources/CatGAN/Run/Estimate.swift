// How much memory and time a run will take, before anything of it is allocated.

import Layers
import Networks

/// Bytes that training occupies besides the pictures, from the options alone.
package struct MemoryEstimate: Sendable {
  /// Trained parameters of each network.
  package let generatorParameters: Int
  package let discriminatorParameters: Int
  package let bytes: Int
  /// Of each checkpoint: values and two moments of all parameters, and the averaged generator.
  package let checkpointBytes: Int

  /// Value, gradient and two moments.
  private static let bytesPerParameter = 16
  /// The value; a gradient is never written, so it takes no memory.
  private static let bytesPerAveragedParameter = 4
  /// The program itself and what threads compute in.
  private static let base = 12_000_000
  /// Pictures, as floats, that the grids of samples and the report take while they are made. Fitted to runs of 64 and 128
  /// pixels.
  private static let gridPictures = 224
  /// Of a checkpoint that has been written, while its digest is compared.
  private static let mostOfCheckpoint = 64 << 20

  /// - Parameter threads: that a process computes with.
  package init(_ options: RunOptions, threads: Int) {
    let networks = options.networks
    let (generator, discriminator) = (networks.generator, networks.discriminator)
    generatorParameters = generator.parameterCount
    discriminatorParameters = discriminator.parameterCount
    let averaged = options.averaging > 0 ? generatorParameters : 0
    checkpointBytes = 4 * (3 * (generatorParameters + discriminatorParameters) + averaged)

    let batch = options.batchSize
    let picture = generator.output.elements
    let seen = GANTrainer.seesBothAtOnce(generator.output.with(n: batch), shards: options.shards) ? 2 * batch : batch
    let (ours, theirs) = (PassMemory(generator.stages), PassMemory(discriminator.stages))
    // The discriminator's passes run while the generator's activations wait, the last of them with a gradient of pictures.
    let passes = max(
      batch * ours.kept + max(seen * theirs.most, batch * (theirs.most + picture)), batch * (ours.most + picture))
    var kernels = ConvMemory(threads: threads)
    for (stages, images) in [(generator.stages, batch), (discriminator.stages, seen)] {
      for (i, stage) in stages.enumerated() {
        guard let shape = stage.convShape(batch: images) else { continue }
        let isMapped = i > 0 && stages[i - 1].convShape(batch: images) == nil
        kernels.add(shape, isMapped: isMapped)
        // The filter's gradient of a shard by itself.
        if options.shards > 1, let shard = stage.convShape(batch: (images + options.shards - 1) / options.shards) {
          kernels.add(shard, isMapped: isMapped)
        }
      }
    }
    // Of a process by itself: the sums on the way down the tree of shards.
    let filters = (generator.stages + discriminator.stages).compactMap { $0.convShape(batch: 1)?.filterCount }
    let sums = (Int.bitWidth - (options.shards - 1).leadingZeroBitCount) * filters.max()!
    // A batch as the networks take it, and what the discriminator sees where that is elsewhere: augmented, or both kinds.
    let pictures = (options.augmentation.isEmpty ? seen : batch + seen) * picture
    bytes =
      Self.base + (generatorParameters + discriminatorParameters) * Self.bytesPerParameter
      // Spectral normalisation keeps the normalised weight and its gradient.
      + (options.discriminatorNorm == .spectral ? discriminatorParameters * 8 : 0)
      + averaged * Self.bytesPerAveragedParameter + 4 * (passes + pictures + sums + Self.gridPictures * picture)
      + kernels.bytes + min(checkpointBytes, Self.mostOfCheckpoint)
  }
}

/// Floats of one image that a network's passes hold: the output of each linear layer from its forward to its backward pass,
/// and gradients.
private struct PassMemory {
  let kept: Int
  /// Of kept outputs and gradients, at the worst time of a backward pass.
  let most: Int

  init(_ stages: [Stage]) {
    var (kept, most) = (0, 0)
    var before = 0
    for stage in stages where stage.convShape(batch: 1) != nil {
      let output = stage.output.elements
      // A layer's own activation is read again after the gradient of its input has got memory; what normalisation has read
      // is gone by then.
      most = max(most, kept + 2 * output, kept + output + before + (stage.isNormalized ? 0 : output))
      kept += output
      before = output
    }
    self.kept = kept
    self.most = most
  }
}

/// Seconds that a step takes: the fastest of three, after one that sets up memory.
package func secondsPerStep(_ model: GANModel, _ dataset: Dataset, _ options: RunOptions) -> Double {
  let share = model.share ?? 0..<options.batchSize
  let z = [Float](repeating: 0.5, count: share.count * options.zDimension)
  return (0..<4).map { _ in
    let start = monotonicTime()
    _ = model.step(z: z, rateScale: 1, seed: 0) { pictures, place in
      dataset.fillBatch(pictures.map { share.lowerBound + $0 }, into: place)
    }
    return monotonicTime() - start
  }.dropFirst().min()!
}
