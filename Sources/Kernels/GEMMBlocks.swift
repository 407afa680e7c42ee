/// How a matrix product is cut: MC rows and NC columns of C are a task, KC k a block. What the caches and the threads have a
/// say in, MC and NC, changes no bit of a result; KC is `MacroKernel.kc`.
struct GEMMBlocks: Equatable {
  /// MC, a multiple of MR.
  var rows: Int
  /// NC, in panels of W columns, a multiple of NR.
  var columnPanels: Int

  /// The largest blocks that a second-level cache is good for. A block of A, packed, fills a quarter of it and stays there,
  /// while a block of B of twice its size streams through; each is packed once for so much work that it does not show.
  init(secondLevelCache: Int, mr: Int, nr: Int, width: Int) {
    let line = 4 * MacroKernel.kc
    rows = max(secondLevelCache / 4 / line / mr, 1) * mr
    columnPanels = max(2 * secondLevelCache / line / (nr * width), 2) * nr
  }

  /// The same blocks, or smaller ones where the threads' shares would be too unequal.
  func cut(rows: Int, columnPanels: Int, threads: Int, mr: Int, nr: Int) -> GEMMBlocks {
    let (m, n) = (max(ceilDivide(rows, mr), 1), max(ceilDivide(columnPanels, nr), 1))
    let least = (rows: ceilDivide(m, self.rows / mr), columns: ceilDivide(n, self.columnPanels / nr))
    var best = self
    var bestTime = Int.max
    let most =
      threads == 1 ? least : (rows: min(least.rows + 4 * threads, m), columns: min(2 * least.columns + 2, n))
    for columns in least.columns...most.columns {
      for rows in least.rows...most.rows {
        let (rowTiles, columnTiles) = (ceilDivide(m, rows), ceilDivide(n, columns))
        // In 1/16 of a tile, as which counts what packing a tile's rows of A takes, once per block of columns.
        let time = ceilDivide(rows * columns, threads) * rowTiles * (16 * columnTiles + 1)
        // One more cut must be worth it.
        if time < bestTime - bestTime / 64 {
          bestTime = time
          best = GEMMBlocks(rows: rowTiles * mr, columnPanels: columnTiles * nr)
        }
      }
    }
    return best
  }

  private init(rows: Int, columnPanels: Int) {
    self.rows = rows
    self.columnPanels = columnPanels
  }
}
