import Testing

@testable import Kernels

/// How work is cut into tasks.
@Suite struct TaskTests {
  private typealias Item = ProductTasks.Item

  /// Every row and column of every product is in one task, the longest of which comes first.
  @Test(arguments: [1, 2, 3, 8, 32], [1, 5, 64, 130, 256])
  func productsAreCovered(threads: Int, rows: Int) {
    let items = [4, 0, 2, 1, 1].map { Item(depth: $0, columnPanels: $0 == 0 ? 0 : 13) }
    let cut = ProductTasks(alternatives: [items], rows: rows, widest: 8, nr: 2, threads: threads)
    for (number, item) in items.enumerated() {
      var times = [Int](repeating: 0, count: rows * item.columnPanels)
      for task in cut.tasks where task.item == number {
        #expect(task.columns.count <= 8 && !task.rows.isEmpty && !task.columns.isEmpty)
        for row in task.rows { for column in task.columns { times[row * item.columnPanels + column] += 1 } }
      }
      #expect(times.allSatisfy { $0 == 1 }, "item \(number)")
    }
    #expect(cut.tasks.first?.item == 0)
  }

  /// Products of a step of the 128-pixel networks with 64 channels at batch 16, for which wide columns of all rows are too few
  /// tasks: shares are equal within a tenth.
  @Test(arguments: [
    // Panels of columns, rows, and products that go together in several ways.
    (64, 128, [[24, 12], [12, 12, 12]]), (64, 64, [[36], [24, 12], [12, 12, 12]]), (32, 256, [[12, 12, 12]]),
    (8, 256, [[4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 2, 2, 2, 2, 2, 2, 2, 2, 1]]),
  ])
  func manyThreadsGetEqualShares(panels: Int, rows: Int, ways: [[Int]]) {
    let alternatives = ways.map { $0.map { Item(depth: $0, columnPanels: panels) } }
    for threads in [2, 8, 16, 32] {
      let cut = ProductTasks(alternatives: alternatives, rows: rows, widest: 4, nr: 2, threads: threads)
      let items = alternatives[cut.choice]
      let work = cut.tasks.map { items[$0.item].depth * $0.rows.count * $0.columns.count }
      let all = work.reduce(0, +)
      #expect(
        makespan(work, workers: threads) * threads * 10 <= all * 11,
        "\(panels) panels, \(rows) rows, \(threads) threads")
    }
  }

  /// One thread, and few whose shares are equal anyhow, read operands as seldom as they can.
  @Test func fewThreadsGetLargeTasks() {
    let ways =
      [[Item(depth: 24, columnPanels: 64), Item(depth: 12, columnPanels: 64)]]
      + [(0..<3).map { _ in Item(depth: 12, columnPanels: 64) }]
    for threads in [1, 2] {
      let cut = ProductTasks(alternatives: ways, rows: 128, widest: 4, nr: 2, threads: threads)
      #expect(cut.choice == 0 && cut.tasks.allSatisfy { $0.rows == 0..<128 && $0.columns.count == 4 })
    }
  }

  @Test(arguments: [1, 2, 3, 8, 32], [0, 1, 8192, 8193, 70_000, 600_001])
  func elementsAreCovered(threads: Int, count: Int) {
    var times = [Int](repeating: 0, count: count)
    let context = Context(threads: threads)
    // One task after another: they write to one array.
    context.taskObserver = { _ in }
    context.parallelElements(count) { range in
      #expect(range.lowerBound % blockElements == 0)
      for i in range { times[i] += 1 }
    }
    #expect(times.allSatisfy { $0 == 1 })
  }

  /// Blocks of rows are the same for any number of threads, so that their ends are where they were.
  @Test(arguments: [(1, 1), (3, 50_000), (64, 4097), (1000, 700), (70_000, 3)])
  func blocksOfRows(channels: Int, rows: Int) {
    func blocks(_ threads: Int) -> [Range<Int>] {
      let context = Context(threads: threads)
      context.taskObserver = { _ in }
      var blocks: [Range<Int>] = []
      context.parallelRowBlocks(rows: rows, channels: channels) { blocks.append($0) }
      return blocks
    }
    let one = blocks(1)
    #expect(one.flatMap { $0 } == Array(0..<rows))
    for threads in [2, 3, 8, 32] { #expect(blocks(threads) == one, "\(threads) threads") }
  }

  /// A tensor of many threads' shares is cut into as many tasks as they need.
  @Test func tasksForManyThreads() {
    let context = Context(threads: 32)
    var tasks: [Int] = []
    context.taskObserver = { tasks.append($0.tasks.count) }
    context.parallelElements(32 * blockElements) { _ in }
    context.parallelRowBlocks(rows: 32 * 128, channels: blockElements / 128) { _ in }
    #expect(tasks == [32, 32])
  }
}
