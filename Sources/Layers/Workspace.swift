import Kernels

/// Memory of the passes of networks, which is taken and released in turn. Networks that share one use the same memory for
/// what they do not need at the same time.
///
/// All of it is one block. Where tensors are in it is planned from a whole run, from nothing taken to nothing taken: the
/// first time each has memory of its own, and from then on the k-th tensor has the k-th place. A run that takes others
/// fills the gaps, and where something does not fit it gets memory of its own and is planned for the next time.
public final class Workspace {
  /// Floats of one tensor, and from which to before which tensor's number it is taken.
  private struct Life {
    let count: Int
    let from: Int
    var to: Int
  }

  private struct Taken {
    let buffer: Buffer
    let number: Int
    /// In the block; nil for memory of its own.
    let range: Range<Int>?
  }

  private var block = Buffer(count: 0)
  private var plan: [Range<Int>] = []
  /// Of this run, in order.
  private var lives: [Life] = []
  private var taken: [Taken] = []
  private var isTooSmall = false

  /// Floats of a memory page, of which each tensor takes whole ones.
  private static let page = 1024

  /// Without memory until a pass takes some.
  public init() {}

  /// A tensor of unspecified contents.
  func take(_ shape: Shape) -> Tensor {
    if taken.isEmpty { begin() }
    let number = lives.count
    let count = (shape.count + Workspace.page - 1) / Workspace.page * Workspace.page
    lives.append(Life(count: count, from: number, to: .max))
    let range = place(number, count)
    if range == nil { isTooSmall = true }
    let buffer =
      range.map { Buffer(within: block, at: $0.lowerBound, count: shape.count) } ?? Buffer(count: shape.count)
    taken.append(Taken(buffer: buffer, number: number, range: range))
    return Tensor(shape, buffer: buffer)
  }

  /// Lets others take a tensor's memory. Its contents last until they do; memory from elsewhere is left alone.
  func release(_ tensor: Tensor) {
    guard let i = taken.firstIndex(where: { $0.buffer === tensor.buffer }) else { return }
    lives[taken[i].number].to = lives.count
    taken.remove(at: i)
  }

  private func begin() {
    if isTooSmall {
      plan = Workspace.plan(lives)
      let needed = plan.map(\.upperBound).max() ?? 0
      if needed > block.count {
        // The smaller block goes before the larger one comes.
        block = Buffer(count: 0)
        block = Buffer(count: needed)
      }
      isTooSmall = false
    }
    lives = []
  }

  /// Where a tensor may be: at its planned place or else at the first that is free.
  private func place(_ number: Int, _ count: Int) -> Range<Int>? {
    let ranges = taken.compactMap(\.range)
    if number < plan.count, plan[number].count >= count, !ranges.contains(where: { $0.overlaps(plan[number]) }) {
      return plan[number]
    }
    let start = Workspace.firstGap(of: count, between: ranges)
    return start + count <= block.count ? start..<start + count : nil
  }

  /// The largest tensors first, each at the first place that is free as long as it is taken.
  private static func plan(_ lives: [Life]) -> [Range<Int>] {
    var plan = [Range<Int>?](repeating: nil, count: lives.count)
    for i in lives.indices.sorted(by: { (-lives[$0].count, $0) < (-lives[$1].count, $1) }) {
      let others = lives.indices.compactMap { j in
        lives[j].from < lives[i].to && lives[i].from < lives[j].to ? plan[j] : nil
      }
      let start = firstGap(of: lives[i].count, between: others)
      plan[i] = start..<start + lives[i].count
    }
    return plan.map { $0! }
  }

  private static func firstGap(of count: Int, between ranges: [Range<Int>]) -> Int {
    var start = 0
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if range.lowerBound - start >= count { break }
      start = max(start, range.upperBound)
    }
    return start
  }
}
