// How arrays are cut for the pointwise and per-channel micro-kernels. The cuts depend on the sizes alone, never on the number
// of threads: sums are added up in the same order by any number of threads.

/// Elements of one task of `Context.parallel`: 256 KB of each array: long enough to
/// outweigh the start of a task, short enough to divide a network among many cores.
let taskElements = 1 << 16

/// Elements of a block that several micro-kernels pass over in turn: 32 KB fit the first-level cache.
let blockElements = 1 << 13

/// Rows of one kind of cut of a [rows, channels] array.
struct RowCut {
  let rows: Int
  let rowsPerPart: Int

  init(rows: Int, channels: Int, elements: Int) {
    self.rows = rows
    self.rowsPerPart = max(1, elements / channels)
  }

  var parts: Int { (rows + rowsPerPart - 1) / rowsPerPart }

  func range(_ part: Int) -> Range<Int> { part * rowsPerPart..<min(rows, (part + 1) * rowsPerPart) }
}

extension Context {
  /// Calls `body` with ranges that cover 0..<count, in parallel, each of `taskElements` except the last.
  func parallelElements(_ count: Int, _ body: (Range<Int>) -> Void) {
    parallel((count + taskElements - 1) / taskElements) { task in
      body(task * taskElements..<min(count, (task + 1) * taskElements))
    }
  }

  /// Calls `body` with the task's number and the rows of each of its cache-sized blocks, tasks in parallel, the blocks
  /// of a task in order.
  func parallelRowBlocks(rows: Int, channels: Int, _ body: (_ task: Int, _ rows: Range<Int>) -> Void) {
    let tasks = RowCut(rows: rows, channels: channels, elements: taskElements)
    parallel(tasks.parts) { task in
      let range = tasks.range(task)
      let blocks = RowCut(rows: range.count, channels: channels, elements: blockElements)
      for block in 0..<blocks.parts {
        let inner = blocks.range(block)
        body(task, range.lowerBound + inner.lowerBound..<range.lowerBound + inner.upperBound)
      }
    }
  }

  /// Whether a tensor [rows, channels] is written past the caches. What is larger than they are has left them before it
  /// is read, and the lines that are written need not be read first.
  func usesNonTemporalStores(_ target: UnsafeMutablePointer<Float>, rows: Int, channels: Int) -> Bool {
    rows * channels > 8 << 20 && channels % width == 0 && UInt(bitPattern: target) % 64 == 0
  }

  /// Scratch memory for doubles of unspecified contents.
  func doubles(_ name: String, _ count: Int) -> UnsafeMutablePointer<Double> {
    UnsafeMutableRawPointer(scratch(name, 2 * count)).assumingMemoryBound(to: Double.self)
  }

  /// Scratch memory for doubles, set to zero.
  func zeroedDoubles(_ name: String, _ count: Int) -> UnsafeMutablePointer<Double> {
    let doubles = doubles(name, count)
    doubles.initialize(repeating: 0, count: count)
    return doubles
  }

  /// Per-task sums [tasks, count] added up in the order of the tasks; returns [count] in the first task's place.
  func combine(_ sums: UnsafeMutablePointer<Double>, tasks: Int, count: Int) {
    // A dense layer has few rows and tens of thousands of channels: too many for one thread.
    let columns = RowCut(rows: count, channels: 1, elements: 2048)
    parallel(columns.parts) { part in
      for task in 1..<max(tasks, 1) {
        for i in columns.range(part) { sums[i] += sums[task * count + i] }
      }
    }
  }
}
