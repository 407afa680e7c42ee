// Data-parallel training in which the result does not depend on how many processes share the work.
//
// Float sums depend on their order. So the images of a batch are cut into a fixed number of shards, runs of images one
// behind the other; whatever is summed over images is summed within each shard by itself, and the shards' sums are added
// in an order that the number of shards alone decides. A rank has some shards next to each other. What is computed for
// each image by itself needs none of this: no pass makes an image's values depend on its neighbours'.

import Cluster
import Kernels

/// A batch cut into shards, and which of them this process computes. A pass of n images per shard's image (reals and
/// fakes, say) has the shards one behind the other, and within each its parts.
public final class Sharding {
  /// Those who share the batch.
  public let communicator: Communicator
  /// Images of each shard of the whole batch.
  public let sizes: [Int]
  /// Shards of each rank.
  let owned: [Range<Int>]
  /// Images of the whole batch that this process computes.
  public let share: Range<Int>
  /// Where shards begin in the share, and where the last one ends.
  private let starts: [Int]
  private(set) lazy var gradients = GradientSum(self)

  /// - Precondition: at least as many shards as ranks, and as many images as shards.
  public init(batch: Int, shards: Int, communicator: Communicator = Communicator()) {
    precondition(shards >= communicator.count && batch >= shards, "\(batch) images, \(shards) shards")
    self.communicator = communicator
    let bounds = (0...shards).map { batch * $0 / shards }
    sizes = zip(bounds, bounds.dropFirst()).map { $1 - $0 }
    let ranks = communicator.count
    owned = (0..<ranks).map { shards * $0 / ranks..<shards * ($0 + 1) / ranks }
    let local = owned[communicator.rank]
    share = bounds[local.lowerBound]..<bounds[local.upperBound]
    starts = bounds[local.lowerBound...local.upperBound].map { [share] in $0 - share.lowerBound }
  }

  /// Shards of this process.
  public var local: Range<Int> { owned[communicator.rank] }
  /// Images of the whole batch.
  public var batch: Int { sizes.reduce(0, +) }

  /// Bytes that each rank sends, by rank, for the sums of gradients with these numbers of floats.
  public func bytesSent(gradients counts: [Int]) -> [Int] {
    let sent = counts.map { GradientSum.floatsSent($0, nodes: gradients.nodes) }
    return owned.indices.map { rank in sent.reduce(0) { $0 + $1[rank] } * MemoryLayout<Float>.size }
  }

  /// The images of each of this process's shards in a pass of `count` images.
  public func ranges(_ count: Int) -> [Range<Int>] {
    let parts = count / share.count
    precondition(parts * share.count == count, "\(count) images where shards have \(share.count)")
    return zip(starts, starts.dropFirst()).map { parts * $0..<parts * $1 }
  }

  /// What all shards of all ranks have, by shard: `perShard` doubles each.
  /// - Parameter mine: of this process's shards.
  public func gather(_ mine: [Double], perShard: Int) -> [Double] {
    precondition(mine.count == perShard * local.count)
    if communicator.count == 1 { return mine }
    return [Double](unsafeUninitializedCapacity: perShard * sizes.count) { all, count in
      mine.withUnsafeBytes {
        communicator.gather(
          $0, into: UnsafeMutableRawPointer(all.baseAddress!),
          counts: owned.map { $0.count * perShard * MemoryLayout<Double>.size })
      }
      count = perShard * sizes.count
    }
  }
}

extension Sharding? {
  /// The images of each of this process's shards in a pass of `count` images; all at once where no batch is cut.
  public func runs(of count: Int) -> [Range<Int>] { self?.ranges(count) ?? [0..<count] }
}
