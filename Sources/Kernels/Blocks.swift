// How arrays are cut for the pointwise and per-channel micro-kernels. Where a task adds up, the cut depends on the sizes
// alone, never on the number of threads: sums are added up in the same order by any number of threads. Where each element is
// by itself, tasks are smaller where threads would wait.

/// Elements of one task of `Context.parallel`, at most: 256 KB of each array.
let taskElements = 1 << 16

/// Values that a task of `parallelColumns` goes over.
private let columnElements = 1 << 12

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

  /// Tasks of 64 rows, for their sums, one a channel, to be few beside what they add up; but of 64 KB at least, long enough to
  /// outweigh a task's start, and of `taskElements` at most.
  static func tasks(rows: Int, channels: Int) -> RowCut {
    RowCut(rows: rows, channels: channels, elements: min(max(64 * channels, taskElements / 4), taskElements))
  }

  var parts: Int { ceilDivide(rows, rowsPerPart) }

  func range(_ part: Int) -> Range<Int> { part * rowsPerPart..<min(rows, (part + 1) * rowsPerPart) }
}

/// Rows next to each other that are taken as one, so that few channels fill whole vectors.
struct RowFold {
  let channels: Int
  /// Of a row of rows.
  let columns: Int

  init(channels: Int, width: Int) {
    self.channels = channels
    // More would be summed up longer than it takes to read a block.
    let most = 128
    let whole = (1...width).first { channels * $0 % width == 0 }!
    columns = whole * channels <= most ? whole * channels : channels
  }

  /// Calls `body` with the first element of the rows of a block, with how many there are of which length, and so with those
  /// that are left.
  func forEach(_ block: Range<Int>, _ body: (_ start: Int, _ rows: Int, _ columns: Int) -> Void) {
    let (whole, rest) = (block.count * channels / columns, block.count * channels % columns)
    if whole > 0 { body(block.lowerBound * channels, whole, columns) }
    if rest > 0 { body(block.upperBound * channels - rest, rest / channels, channels) }
  }
}

extension Context {
  /// [channels] as many times as a fold takes channels, in scratch memory of a name of its own.
  func repeated(_ name: String, _ values: UnsafePointer<Float>, _ fold: RowFold) -> UnsafePointer<Float> {
    if fold.columns == fold.channels { return values }
    let place = scratch("repeated \(name)", fold.columns)
    for first in stride(from: 0, to: fold.columns, by: fold.channels) {
      (place + first).update(from: values, count: fold.channels)
    }
    return UnsafePointer(place)
  }

  /// Fewer tasks than this would leave threads waiting for the last of them.
  var enoughTasks: Int { 4 * threads }

  /// Whether so many tasks of one length leave threads idle for no more than a fifth of the time, waiting for the last.
  static func keepsBusy(_ tasks: Int, threads: Int) -> Bool {
    4 * ceilDivide(tasks, threads) * threads <= 5 * tasks
  }

  /// Into how many parts each of `tasks` tasks, of `most` parts at most, goes so that there are enough.
  private func partsOfTask(_ tasks: Int, most: Int) -> Int {
    max(1, min(most, ceilDivide(enoughTasks, max(tasks, 1))))
  }

  /// Calls `body` with ranges that cover 0..<count, in parallel, each of whole blocks except the last.
  func parallelElements(_ count: Int, _ body: (Range<Int>) -> Void) {
    let most = taskElements / blockElements
    let elements = ceilDivide(most, partsOfTask(ceilDivide(count, taskElements), most: most)) * blockElements
    parallel(ceilDivide(count, elements)) { task in body(task * elements..<min(count, (task + 1) * elements)) }
  }

  /// Calls `body` with the rows of cache-sized blocks, the same for any number of threads, in parallel.
  func parallelRowBlocks(rows: Int, channels: Int, _ body: (_ rows: Range<Int>) -> Void) {
    let tasks = RowCut.tasks(rows: rows, channels: channels)
    let blocks = RowCut(rows: min(rows, tasks.rowsPerPart), channels: channels, elements: blockElements)
    let parts = partsOfTask(tasks.parts, most: blocks.parts)
    parallelRowBlocks(rows: rows, channels: channels, parts: parts) { _, rows in body(rows) }
  }

  /// Calls `body` with the task's number and the rows of each of its cache-sized blocks, tasks in parallel, the blocks
  /// of a task in order.
  /// - Parameter parts: of each task, that run in parallel too.
  func parallelRowBlocks(
    rows: Int, channels: Int, parts: Int = 1, _ body: (_ task: Int, _ rows: Range<Int>) -> Void
  ) {
    let tasks = RowCut.tasks(rows: rows, channels: channels)
    parallel(tasks.parts * parts) { index in
      let (task, part) = (index / parts, index % parts)
      let range = tasks.range(task)
      let blocks = RowCut(rows: range.count, channels: channels, elements: blockElements)
      for block in blocks.parts * part / parts..<blocks.parts * (part + 1) / parts {
        let inner = blocks.range(block)
        body(task, range.lowerBound + inner.lowerBound..<range.lowerBound + inner.upperBound)
      }
    }
  }

  /// Calls `body` with ranges that cover `columns`, in parallel, for each of which it goes over `rows` values.
  func parallelColumns(_ columns: Int, rows: Int, _ body: (Range<Int>) -> Void) {
    let cut = RowCut(rows: columns, channels: max(rows, 1), elements: columnElements)
    parallel(cut.parts) { body(cut.range($0)) }
  }

  /// Whether a tensor [rows, channels] is written past the caches. What is as large as they are has left them before it
  /// is read, and the lines that are written need not be read first.
  /// - Parameter tensors: of that size, that are used before it is read, with it.
  func usesNonTemporalStores(
    _ target: UnsafeMutablePointer<Float>, rows: Int, channels: Int, tensors: Int = 1
  ) -> Bool {
    rows * channels * tensors >= 8 << 20 && channels % width == 0 && UInt(bitPattern: target) % 64 == 0
  }

  /// Scratch memory for doubles of unspecified contents.
  func doubles(_ name: String, _ count: Int) -> UnsafeMutablePointer<Double> {
    UnsafeMutableRawPointer(scratch(name, 2 * count)).assumingMemoryBound(to: Double.self)
  }

  /// Per-task sums [tasks, count] added up in the order of the tasks; returns [count] in the first task's place.
  func combine(_ sums: UnsafeMutablePointer<Double>, tasks: Int, count: Int) {
    parallelColumns(count, rows: tasks) { columns in
      for task in 1..<max(tasks, 1) {
        for i in columns { sums[i] += sums[task * count + i] }
      }
    }
  }
}
