import Testing

@testable import Layers

/// How a batch is cut, and in which order shards are added. That ranks come to the same bits scripts/test-mpi shows.
@Suite struct ShardingTests {
  @Test func picturesOfShards() {
    let sharding = Sharding(batch: 10, shards: 4)
    #expect(sharding.sizes == [2, 3, 2, 3])
    #expect(sharding.share == 0..<10)
    #expect(sharding.ranges(10) == [0..<2, 2..<5, 5..<7, 7..<10])
    #expect(sharding.ranges(20) == [0..<4, 4..<10, 10..<14, 14..<20])
  }

  /// The nodes of all ranks are disjoint, cover the shards in order, and are as few as can be.
  @Test(arguments: 1...9, 1...9) func nodesOfRanks(shards: Int, ranks: Int) {
    if ranks > shards { return }
    let owned = (0..<ranks).map { shards * $0 / ranks..<shards * ($0 + 1) / ranks }
    let nodes = owned.flatMap { GradientSum.nodes(0..<shards, within: $0) }
    #expect(nodes.flatMap { Array($0) } == Array(0..<shards))
    if ranks == 1 { #expect(nodes == [0..<shards]) }
    if shards % ranks == 0, [1, 2, 4, 8].contains(ranks), [1, 2, 4, 8].contains(shards) {
      #expect(nodes == owned)
    }
  }

  /// Two ranks with a shard each: half of the gradient to the other, and half of the sum. Of three ranks with 2, 3 and 3
  /// of 8 shards the first has one node; the others have two, and send two gradients' slices of each.
  @Test func floatsThatRanksSend() {
    #expect(GradientSum.floatsSent(10, nodes: [[0..<1], [1..<2]]) == [10, 10])
    #expect(GradientSum.floatsSent(1, nodes: [[0..<1], [1..<2]]) == [1, 1])
    let nodes = [0..<2, 2..<5, 5..<8].map { GradientSum.nodes(0..<8, within: $0) }
    #expect(nodes.map(\.count) == [1, 2, 2])
    #expect(GradientSum.floatsSent(30, nodes: nodes) == [20 + 20, 40 + 20, 40 + 20])
  }

  /// Sums that show their order: 1e8 + 1 is 1e8 in Float.
  @Test func orderOfSums() {
    let sharding = Sharding(batch: 4, shards: 4)
    let context = Context(threads: 1)
    let sum = Buffer(count: 1)
    let values: [Float] = [1e8, 1, -1e8, 1]
    sharding.gradients.add(sum, context) { shard, target in target[0] = values[shard] }
    sharding.gradients.finish(context)
    #expect(sum.array == [(1e8 + 1) + (-1e8 + 1)])
  }
}
