import Cluster
import Kernels

/// Sums of gradients over the shards of all ranks, layer by layer while earlier layers' backward passes run.
///
/// The shards are the leaves of a binary tree, halved from the top, and are added along it. Its nodes that are within one
/// rank's shards (one, where ranks and shards are powers of two) that rank adds up by itself. The others are added a slice
/// of the gradient per rank: each rank sends every other one that one's slice of its nodes, adds its own slice of all
/// nodes, and sends the result to all. So the order of additions is the tree's for any number of ranks, and each rank
/// sends about two gradients, however many ranks there are.
final class GradientSum {
  private unowned let sharding: Sharding
  private let communicator: Communicator
  /// The nodes that the ranks add up by themselves, by rank.
  let nodes: [[Range<Int>]]
  /// In the order in which they began, the same on every rank.
  private var exchanges: [Exchange] = []
  /// How many of them have their slices added up and on their way.
  private var added = 0
  /// Memory of exchanges that are done, and for sums within this process.
  private var free: [Buffer] = []

  private struct Exchange {
    let gradient: Buffer
    let slices: [Range<Int>]
    /// Nodes of this rank but for the first, which is in the gradient.
    let others: [Buffer]
    /// This rank's slice of all nodes.
    let received: Buffer
    let slicesOnTheirWay: [Transfer]
    var whole: Transfer?
  }

  init(_ sharding: Sharding) {
    self.sharding = sharding
    communicator = sharding.communicator
    nodes = sharding.owned.map { GradientSum.nodes(0..<sharding.sizes.count, within: $0) }
  }

  /// The largest nodes of the tree over `range` that are within `shards`.
  static func nodes(_ range: Range<Int>, within shards: Range<Int>) -> [Range<Int>] {
    if !range.overlaps(shards) { return [] }
    if shards.lowerBound <= range.lowerBound && range.upperBound <= shards.upperBound { return [range] }
    let (left, right) = halves(range)
    return nodes(left, within: shards) + nodes(right, within: shards)
  }

  private static func halves(_ range: Range<Int>) -> (Range<Int>, Range<Int>) {
    let middle = range.lowerBound + range.count / 2
    return (range.lowerBound..<middle, middle..<range.upperBound)
  }

  /// Overwrites `gradient` with the sum over all shards; it is there when `finish` returns.
  /// - Parameter shard: overwrites its second argument with the sum over the images of one of this process's shards, the
  ///   first of which is 0.
  func add(_ gradient: Buffer, _ context: Context, _ shard: (Int, UnsafeMutablePointer<Float>) -> Void) {
    let own = nodes[communicator.rank]
    var others: [Buffer] = []
    for (k, node) in own.enumerated() {
      if k > 0 { others.append(take(gradient.count)) }
      sum(node, into: k == 0 ? gradient : others[k - 1], count: gradient.count, context, shard)
    }
    if communicator.count > 1 { send(gradient, others) }
    proceed(context)
  }

  private func sum(
    _ node: Range<Int>, into target: Buffer, count: Int, _ context: Context,
    _ shard: (Int, UnsafeMutablePointer<Float>) -> Void
  ) {
    if node.count == 1 { return shard(node.lowerBound - sharding.local.lowerBound, target.pointer) }
    let (left, right) = GradientSum.halves(node)
    sum(left, into: target, count: count, context, shard)
    let other = take(count)
    sum(right, into: other, count: count, context, shard)
    context.add(other.pointer, to: target.pointer, count: count)
    free.append(other)
  }

  private static func slices(_ count: Int, ranks: Int) -> [Range<Int>] {
    (0..<ranks).map { count * $0 / ranks..<count * ($0 + 1) / ranks }
  }

  /// Floats that each rank sends for a gradient of `count` floats: of each of its nodes all slices but its own, and its
  /// slice of the sum to each other rank.
  static func floatsSent(_ count: Int, nodes: [[Range<Int>]]) -> [Int] {
    zip(slices(count, ranks: nodes.count), nodes).map { slice, own in
      own.count * (count - slice.count) + slice.count * (nodes.count - 1)
    }
  }

  private func send(_ gradient: Buffer, _ others: [Buffer]) {
    let slices = GradientSum.slices(gradient.count, ranks: communicator.count)
    let mine = slices[communicator.rank].count
    let received = take(mine * nodes.reduce(0) { $0 + $1.count })
    var place = 0
    let rounds = nodes.map(\.count).max()!
    // Round k has everybody's node k, by rank.
    let transfers = (0..<rounds).map { k in
      let senders = nodes.map { $0.count > k }
      defer { place += mine * senders.count { $0 } }
      let values = k == 0 ? gradient.pointer : k <= others.count ? others[k - 1].pointer : nil
      return communicator.sendSlices(
        of: values.map { UnsafePointer($0) }, slices, senders: senders, into: received.pointer + place)
    }
    exchanges.append(
      Exchange(
        gradient: gradient, slices: slices, others: others, received: received, slicesOnTheirWay: transfers))
  }

  /// Moves what is on its way along; call it now and then.
  func proceed(_ context: Context) {
    while added < exchanges.count, exchanges[added].slicesOnTheirWay.allSatisfy(\.isDone) { addSlices(context) }
    for exchange in exchanges.prefix(added) { _ = exchange.whole?.isDone }
  }

  /// Returns when all gradients are there.
  func finish(_ context: Context) {
    while added < exchanges.count {
      exchanges[added].slicesOnTheirWay.forEach { $0.wait() }
      addSlices(context)
    }
    for exchange in exchanges {
      exchange.whole?.wait()
      free.append(exchange.received)
    }
    exchanges = []
    added = 0
  }

  /// Adds this rank's slice of the first exchange whose slices are all there, and sends it to all. The order is that of the
  /// exchanges on every rank.
  private func addSlices(_ context: Context) {
    let exchange = exchanges[added]
    let count = exchange.slices[communicator.rank].count
    var places: [Range<Int>: UnsafeMutablePointer<Float>] = [:]
    var place = exchange.received.pointer
    for k in 0..<nodes.map(\.count).max()! {
      for list in nodes where list.count > k {
        places[list[k]] = place
        place += count
      }
    }
    func sum(_ node: Range<Int>) -> UnsafeMutablePointer<Float> {
      if let place = places[node] { return place }
      let (left, right) = GradientSum.halves(node)
      let total = sum(left)
      context.add(sum(right), to: total, count: count)
      return total
    }
    let total = sum(0..<sharding.sizes.count)
    exchanges[added].whole = communicator.gatherSlices(total, exchange.slices, into: exchange.gradient.pointer)
    free.append(contentsOf: exchange.others)
    added += 1
  }

  /// The smallest free buffer that is large enough, or a new one in place of the largest that is not.
  private func take(_ count: Int) -> Buffer {
    let fitting = free.indices.filter { free[$0].count >= count }.min { free[$0].count < free[$1].count }
    if let fitting { return free.remove(at: fitting) }
    if let largest = free.indices.max(by: { free[$0].count < free[$1].count }) { free.remove(at: largest) }
    return Buffer(count: count)
  }
}
