import CProcessor
import VectorLoops

/// What `filterRowProduct` adds up at one point and in one panel of columns: as many sums as hide the latency of an addition.
private struct FewTiles {
  static let count = 4
  private var sums: InlineArray<4, Vector>

  @inline(__always)
  init(_ source: UnsafeMutablePointer<Float>) {
    sums = InlineArray(repeating: .zero)
    for t in 0..<4 { sums[t] = (source + t * Vector.scalarCount).vector }
  }

  @inline(__always)
  subscript(_ t: Int) -> Vector {
    get { sums[t] }
    set { sums[t] = newValue }
  }

  @inline(__always)
  func store(_ target: UnsafeMutablePointer<Float>) {
    for t in 0..<4 { (target + t * Vector.scalarCount).vector = sums[t] }
  }
}

extension Basis {
  /// The taps of the next row of a filter: as many streams as there are taps, with long steps.
  @inline(__always)
  private func prefetchTaps(
    _ rows: Int, _ columns: Int, _ first: UnsafePointer<Float>, _ rowStride: Int, _ columnStride: Int
  ) {
    for r in 0..<rows {
      for c in 0..<columns { processor_prefetch(first + r * rowStride + c * columnStride) }
    }
  }

  @inline(never)
  func filterTransform(
    _ rowPoints: Int, _ columnPoints: Int, _ scratch: UnsafeMutablePointer<Float>, _ count: Int,
    _ source: UnsafePointer<Float>, _ step: Int, _ rowStride: Int, _ columnStride: Int,
    _ destination: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>, _ streams: Bool
  ) {
    let rows = FilterRows(self)
    for row in 0..<count {
      let source = source + row * step
      let destination = destination + row * Vector.scalarCount
      prefetchTaps(rowPoints - 3, columnPoints - 3, source + step, rowStride, columnStride)
      for c in 0..<(columnPoints - 3) {
        filter(rowPoints, rows, Strided(source + c * columnStride, rowStride), scratchColumn(scratch, c))
      }
      for r in 0..<rowPoints {
        let points = Scattered(base: destination, offsets: offsets + r * n, step: 1)
        #if WIDE
          if streams {
            filter(columnPoints, rows, scratchRow(scratch, r), Streamed(line: points))
            continue
          }
        #endif
        filter(columnPoints, rows, scratchRow(scratch, r), points)
      }
    }
  }

  /// One row of G g G^T for `count` filter rows: along the first axis by `row`, then along the second.
  @inline(__always)
  private func rowTransform<let rowTaps: Int, let columnTaps: Int>(
    _: InlineArray<rowTaps, Vector>.Type, _: InlineArray<columnTaps, Vector>.Type, _ row: UnsafePointer<Float>,
    _ count: Int, _ source: UnsafePointer<Float>, _ step: Int, _ rowStride: Int, _ columnStride: Int,
    _ destination: UnsafeMutablePointer<Float>, _ pointStride: Int
  ) {
    let w = Vector.scalarCount
    let rows = FilterRows(self)
    var factors = InlineArray<rowTaps, Vector>(repeating: .zero)
    for t in 0..<rowTaps { factors[t] = Vector(repeating: row[t]) }
    for k in 0..<count {
      let source = source + k * step
      var sums = Held<columnTaps>()
      for c in 0..<columnTaps {
        var sum = (source + c * columnStride).vector * factors[0]
        for t in 1..<rowTaps { sum = sum.addingProduct((source + c * columnStride + t * rowStride).vector, factors[t]) }
        sums.values[c] = sum
      }
      filter(columnTaps + 3, rows, sums, Strided(base: destination + k * w, stride: pointStride))
    }
  }

  @inline(never)
  func filterRowTransform(
    _ columnPoints: Int, _ row: UnsafePointer<Float>, _ taps: Int, _ count: Int, _ source: UnsafePointer<Float>,
    _ step: Int, _ rowStride: Int, _ columnStride: Int, _ destination: UnsafeMutablePointer<Float>, _ pointStride: Int
  ) {
    typealias One = InlineArray<1, Vector>
    typealias Two = InlineArray<2, Vector>
    typealias Three = InlineArray<3, Vector>
    typealias Five = InlineArray<5, Vector>
    let (n, s, t, u, v, d, p) = (count, source, step, rowStride, columnStride, destination, pointStride)
    switch (taps, columnPoints - 3) {
    case (1, 3): rowTransform(One.self, Three.self, row, n, s, t, u, v, d, p)
    case (1, 2): rowTransform(One.self, Two.self, row, n, s, t, u, v, d, p)
    case (1, 5): rowTransform(One.self, Five.self, row, n, s, t, u, v, d, p)
    case (5, 5): rowTransform(Five.self, Five.self, row, n, s, t, u, v, d, p)
    case (3, 3): rowTransform(Three.self, Three.self, row, n, s, t, u, v, d, p)
    case (3, 2): rowTransform(Three.self, Two.self, row, n, s, t, u, v, d, p)
    case (2, 3): rowTransform(Two.self, Three.self, row, n, s, t, u, v, d, p)
    case (2, 2): rowTransform(Two.self, Two.self, row, n, s, t, u, v, d, p)
    default: preconditionFailure("filterRowTransform: \(taps) taps for \(columnPoints) points")
    }
  }

  /// W rows of k at a time are transformed into the first-level cache, for two panels of columns; then each point's product
  /// with the few tiles goes on where it stopped. The sums run in the order of `gemmTile`, so both ways yield the same bits.
  @inline(never)
  func filterRowProduct(
    _ columnPoints: Int, _ row: UnsafePointer<Float>, _ rowTaps: Int, _ depthPanels: Int,
    _ source: UnsafePointer<Float>, _ step: Int, _ rowStride: Int, _ columnStride: Int, _ sourcePanelStride: Int,
    _ a: UnsafePointer<Float>, _ aOffsets: UnsafePointer<Int>, _ aPanelStride: Int, _ c: UnsafeMutablePointer<Float>,
    _ cOffsets: UnsafePointer<Int>, _ cPanelStride: Int, _ scratch: UnsafeMutablePointer<Float>, _ accumulate: Bool,
    _ ahead: UnsafePointer<UnsafePointer<Float>>
  ) {
    let w = Vector.scalarCount
    let tile = FewTiles.count * w
    let sums = scratch + 2 * n * w * w
    for i in 0..<2 * columnPoints * FewTiles.count { (sums + i * w).vector = .zero }
    for panel in 0..<depthPanels {
      for column in 0..<2 {
        let source = source + column * sourcePanelStride + panel * w * step
        filterRowTransform(
          columnPoints, row, rowTaps, w, source, step, rowStride, columnStride, scratch + column * n * w * w, w * w)
      }
      for point in 0..<columnPoints {
        let a = a + panel * aPanelStride + aOffsets[point]
        let left = scratch + point * w * w
        let right = left + n * w * w
        let sums = sums + point * 2 * tile
        let ahead = ahead[point] + panel * w * step
        var (leftSums, rightSums) = (FewTiles(sums), FewTiles(sums + tile))
        for k in 0..<w {
          processor_prefetch_second_level(ahead + k * step)
          let u = (left + k * w).vector
          let v = (right + k * w).vector
          for t in 0..<FewTiles.count {
            let value = Vector(repeating: a[t * w + k])
            leftSums[t] = leftSums[t].addingProduct(value, u)
            rightSums[t] = rightSums[t].addingProduct(value, v)
          }
        }
        leftSums.store(sums)
        rightSums.store(sums + tile)
      }
    }
    for point in 0..<columnPoints {
      for column in 0..<2 {
        let c = c + column * cPanelStride + cOffsets[point]
        let sums = sums + (2 * point + column) * tile
        for t in 0..<FewTiles.count {
          let sum = (sums + t * w).vector
          (c + t * w).vector = accumulate ? (c + t * w).vector + sum : sum
        }
      }
    }
  }

  @inline(never)
  func filterGradientTransform(
    _ rowPoints: Int, _ columnPoints: Int, _ scratch: UnsafeMutablePointer<Float>, _ count: Int,
    _ source: UnsafePointer<Float>, _ offsets: UnsafePointer<Int>, _ destination: UnsafeMutablePointer<Float>,
    _ step: Int, _ rowStride: Int, _ columnStride: Int, _ accumulate: Bool
  ) {
    for row in 0..<count {
      let source = source + row * Vector.scalarCount
      let destination = destination + row * step
      if accumulate { prefetchTaps(rowPoints - 3, columnPoints - 3, destination + step, rowStride, columnStride) }
      for c in 0..<columnPoints {
        filterTransposed(rowPoints, Scattered(source, offsets + c, n), scratchColumn(scratch, c))
      }
      for r in 0..<(rowPoints - 3) {
        let line = Strided(base: destination + r * rowStride, stride: columnStride)
        if accumulate {
          filterTransposed(columnPoints, scratchRow(scratch, r), Added(line: line))
        } else {
          filterTransposed(columnPoints, scratchRow(scratch, r), line)
        }
      }
    }
  }
}
