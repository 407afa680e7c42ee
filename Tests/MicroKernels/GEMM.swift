import MicroKernels8
import MicroKernels

let allStores: [TileStores] = [.overwrites, .adds, .streams]

func gemmTile(_ check: inout Check) {
  for numbers in Numbers.allCases {
    for stores in allStores {
      for columnPanels in 1...2 {
        for rows in 1...VectorKernels.mr {
          // The last panel of A is full, or not.
          for (depth, panelDepth) in [(1, 1), (width, width), (9, 3), (8, 3), (2 * width, width), (width + 3, width)] {
            check.begin()
            let depthPanels = (depth + panelDepth - 1) / panelDepth
            let (aPanelStride, bPanelStride) = (rows * width + 8, depth * width + 8)
            let a = check.operand((depthPanels - 1) * aPanelStride + rows * width, numbers)
            let b = check.operand((columnPanels - 1) * bPanelStride + depth * width, numbers)
            checkTile(&check, numbers, rows, columnPanels, depth, stores) { k, r in
              a[k / panelDepth * aPanelStride + r * width + k % panelDepth]
            } b: { k, n in
              b[n / width * bPanelStride + k * width + n % width]
            } run: { c in
              VectorKernels.gemmTile(
                GEMMTile(
                  rows: rows, columnPanels: columnPanels, depth: depth,
                  a: TileRows(first: a, panelStride: aPanelStride, panelDepth: panelDepth),
                  b: PackedColumns(b, bPanelStride), c: c,
                  prefetch: TilePrefetch(first: b, step: width, panelStep: panelDepth * width)))
            }
          }
        }
      }
    }
  }
}

func gemmTileTransposed(_ check: inout Check) {
  for numbers in Numbers.allCases {
    for stores in allStores {
      for columnPanels in 1...VectorKernels.nrTransposed {
        for depth in [1, 2, 7, 16] {
          check.begin()
          let rows = VectorKernels.mrTransposed
          let bPanelStride = depth * width + 8
          let a = check.operand((depth - 1) * width + rows, numbers)
          let b = check.operand((columnPanels - 1) * bPanelStride + depth * width, numbers)
          checkTile(&check, numbers, rows, columnPanels, depth, stores) { t, r in
            a[t * width + r]
          } b: { t, n in
            b[n / width * bPanelStride + t * width + n % width]
          } run: { c in
            VectorKernels.gemmTileTransposed(
              GEMMTile(
                rows: rows, columnPanels: columnPanels, depth: depth,
                a: TileRows(first: a, panelStride: 0, panelDepth: depth), b: PackedColumns(b, bPanelStride), c: c,
                prefetch: TilePrefetch(first: b, step: width, panelStep: 0)))
          }
        }
      }
    }
  }
}

/// Rows of A side by side with steps of k between them, as channels of pixels are, and the other way round; vectors of B one
/// behind the other, or such that they overlap. Two panels have as many rows as every machine takes, for the bits of two
/// machines are compared.
func gemmTileInPlace(_ check: inout Check) {
  for numbers in Numbers.allCases {
    for stores in allStores {
      for columnPanels in 1...VectorKernels.nr {
        for rows in 1...(columnPanels == 1 ? VectorKernels.mrInPlace(1) : 4) {
          for (runs, depth) in [(1, 1), (2, 3), (3, 8)] {
            for (rowStride, step, bStep) in [(1, rows + 2, 3), (6, 1, width), (depth, 1, width + 1)] {
              check.begin()
              let aRunStride = (rows - 1) * rowStride + depth * step + 5
              let bRunStride = (depth - 1) * bStep + width
              let bPanelStride = runs * bRunStride + 8
              let a = check.operand((runs - 1) * aRunStride + (rows - 1) * rowStride + (depth - 1) * step + 1, numbers)
              let b = check.operand((columnPanels - 1) * bPanelStride + runs * bRunStride, numbers)
              checkTile(&check, numbers, rows, columnPanels, runs * depth, stores) { k, r in
                a[k / depth * aRunStride + k % depth * step + r * rowStride]
              } b: { k, n in
                b[n / width * bPanelStride + k / depth * bRunStride + k % depth * bStep + n % width]
              } run: { c in
                VectorKernels.gemmTileInPlace(
                  InPlaceTile(
                    rows: rows, columnPanels: columnPanels, runs: runs, depth: depth,
                    a: RowsInPlace(first: a, rowStride: rowStride, step: step, runStride: aRunStride),
                    b: ColumnsInPlace(first: b, step: bStep, runStride: bRunStride, panelStride: bPanelStride), c: c))
              }
            }
          }
        }
      }
    }
  }
}

/// C (+)= A B, with gaps between the rows and panels of C.
private func checkTile(
  _ check: inout Check, _ numbers: Numbers, _ rows: Int, _ columnPanels: Int, _ depth: Int, _ stores: TileStores,
  a: (_ k: Int, _ row: Int) -> Float, b: (_ k: Int, _ column: Int) -> Float,
  run: (_ c: TileTarget) -> Void
) {
  // Whole cache lines, which streams need.
  let (cRowStride, cPanelStride) = (2 * width, (2 * rows + 2) * width)
  let count = columnPanels * cPanelStride
  let c = stores == .adds ? check.operand(count, numbers) : check.blank(count)
  var wanted = (0..<count).map { Reference.unchanged(c[$0]) }
  for r in 0..<rows {
    for n in 0..<columnPanels * width {
      var sum = Reference()
      if stores == .adds { sum.add(Double(c[n / width * cPanelStride + r * cRowStride + n % width])) }
      for k in 0..<depth { sum.add(Double(a(k, r)) * Double(b(k, n))) }
      wanted[n / width * cPanelStride + r * cRowStride + n % width] = sum
    }
  }
  run(TileTarget(first: c, rowStride: cRowStride, panelStride: cPanelStride, stores: stores))
  check.compare(c, wanted, roundings: numbers == .integers ? 0 : depth + 1)
}
