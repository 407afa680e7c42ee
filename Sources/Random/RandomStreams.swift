// Where the random numbers of a run come from: each is a function of the run's seed, of what it is for and of the
// step or epoch. So there is no generator state to save, and a run that goes on draws what it would have drawn.

package struct RandomStreams {
  /// What numbers are drawn for. The raw values are part of what a seed means: they stay as they are.
  package enum Purpose: UInt64 {
    /// The order of the pictures, by epoch.
    case order = 1
    /// The batch of z, by step.
    case latent = 2
    /// Which pictures are mirrored, by step.
    case mirror = 3
    /// Augmentations, by step.
    case step = 4
    /// Which real pictures are shown beside samples.
    case reals = 5
    /// Initial weights.
    case weights = 6
    /// z for the statistics of the averaged generator.
    case statistics = 7
  }

  package let seed: UInt64

  package init(seed: UInt64) { self.seed = seed }

  /// A seed that no other purpose or index shares but by a chance of 2^-64.
  package func seed(_ purpose: Purpose, _ index: Int = 0) -> UInt64 {
    var first = RandomGenerator(seed: seed)
    var second = RandomGenerator(seed: first.next() ^ purpose.rawValue)
    var third = RandomGenerator(seed: second.next() ^ UInt64(bitPattern: Int64(index)))
    return third.next()
  }

  /// The order in which an epoch shows `count` pictures.
  package func order(epoch: Int, count: Int) -> [Int] {
    var generator = RandomGenerator(seed: seed(.order, epoch))
    return shuffled(count, using: &generator)
  }

  /// `count` different pictures to show beside samples.
  package func choice(of count: Int, from total: Int) -> [Int] {
    var generator = RandomGenerator(seed: seed(.reals))
    return Array(shuffled(total, using: &generator).prefix(count))
  }

  package func mirrored(step: Int, count: Int) -> [Bool] {
    var generator = RandomGenerator(seed: seed(.mirror, step))
    return (0..<count).map { _ in generator.next() >> 63 == 1 }
  }

  /// Fisher and Yates, written out: the standard library does not promise to draw the same way in every version.
  private func shuffled(_ count: Int, using generator: inout RandomGenerator) -> [Int] {
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      let other = Int(generator.next().multipliedFullWidth(by: UInt64(last + 1)).high)
      order.swapAt(last, other)
    }
    return order
  }
}
