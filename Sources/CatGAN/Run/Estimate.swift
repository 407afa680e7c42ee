// How much memory and time a run will take, before it begins.

/// Bytes that training occupies besides the pictures: a generous sum of what is allocated.
public struct MemoryEstimate {
  public let bytes: Int

  public init(_ model: GANModel, _ options: RunOptions) {
    let counts = model.parameterCounts
    // Value, gradient, two moments, and as much again for the kernels' own copies of transformed filters.
    let parameters = (counts.generator + counts.discriminator) * 4 * 8
    // Both networks keep each activation and its gradient; widths double as areas fall to a quarter, so the layer
    // nearest to the picture outweighs all others together.
    let pixels = options.batchSize * options.imageSize * options.imageSize
    bytes = parameters + pixels * options.width * 4 * 10
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
