// How much memory sampling will take, before any of it is allocated.

import Kernels
import Networks

extension GeneratorModel {
  /// Bytes that a sampler of `batchSize` pictures at a time occupies, with two batches of finished pictures.
  public static func bytesNeeded(_ generator: Network, batchSize: Int) -> Int {
    var memory = ConvMemory(threads: 1)
    var largest = 0
    for stage in generator.allStages {
      guard let shape = stage.convShape(batch: batchSize) else { continue }
      memory.addSampling(shape, stage.isTransposed ? .backwardData : .forward)
      largest = max(largest, shape.filterCount)
    }
    // One tensor at a time is widened to Float. Sums that an Int of 32 bits may not hold.
    let floats = Int64(largest) + Int64(SamplingPlan(generator).elements) * Int64(batchSize)
    return Int(
      clamping: base + 4 * floats + Int64(memory.bytes) + 2 * Int64(batchSize) * Int64(generator.output.elements))
  }

  /// The program itself, and what compresses pictures.
  private static let base: Int64 = 24_000_000
}
