import MicroKernels8
import MicroKernels

/// Taps [rows, columns] of a run of filter rows, with gaps.
private struct Taps {
  let values: UnsafeMutablePointer<Float>
  let rowStride, step, count: Int
  var columnStride: Int { width }

  /// - Parameter gap: behind each row of taps and each filter row.
  init(
    _ check: inout Check, _ numbers: Numbers, rows: Int, columns: Int, run: Int, blank: Bool = false, gap: Int = 8
  ) {
    rowStride = columns * width + gap
    step = rows * rowStride + gap
    count = (run - 1) * step + (rows - 1) * rowStride + columns * width
    values = blank ? check.blank(count) : check.operand(count, numbers)
  }

  func index(_ k: Int, _ row: Int, _ column: Int) -> Int { k * step + row * rowStride + column * columnStride }
}

func filterTransform(_ check: inout Check) {
  for basis in Basis.all {
    for (rows, columns) in basis.tileRanges {
      let (rowTaps, columnTaps) = (rows.count - 3, columns.count - 3)
      for streams in [false, true] {
        check.begin()
        let run = 3
        let taps = Taps(&check, basis.numbers, rows: rowTaps, columns: columnTaps, run: run)
        let points = Points(&check, basis, run: run)
        var wanted = [Reference](repeating: .unchanged(.nan), count: points.count)
        let (rowMatrix, columnMatrix) = (basis.filter(rows), basis.filter(columns))
        for k in 0..<run {
          for (r, c, lane) in grid(rows, columns) {
            wanted[points.offsets[r * basis.size + c] + k * width + lane] = transformed(rowMatrix, columnMatrix, r, c) {
              taps.values[taps.index(k, $0, $1) + lane]
            }
          }
        }
        VectorKernels.filterTransform(
          pairs: basis.pairs, rowTaps: rowTaps, columnTaps: columnTaps, rowPoints: rows, columnPoints: columns,
          coefficients: check.array(basis.coefficients),
          scratch: check.blank(64 * width), count: run, source: taps.values, step: taps.step, rowStride: taps.rowStride,
          columnStride: taps.columnStride, destination: points.values, offsets: points.offsets, streams: streams)
        check.compare(points.values, wanted, roundings: basis.roundings)
      }
    }
  }
}

func filterRowTransform(_ check: inout Check) {
  for basis in Basis.all {
    for (rows, columns) in basis.tileRanges where min(rows.count, columns.count) >= (basis.pairs == 2 ? 5 : 8) {
      let (rowTaps, columnTaps) = (rows.count - 3, columns.count - 3)
      for pair in 0...basis.pairs {
        check.begin()
        let run = 3
        // The two rows of points: those of +-p, or those of 0 and infinity, as far as they are there.
        let both = (pair < basis.pairs ? [2 * pair + 1, 2 * pair + 2] : [0, basis.size - 1]).filter(rows.contains)
        let taps = Taps(&check, basis.numbers, rows: rowTaps, columns: columnTaps, run: run)
        let pointStride = run * width + 8
        let count = both.count * columns.count * pointStride
        let destination = check.blank(count)
        var wanted = [Reference](repeating: .unchanged(.nan), count: count)
        let (rowMatrix, columnMatrix) = (basis.filter(rows), basis.filter(columns))
        for k in 0..<run {
          for (r, c, lane) in grid(0..<both.count, 0..<columns.count) {
            wanted[(r * columns.count + c) * pointStride + k * width + lane] =
              transformed(rowMatrix, columnMatrix, both[r], columns.lowerBound + c) {
                taps.values[taps.index(k, $0, $1) + lane]
              }
          }
        }
        VectorKernels.filterRowTransform(
          pairs: basis.pairs, rows: pair, rowTaps: rowTaps, columnTaps: columnTaps, rowPoints: rows,
          columnPoints: columns,
          coefficients: check.array(basis.coefficients), count: run, source: taps.values, step: taps.step,
          rowStride: taps.rowStride, columnStride: taps.columnStride, destination: destination, pointStride: pointStride
        )
        check.compare(destination, wanted, roundings: basis.roundings)
      }
    }
  }
}

func filterRowProduct(_ check: inout Check) {
  for basis in Basis.all where basis.pairs == 2 {
    for columns in [5, 6] {
      for rowTaps in 1...3 {
        for depthPanels in [1, 2] {
          for continues in [false, true] {
            // Where sums go: to be continued, into C, added to C.
            for (complete, accumulates) in [(false, false), (true, false), (true, true)] {
              check.begin()
              filterRowProduct(&check, basis, columns, rowTaps, depthPanels, continues, complete, accumulates)
            }
          }
        }
      }
    }
  }
}

private func filterRowProduct(
  _ check: inout Check, _ basis: Basis, _ columns: Int, _ rowTaps: Int, _ depthPanels: Int, _ continues: Bool,
  _ complete: Bool, _ accumulates: Bool
) {
  let (tiles, taps, depth) = (RowProduct.tiles, columns - 3, depthPanels * width)
  let point: Float = -2
  let step = rowTaps * taps * width + 8
  let source = check.operand((depth - 1) * step + rowTaps * taps * width, basis.numbers)
  let aPanelStride = columns * tiles * width + 8
  let a = check.operand(depthPanels * aPanelStride, basis.numbers)
  let aOffsets = check.array((0..<columns).map { (columns - 1 - $0) * tiles * width })
  let sums = continues ? check.operand(columns * tiles * width, basis.numbers) : check.blank(columns * tiles * width)
  let cStride = tiles * width + 8
  let cOffsets = check.array((0..<columns).map { (columns - 1 - $0) * cStride })
  let c = accumulates ? check.operand(columns * cStride, basis.numbers) : check.blank(columns * cStride)

  var wantedSums = (0..<columns * tiles * width).map { Reference.unchanged(sums[$0]) }
  var wantedC = (0..<columns * cStride).map { Reference.unchanged(c[$0]) }
  let matrix = basis.filter(0..<columns)
  // Points of a filter row; a row of one tap has no powers.
  var u = [Reference](repeating: Reference(), count: depth * columns * width)
  for k in 0..<depth {
    for (j, t, lane) in grid(0..<columns, 0..<taps) {
      var power = 1.0
      for r in 0..<rowTaps {
        u[(k * columns + j) * width + lane].add(
          power * matrix[j][t] * Double(source[k * step + (r * taps + t) * width + lane]))
        power *= Double(point)
      }
    }
  }
  for (j, tile, lane) in grid(0..<columns, 0..<tiles) {
    let (i, place) = ((j * tiles + tile) * width + lane, cOffsets[j] + tile * width + lane)
    var sum = Reference()
    if continues { sum.add(Double(sums[i])) }
    if accumulates { sum.add(Double(c[place])) }
    for k in 0..<depth {
      let factor = a[k / width * aPanelStride + aOffsets[j] + tile * width + k % width]
      sum.add(u[(k * columns + j) * width + lane], times: Double(factor))
    }
    if complete { wantedC[place] = sum } else { wantedSums[i] = sum }
  }
  VectorKernels.filterRowProduct(
    rowTaps: rowTaps, columnPoints: columns, coefficients: check.array(basis.coefficients),
    RowProduct(
      point: point, depthPanels: depthPanels, source: source, step: step, a: a, aPanelStride: aPanelStride,
      aOffsets: aOffsets, sums: sums, continues: continues, c: complete ? c : nil, cOffsets: cOffsets,
      accumulates: accumulates, ahead: source))
  let roundings = basis.numbers == .integers ? 0 : basis.roundings + depth + 1
  check.compare(sums, wantedSums, roundings: roundings)
  check.compare(c, wantedC, roundings: roundings)
}

func filterGradientTransform(_ check: inout Check) {
  for basis in Basis.all {
    for (rows, columns) in basis.tileRanges {
      let (rowTaps, columnTaps) = (rows.count - 3, columns.count - 3)
      for stores in allStores {
        check.begin()
        let run = 3
        let points = Points(&check, basis, run: run, of: (rows, columns))
        // Streams need whole cache lines.
        let taps = Taps(
          &check, basis.numbers, rows: rowTaps, columns: columnTaps, run: run, blank: stores != .adds,
          gap: stores == .streams ? width : 8)
        var wanted = (0..<taps.count).map { Reference.unchanged(taps.values[$0]) }
        let (rowMatrix, columnMatrix) = (basis.filterGradient(rows), basis.filterGradient(columns))
        for k in 0..<run {
          for (r, c, lane) in grid(0..<rowTaps, 0..<columnTaps) {
            let place = taps.index(k, r, c) + lane
            var sum = transformed(rowMatrix, columnMatrix, r, c) { points[$0, $1, k * width + lane] }
            if stores == .adds { sum.add(Double(taps.values[place])) }
            wanted[place] = sum
          }
        }
        VectorKernels.filterGradientTransform(
          pairs: basis.pairs, rowTaps: rowTaps, columnTaps: columnTaps, rowPoints: rows, columnPoints: columns,
          coefficients: check.array(basis.coefficients),
          scratch: check.blank(64 * width), count: run, source: points.values, offsets: points.offsets,
          destination: taps.values, step: taps.step, rowStride: taps.rowStride, columnStride: taps.columnStride,
          stores: stores)
        check.compare(taps.values, wanted, roundings: basis.roundings)
      }
    }
  }
}
