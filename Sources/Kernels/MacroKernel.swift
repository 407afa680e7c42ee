import MicroKernels

/// Matrix products over packed operands (see `GEMMKernels`), on the calling thread, a block of k at a time: the loops around
/// the micro-kernel.
///
/// The first tiles to read an operand would wait for all of it at once, as fast as the last-level cache delivers, and the
/// others not at all. So what is read next comes into the second-level cache during the tiles before it.
struct MacroKernel {
  let kernels: MicroKernelSet

  /// KC: how many k a tile adds up before it touches C. Two panels of B are small enough then to stay near while all rows
  /// of A pass by, and a tile's loads and stores of C are few beside its products; between 256 and 512 the speed hardly
  /// depends on it. Sums are rounded where k is cut, so this is one number and not a function of the processor's caches.
  static let kc = 384

  /// A, packed: groups of rows, each with panels of k, each with the group's rows, W apart.
  ///
  ///     group 0: panel 0 (row 0, row 1, ...), panel 1 (row 0, row 1, ...), ...; group 1: ...
  struct PackedRows {
    var first: UnsafePointer<Float>
    var panelStride: Int
    /// How many k a panel holds.
    var panelDepth: Int
    /// A multiple of `mr`, or all rows that there are.
    var groupRows: Int
    var groupStride = 0
  }

  /// C: vectors of W columns, rows in the same groups as A's.
  struct Target {
    var first: UnsafeMutablePointer<Float>
    var rowStride: Int
    var panelStride: Int
    var groupStride = 0
  }

  /// Where a product's operands begin.
  typealias Operands = (a: UnsafePointer<Float>, b: UnsafePointer<Float>)

  /// Rows of memory that are read soon.
  struct MemoryRows {
    var first: UnsafePointer<Float>
    var rows = 1
    var rowStride = 0
    /// Floats of a row.
    var floats: Int
  }

  /// What this thread reads after a product, as far as it knows. It comes into the second-level cache.
  struct Upcoming {
    /// The next product's operands, laid out alike. Before the last block of k, this product's own come first.
    var a: UnsafePointer<Float>?
    var b: UnsafePointer<Float>?
    /// Whether B, this one and the next, is in the cache already. What tiles would ask of it they then ask of the others.
    var bIsCached = false
    /// What is read to pack an operand. It comes after A.
    var source: MemoryRows?

    init(_ next: Operands? = nil) { (a, b) = (next?.a, next?.b) }
  }

  /// C[m, n] (+)= sum over k of A[m, k] B[k, n], for whole panels of columns.
  struct Product {
    var rows: Int
    var columnPanels: Int
    var depth: Int
    var a: PackedRows
    var b: PackedColumns
    var c: Target
    /// Deeper than a block, C is read and written again for each block, whatever this says of the first.
    var stores = TileStores.overwrites
    var upcoming = Upcoming()
  }

  /// Panels of a block of k: as few blocks as KC allows, about equally deep. A shallow one would read and write C for little.
  static func kcPanels(_ panels: Int, panelDepth: Int) -> Int {
    let blocks = ceilDivide(panels, max(kc / panelDepth, 1))
    return blocks == 0 ? 1 : ceilDivide(panels, blocks)
  }

  func multiply(_ product: Product) {
    let (a, b, c) = (product.a, product.b, product.c)
    let (w, mr, nr) = (kernels.width, kernels.mr, kernels.nr)
    let kcPanels = MacroKernel.kcPanels(ceilDivide(product.depth, a.panelDepth), panelDepth: a.panelDepth)
    let block = kcPanels * a.panelDepth
    let groups = ceilDivide(product.rows, a.groupRows)
    for k in stride(from: 0, to: product.depth, by: block) {
      let depth = min(block, product.depth - k)
      let isLast = k + block >= product.depth
      let aBlock = a.first + k / a.panelDepth * a.panelStride
      let upcoming = product.upcoming
      let aNext = isLast ? upcoming.a : aBlock + kcPanels * a.panelStride
      let bNext = isLast ? upcoming.b : b.first + (k + block) * w
      var requests = Requests(panels: ceilDivide(depth, a.panelDepth), panelDepth: a.panelDepth, width: w)
      if let aNext {
        let left = isLast ? product.depth : product.depth - k - block
        let floats = ceilDivide(min(block, left), a.panelDepth) * a.panelStride * groups
        requests.add(MemoryRows(first: aNext, floats: floats))
      }
      if k == 0, let source = upcoming.source { requests.add(source) }
      // Not before they must: until it is used, what passes through the cache drives it out.
      let columns = ceilDivide(product.columnPanels, nr)
      var early = columns * groups * ceilDivide(min(a.groupRows, product.rows), mr) - requests.count * 9 / 8
      let nothing = TilePrefetch(first: aBlock, step: 0, panelStep: 0)
      var tile = GEMMTile(
        rows: mr, columnPanels: nr, depth: depth,
        a: TileRows(first: aBlock, panelStride: a.panelStride, panelDepth: a.panelDepth),
        b: PackedColumns(b.first, b.panelStride),
        c: TileTarget(
          first: c.first, rowStride: c.rowStride, panelStride: c.panelStride, stores: k > 0 ? .adds : product.stores),
        prefetch: nothing)
      for n in stride(from: 0, to: product.columnPanels, by: nr) {
        tile.b.first = b.first + n * b.panelStride + k * w
        tile.columnPanels = min(nr, product.columnPanels - n)
        let bAhead =
          upcoming.bIsCached
          ? nil : n + nr < product.columnPanels ? tile.b.first + nr * b.panelStride : bNext
        var asked = bAhead == nil ? nr : 0
        for group in 0..<groups {
          tile.a.first = aBlock + group * a.groupStride
          tile.c.first = c.first + n * c.panelStride + group * c.groupStride
          // As many tiles as the group needs, of about as many rows each.
          let rows = min(a.groupRows, product.rows - group * a.groupRows)
          let tiles = rows <= mr ? 1 : ceilDivide(rows, mr)
          var done = 0
          for number in 1...tiles {
            tile.rows = (number == tiles ? rows : rows * number / tiles) - done
            if asked < nr {
              tile.prefetch = TilePrefetch(
                first: bAhead! + asked * b.panelStride, step: w, panelStep: a.panelDepth * w)
              asked += 1
            } else {
              tile.prefetch = nothing
              if early <= 0 { requests.next(&tile.prefetch) }
            }
            kernels.gemmTile(tile)
            done += tile.rows
            tile.a.first += tile.rows * w
            tile.c.first += tile.rows * c.rowStride
            early -= 1
          }
        }
      }
    }
  }

  /// What tiles of so many panels of k ask for in turn.
  private struct Requests {
    let panels: Int
    /// Asked for during a panel: a vector for each k.
    let panelFloats: Int
    let width: Int
    private var waiting: (MemoryRows?, MemoryRows?) = (nil, nil)
    private var (row, column) = (0, 0)
    /// Tiles that it takes.
    private(set) var count = 0

    init(panels: Int, panelDepth: Int, width: Int) {
      self.panels = panels
      self.width = width
      panelFloats = panelDepth * width
    }

    mutating func add(_ rows: MemoryRows) {
      var rows = rows
      if rows.rows == 0 || rows.floats == 0 { return }
      if rows.rows == 1 {
        // What a panel asks for is a row.
        (rows.rows, rows.rowStride) = (ceilDivide(rows.floats, panelFloats), panelFloats)
        rows.floats = panelFloats
      }
      if waiting.0 == nil { waiting.0 = rows } else { waiting.1 = rows }
      count += ceilDivide(rows.rows, panels) * ceilDivide(rows.floats, panelFloats)
    }

    /// Leaves `prefetch` as it is where nothing is left.
    mutating func next(_ prefetch: inout TilePrefetch) {
      guard let rows = waiting.0 else { return }
      prefetch = TilePrefetch(
        first: rows.first + row * rows.rowStride + column, step: width, panelStep: rows.rowStride)
      row += panels
      if row < rows.rows { return }
      row = 0
      column += panelFloats
      if column < rows.floats { return }
      column = 0
      waiting = (waiting.1, nil)
    }
  }

  /// How many k of a transposed product go together, all of whose operands are streams.
  private static let kcTransposed = 256

  /// C[m, n] (+)= sum over k of A[k, m] B[k, n]: the rows of C are the columns of A.
  struct TransposedProduct {
    var rowPanels: Int
    var columnPanels: Int
    var depth: Int
    var a: PackedColumns
    var b: PackedColumns
    /// Rows W apart. Columns of A beyond the last real one yield rows that are written too.
    var c: UnsafeMutablePointer<Float>
    /// Between panels of n of C.
    var cPanelStride: Int
    var accumulates = false
    /// Of the next product, laid out alike, as for `Product`.
    var next: Operands?
    /// What comes into the second-level cache instead.
    var source: UnsafeBufferPointer<Float>?
  }

  func multiply(_ product: TransposedProduct) {
    let (a, b, rowPanels, columnPanels) = (product.a, product.b, product.rowPanels, product.columnPanels)
    let (w, mr, nr) = (kernels.width, kernels.mrTransposed, kernels.nrTransposed)
    for k in stride(from: 0, to: product.depth, by: MacroKernel.kcTransposed) {
      let block = min(MacroKernel.kcTransposed, product.depth - k)
      let following =
        k + block < product.depth ? (a.first + (k + block) * w, b.first + (k + block) * w) : product.next
      // Each tile asks for a panel, or for a part of one where there are more tiles: requests are few at a time, for they
      // take the places of those that the tile itself waits for.
      let tiles = ceilDivide(columnPanels, nr) * (rowPanels * w / mr)
      let parts = max(tiles / (rowPanels + columnPanels), 1)
      var tile = 0
      for n in stride(from: 0, to: columnPanels, by: nr) {
        for m in stride(from: 0, to: rowPanels * w, by: mr) {
          let aTile = a.first + m / w * a.panelStride + m % w + k * w
          var prefetch = TilePrefetch(first: aTile, step: ceilDivide(w, parts), panelStep: 0)
          let (panel, part) = (tile / parts, tile % parts)
          if let source = product.source {
            prefetch.first = source.baseAddress! + source.count * tile / tiles
            prefetch.step = ceilDivide(source.count, tiles * block)
          } else if let following, panel < rowPanels + columnPanels {
            prefetch.first =
              panel < rowPanels
              ? following.0 + panel * a.panelStride : following.1 + (panel - rowPanels) * b.panelStride
            prefetch.first += block * part / parts * w
          }
          tile += 1
          kernels.gemmTileTransposed(
            GEMMTile(
              rows: mr, columnPanels: min(nr, columnPanels - n), depth: block,
              a: TileRows(first: aTile, panelStride: 0, panelDepth: block),
              b: PackedColumns(b.first + n * b.panelStride + k * w, b.panelStride),
              c: TileTarget(
                first: product.c + n * product.cPanelStride + m * w, rowStride: w, panelStride: product.cPanelStride,
                stores: product.accumulates || k > 0 ? .adds : .overwrites),
              prefetch: prefetch))
        }
      }
    }
  }
}
