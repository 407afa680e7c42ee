// How much memory sampling will take, before any of it is allocated.

import Kernels
import Networks

extension GeneratorModel {
  /// Bytes that a sampler of `batchSize` pictures at a time occupies, with two batches of finished pictures. Fitted from
  /// above to the peaks of 64 to 256 pixels, width 8 to 256 and batch 1 to 256.
  public static func bytesNeeded(_ generator: Network, batchSize: Int) -> Int {
    // Sums that an Int of 32 bits may not hold.
    var (transformed, scratch, largest): (Int64, Int64, Int64) = (0, 0, 0)
    for shape in generator.allStages.compactMap({ $0.convShape(batch: 1) }) {
      let (wide, deep) = (Int64(shape.inputChannels), Int64(shape.outputChannels))
      let filter = Int64(shape.filterCount)
      largest = max(largest, filter)
      // Kept as the points of Winograd's algorithm where that is no larger than a cache, or packed as it is.
      transformed += shape.kernelHeight == 5 ? min(121 * wide * deep, keptFilter) : filter
      // Tiles of 4x4 that go through the points together: 121 of each channel on one side, 36 on the other.
      let tiles = ((shape.outputHeight + 3) / 4) * ((shape.outputWidth + 3) / 4)
      scratch = max(scratch, Int64(min(256, batchSize * tiles)) * (121 * wide + 36 * deep))
    }
    // One tensor at a time is widened to Float.
    let floats =
      Int64(generator.parameterCount) + largest + transformed + scratch
      + Int64(SamplingPlan(generator).elements) * Int64(batchSize)
    return Int(clamping: base + 4 * floats + 2 * Int64(batchSize) * Int64(generator.output.elements))
  }

  /// The program itself, and what compresses pictures.
  private static let base: Int64 = 24_000_000
  /// Floats of the largest transformed filter that is kept, as `WinogradConvolution` has it.
  private static let keptFilter: Int64 = 12 << 20
}
