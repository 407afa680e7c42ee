import VectorLoops

/// Matrix products over packed operands (see `GEMMLoops`), on the calling thread, a block of k at a time: the loops around
/// the micro-kernel.
///
/// The first tiles to read an operand would wait for all of it at once, as fast as the last-level cache delivers, and the
/// others not at all. So what is read next comes into the second-level cache during all tiles before it. (On a Xeon this
/// saves 12 to 17% of a filter gradient's time and 3 to 8% of the other passes'.)
struct MacroKernel {
  let loops: InnerLoops

  /// KC: how many k a tile adds up before it touches C. Two panels of B are small enough then to stay near while all rows
  /// of A pass by, and a tile's loads and stores of C are few beside its products; between 128 and 512 the speed hardly
  /// depends on it. Sums are rounded where k is cut, so this is one number and not a function of the processor's caches.
  static let kc = 256

  /// A, packed: groups of rows, each with panels of k, each with the group's rows, W apart.
  ///
  ///     group 0: panel 0 (row 0, row 1, ...), panel 1 (row 0, row 1, ...), ...; group 1: ...
  struct PackedRows {
    var first: UnsafePointer<Float>
    var panelStride: Int
    /// A multiple of `mr`, or all rows that there are.
    var groupRows: Int
    var groupStride: Int

    /// From panel `panel` of k on.
    func from(panel: Int) -> PackedRows {
      var rest = self
      rest.first += panel * panelStride
      return rest
    }
  }

  /// B, packed: panels of n, each with rows of W for each k. Both operands of a transposed product lie like this.
  struct PackedColumns {
    var first: UnsafePointer<Float>
    var panelStride: Int

    init(_ first: UnsafePointer<Float>, _ panelStride: Int) {
      self.first = first
      self.panelStride = panelStride
    }
  }

  /// C: vectors of W columns, rows in the same groups as A's.
  struct Target {
    var first: UnsafeMutablePointer<Float>
    var rowStride: Int
    var panelStride: Int
    var groupStride: Int
  }

  /// Where a product's operands begin.
  typealias Operands = (a: UnsafePointer<Float>, b: UnsafePointer<Float>)

  /// What tiles ask for into the second-level cache, in turn.
  private struct Ahead {
    var groups: MacroKernel.PackedRows
    /// Groups left, and floats of each.
    var count: Int
    var floats: Int
    var done = 0
    var stream: UnsafeBufferPointer<Float>?

    /// The next `lines` lines of W floats; `fallback` where there is nothing left to ask for.
    mutating func next(_ step: Int, _ fallback: UnsafePointer<Float>) -> UnsafePointer<Float> {
      if count > 0 {
        let address = groups.first + done
        done += step
        if done >= floats {
          done = 0
          count -= 1
          groups.first += groups.groupStride
        }
        return address
      }
      guard let rest = stream, rest.count > 0 else { return fallback }
      stream = UnsafeBufferPointer(rebasing: rest.dropFirst(step))
      return rest.baseAddress!
    }
  }

  /// C[m, n] (+)= sum over k of A[m, k] B[k, n] for `rows` rows and whole panels of columns. Panels of A are `panelDepth`
  /// deep. Deeper than a block, C is read and written again for each block, whatever `stores` says of the first.
  /// - Parameter next: of the product that this thread computes next, laid out alike; nil where that is not known. They,
  ///   or this product's next block, come into the second-level cache meanwhile.
  /// - Parameter stream: what comes there instead of A's next block.
  /// - Parameter bIsCached: whether the next B is in the cache already. What tiles would ask of it they then ask of A, and of
  ///   `stream` after A's next block.
  func multiply(
    rows: Int, columnPanels: Int, depth: Int, panelDepth: Int, a: PackedRows, b: PackedColumns, c: Target,
    stores: TileStores, next: Operands? = nil, ahead stream: UnsafeBufferPointer<Float>? = nil, bIsCached: Bool = false
  ) {
    let w = loops.width
    let (mr, nr) = (loops.mr, loops.nr)
    let blockPanels = max(MacroKernel.kc / panelDepth, 1)
    let block = blockPanels * panelDepth
    let groups = ceilDivide(rows, a.groupRows)
    for k in stride(from: 0, to: depth, by: block) {
      let blockDepth = min(block, depth - k)
      let a = a.from(panel: k / panelDepth)
      let following =
        k + block < depth ? (a.first + blockPanels * a.panelStride, b.first + (k + block) * w) : next
      var ahead = Ahead(
        groups: a, count: following == nil || (!bIsCached && stream != nil && k == 0) ? 0 : groups,
        floats: min(blockPanels, ceilDivide(depth, panelDepth)) * a.panelStride, stream: k == 0 ? stream : nil)
      ahead.groups.first = following?.0 ?? a.first
      for n in stride(from: 0, to: columnPanels, by: nr) {
        let bBlock = b.first + n * b.panelStride + k * w
        let aheadInB = n + nr < columnPanels ? bBlock + nr * b.panelStride : following?.1 ?? bBlock
        var number = 0
        for group in 0..<groups {
          // As many tiles as the group needs, of about as many rows each.
          let groupRows = min(a.groupRows, rows - group * a.groupRows)
          let tiles = ceilDivide(groupRows, mr)
          for tile in 0..<tiles {
            let m = groupRows * tile / tiles
            loops.gemmTile(
              GEMMTile(
                rows: groupRows * (tile + 1) / tiles - m, columnPanels: min(nr, columnPanels - n), depth: blockDepth,
                panelDepth: panelDepth, a: a.first + group * a.groupStride + m * w, aPanelStride: a.panelStride,
                b: bBlock, bPanelStride: b.panelStride,
                c: c.first + n * c.panelStride + group * c.groupStride + m * c.rowStride, cRowStride: c.rowStride,
                cPanelStride: c.panelStride, stores: k > 0 ? .adds : stores,
                ahead: number < nr && !bIsCached
                  ? aheadInB + number * b.panelStride : ahead.next(blockDepth * w, a.first),
                aheadStep: w))
            number += 1
          }
        }
      }
    }
  }

  /// How many k of a transposed product go together, all of whose operands are streams.
  private static let kcTransposed = 256

  /// C[m, n] (+)= sum over k of A[k, m] B[k, n]: the rows of C are the columns of A.
  ///
  /// C has rows W apart and panels of n `cPanelStride` apart. Columns of A beyond the last real one yield rows that are
  /// written too.
  /// - Parameter next: as for `multiply`.
  /// - Parameter stream: what comes into the second-level cache instead.
  func multiplyTransposed(
    rowPanels: Int, columnPanels: Int, depth: Int, a: PackedColumns, b: PackedColumns, c: UnsafeMutablePointer<Float>,
    cPanelStride: Int, accumulate: Bool, next: Operands? = nil, ahead stream: UnsafeBufferPointer<Float>? = nil
  ) {
    let w = loops.width
    let (mr, nr) = (loops.mrTransposed, loops.nrTransposed)
    for k in stride(from: 0, to: depth, by: MacroKernel.kcTransposed) {
      let block = min(MacroKernel.kcTransposed, depth - k)
      let following = k + block < depth ? (a.first + (k + block) * w, b.first + (k + block) * w) : next
      // Each tile asks for a panel, or for a part of one where there are more tiles: requests are few at a time, for they
      // take the places of those that the tile itself waits for.
      let tiles = ceilDivide(columnPanels, nr) * (rowPanels * w / mr)
      let parts = max(tiles / (rowPanels + columnPanels), 1)
      var tile = 0
      for n in stride(from: 0, to: columnPanels, by: nr) {
        for m in stride(from: 0, to: rowPanels * w, by: mr) {
          let aTile = a.first + m / w * a.panelStride + m % w + k * w
          var ahead = aTile
          var aheadStep = ceilDivide(w, parts)
          let (panel, part) = (tile / parts, tile % parts)
          if let stream {
            ahead = stream.baseAddress! + stream.count * tile / tiles
            aheadStep = ceilDivide(stream.count, tiles * block)
          } else if let following, panel < rowPanels + columnPanels {
            ahead =
              panel < rowPanels
              ? following.0 + panel * a.panelStride : following.1 + (panel - rowPanels) * b.panelStride
            ahead += block * part / parts * w
          }
          tile += 1
          loops.gemmTileTransposed(
            GEMMTile(
              rows: mr, columnPanels: min(nr, columnPanels - n), depth: block, panelDepth: block, a: aTile,
              aPanelStride: 0, b: b.first + n * b.panelStride + k * w, bPanelStride: b.panelStride,
              c: c + n * cPanelStride + m * w, cRowStride: w, cPanelStride: cPanelStride,
              stores: accumulate || k > 0 ? .adds : .overwrites, ahead: ahead, aheadStep: aheadStep))
        }
      }
    }
  }
}

/// ceil(a / b) for positive b.
func ceilDivide(_ a: Int, _ b: Int) -> Int { (a + b - 1) / b }
