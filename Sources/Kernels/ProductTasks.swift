/// How products at Winograd's points are cut into tasks: of all rows and wide columns, which read their operands least often, or
/// smaller ones where threads would wait for the last of those. Cuts of rows and columns change no bit of a result.
struct ProductTasks {
  /// A product, or several that go together.
  struct Item {
    /// Their depths added up, in any unit that all items share.
    var depth: Int
    /// Columns, in panels.
    var columnPanels: Int
    /// What each panel of columns takes beside the products, in vectors for each unit of depth.
    var preparation = 0
  }

  struct Task: Equatable {
    /// Which of the items it is of.
    var item: Int
    var rows: Range<Int>
    /// Panels.
    var columns: Range<Int>
  }

  /// The items that were chosen among several ways to put products together.
  let choice: Int
  /// In the order of the threads' shares (see `Crew`), each of which begins with its longest.
  let tasks: [Task]

  /// A task of fewer rows would read B for too little.
  private static let leastRows = 32

  /// - Parameters:
  ///   - alternatives: ways to put products together, the preferred one first.
  ///   - widest: panels of columns of a task, at most.
  init(alternatives: [[Item]], rows: Int, widest: Int, nr: Int, threads: Int) {
    var best: (choice: Int, tasks: [Task], time: Int)?
    for (choice, items) in alternatives.enumerated() {
      var rowParts = 1
      repeat {
        var panels = widest
        repeat {
          let (tasks, time) = ProductTasks.cut(items, rows, rowParts, panels, nr: nr, threads)
          // One more cut must be worth it.
          if best.map({ time < $0.time - $0.time / 32 }) ?? true { best = (choice, tasks, time) }
          panels /= 2
        } while panels >= nr && threads > 1
        rowParts *= 2
      } while rows >= rowParts * ProductTasks.leastRows && threads > 1
      if threads == 1 { break }
    }
    let longestFirst = best!.tasks
    choice = best!.choice
    tasks = (0..<min(threads, longestFirst.count)).flatMap { worker in
      stride(from: worker, to: longestFirst.count, by: threads).map { longestFirst[$0] }
    }
  }

  private static func cut(
    _ items: [Item], _ rows: Int, _ rowParts: Int, _ panels: Int, nr: Int, _ threads: Int
  ) -> (tasks: [Task], time: Int) {
    var tasks: [(task: Task, time: Int)] = []
    for (number, item) in items.enumerated() {
      for first in stride(from: 0, to: item.columnPanels, by: panels) {
        let columns = first..<min(first + panels, item.columnPanels)
        for part in 0..<rowParts {
          let rows = rows * part / rowParts..<rows * (part + 1) / rowParts
          tasks.append((Task(item: number, rows: rows, columns: columns), time(item, rows.count, columns.count, nr)))
        }
      }
    }
    let order = tasks.indices.sorted { (-tasks[$0].time, $0) < (-tasks[$1].time, $1) }
    return (order.map { tasks[$0].task }, makespan(order.map { tasks[$0].time }, workers: threads))
  }

  /// In quarters of what a vector of multiply-adds takes. To bring a vector of B near takes as long as eight of those, and a
  /// row of A as long as a quarter.
  private static func time(_ item: Item, _ rows: Int, _ panels: Int, _ nr: Int) -> Int {
    ceilDivide(panels, nr) * nr * 4 * (item.depth * (rows + 8) + item.preparation) + item.depth * rows
  }
}
