import CProcessor
import MicroKernels

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
    _ rowTaps: Int, _ columnTaps: Int, _ rowPoints: Range<Int>, _ columnPoints: Range<Int>,
    _ scratch: UnsafeMutablePointer<Float>, _ count: Int, _ source: UnsafePointer<Float>, _ step: Int,
    _ rowStride: Int, _ columnStride: Int, _ destination: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>,
    _ streams: Bool
  ) {
    let powers = powers
    for row in 0..<count {
      let source = source + row * step
      let destination = destination + row * Vector.scalarCount
      prefetchTaps(rowTaps, columnTaps, source + step, rowStride, columnStride)
      for c in 0..<columnTaps {
        filter(
          rowTaps, rowPoints, powers, Strided(source + c * columnStride, rowStride), scratchColumn(scratch, c))
      }
      for r in rowPoints {
        let points = Scattered(base: destination, offsets: offsets + r * n, step: 1)
        #if WIDE
          if streams {
            filter(columnTaps, columnPoints, powers, scratchRow(scratch, r), Streamed(line: points))
            continue
          }
        #endif
        filter(columnTaps, columnPoints, powers, scratchRow(scratch, r), points)
      }
    }
  }

  /// Two rows of G g G^T for `count` filter rows: along the first axis those of +-p, then all along the second.
  @inline(__always)
  private func pairTransform<let rowTaps: Int, let columnTaps: Int>(
    _: InlineArray<rowTaps, Vector>.Type, _: InlineArray<columnTaps, Vector>.Type, _ pair: Int, _ lags: Bool,
    _ columnPoints: Range<Int>, _ count: Int, _ source: UnsafePointer<Float>, _ step: Int, _ rowStride: Int,
    _ columnStride: Int, _ destination: UnsafeMutablePointer<Float>, _ pointStride: Int
  ) {
    let powers = powers
    let own = powers[pair]
    // Where 0 would be is before the first point.
    let first = destination - columnPoints.lowerBound * pointStride
    let second = first + columnPoints.count * pointStride
    for k in 0..<count {
      let source = source + k * step
      var (plus, minus) = (Held<columnTaps>(), Held<columnTaps>())
      for c in 0..<columnTaps {
        (plus.values[c], minus.values[c]) = own.rows(
          rowTaps, lags: lags, Strided(source + c * columnStride, rowStride))
      }
      let point = k * Vector.scalarCount
      filter(columnTaps, columnPoints, powers, plus, Strided(base: first + point, stride: pointStride))
      filter(columnTaps, columnPoints, powers, minus, Strided(base: second + point, stride: pointStride))
    }
  }

  /// One row of G g G^T, for 0 or infinity: a row of taps itself, along the second axis.
  @inline(__always)
  private func endTransform<let columnTaps: Int>(
    _: InlineArray<columnTaps, Vector>.Type, _ columnPoints: Range<Int>, _ count: Int, _ source: UnsafePointer<Float>,
    _ step: Int, _ columnStride: Int, _ destination: UnsafeMutablePointer<Float>, _ pointStride: Int
  ) {
    let powers = powers
    let first = destination - columnPoints.lowerBound * pointStride
    for k in 0..<count {
      filter(
        columnTaps, columnPoints, powers, Strided(source + k * step, columnStride),
        Strided(base: first + k * Vector.scalarCount, stride: pointStride))
    }
  }

  @inline(never)
  func filterRowTransform(
    _ rows: Int, _ rowTaps: Int, _ columnTaps: Int, _ rowPoints: Range<Int>, _ columnPoints: Range<Int>,
    _ count: Int, _ source: UnsafePointer<Float>, _ step: Int, _ rowStride: Int, _ columnStride: Int,
    _ destination: UnsafeMutablePointer<Float>, _ pointStride: Int
  ) {
    typealias Two = InlineArray<2, Vector>
    typealias Three = InlineArray<3, Vector>
    typealias Five = InlineArray<5, Vector>
    let (i, n, s, t, u, v, d, p) = (rows, count, source, step, rowStride, columnStride, destination, pointStride)
    let (isFirst, x) = (rowPoints.lowerBound == 0, columnPoints)
    guard rows == pairs else {
      switch (rowTaps, columnTaps) {
      case (3, 3): pairTransform(Three.self, Three.self, i, !isFirst, x, n, s, t, u, v, d, p)
      case (3, 2): pairTransform(Three.self, Two.self, i, !isFirst, x, n, s, t, u, v, d, p)
      case (2, 3): pairTransform(Two.self, Three.self, i, !isFirst, x, n, s, t, u, v, d, p)
      case (2, 2): pairTransform(Two.self, Two.self, i, !isFirst, x, n, s, t, u, v, d, p)
      case (5, 5): pairTransform(Five.self, Five.self, i, !isFirst, x, n, s, t, u, v, d, p)
      default: preconditionFailure("filterRowTransform: \(rowTaps) x \(columnTaps) taps")
      }
      return
    }
    for end in (isFirst ? 0 : 1)..<(rowPoints.upperBound == self.n ? 2 : 1) {
      let (s, d) = (s + end * (rowTaps - 1) * u, d + (isFirst ? end : 0) * x.count * p)
      switch columnTaps {
      case 2: endTransform(Two.self, x, n, s, t, v, d, p)
      case 3: endTransform(Three.self, x, n, s, t, v, d, p)
      case 5: endTransform(Five.self, x, n, s, t, v, d, p)
      default: preconditionFailure("filterRowTransform: \(columnTaps) taps")
      }
    }
  }

  /// A row of the points of `columnTaps` taps, for `tiles` tiles: `sums` products for each k, and as many registers. The row of
  /// G g is made of taps and used up; nothing of it is stored.
  @inline(__always)
  private func rowProduct<let rowTaps: Int, let columnTaps: Int, let sums: Int>(
    _: InlineArray<rowTaps, Vector>.Type, _: InlineArray<columnTaps, Vector>.Type, _: InlineArray<sums, Vector>.Type,
    _ row: RowProduct, _ tile: Int
  ) {
    let w = Vector.scalarCount
    let points = columnTaps == n - 3 ? n : n - 1
    let tiles = sums / points
    let powers = powers
    let (factor, square) = (Vector(repeating: row.point), Vector(repeating: row.point * row.point))
    let partial = row.sums + tile * w
    let stride = RowProduct.tiles * w
    var total = InlineArray<sums, Vector> { _ in .zero }
    if row.continues {
      for i in 0..<sums { total[i] = (partial + i / tiles * stride + i % tiles * w).vector }
    }
    var (source, ahead) = (row.source, row.ahead)
    for panel in 0..<row.depthPanels {
      let a = InlineArray<6, UnsafePointer<Float>> { j in
        row.a + panel * row.aPanelStride + row.aOffsets[min(j, points - 1)] + tile * w
      }
      for k in 0..<w {
        processor_prefetch_second_level(ahead)
        processor_prefetch_second_level(ahead + 16)
        ahead += 32
        var taps = Held<columnTaps>()
        for c in 0..<columnTaps {
          var value = (source + c * w).vector
          if rowTaps > 2 { value = value.addingProduct((source + (2 * columnTaps + c) * w).vector, square) }
          if rowTaps > 1 { value = value.addingProduct((source + (columnTaps + c) * w).vector, factor) }
          taps.values[c] = value
        }
        source += row.step
        @inline(__always)
        func add(_ point: Int, _ u: Vector) {
          for t in 0..<tiles {
            total[point * tiles + t] = total[point * tiles + t].addingProduct(Vector(repeating: a[point][t * w + k]), u)
          }
        }
        add(0, taps.values[0])
        for i in 0..<pairs {
          let (plus, minus) = powers[i].rows(columnTaps, taps)
          add(2 * i + 1, plus)
          add(2 * i + 2, minus)
        }
        if points == n { add(n - 1, taps.values[columnTaps - 1]) }
      }
    }
    guard let c = row.c else {
      for i in 0..<sums { (partial + i / tiles * stride + i % tiles * w).vector = total[i] }
      return
    }
    for point in 0..<points {
      let c = c + row.cOffsets[point] + tile * w
      for t in 0..<tiles {
        let sum = total[point * tiles + t]
        (c + t * w).vector = row.accumulates ? (c + t * w).vector + sum : sum
      }
    }
  }

  @inline(never)
  func filterRowProduct(_ rowTaps: Int, _ columnPoints: Int, _ row: RowProduct) {
    typealias One = InlineArray<1, Vector>
    typealias Two = InlineArray<2, Vector>
    typealias Three = InlineArray<3, Vector>
    #if WIDE
      typealias Five = InlineArray<20, Vector>
      typealias Six = InlineArray<24, Vector>
      let step = 4
    #elseif arch(wasm32)
      typealias Five = InlineArray<5, Vector>
      typealias Six = InlineArray<6, Vector>
      let step = 1
    #else
      typealias Five = InlineArray<10, Vector>
      typealias Six = InlineArray<12, Vector>
      let step = 2
    #endif
    for tile in stride(from: 0, to: RowProduct.tiles, by: step) {
      switch (rowTaps, columnPoints) {
      case (1, 5): rowProduct(One.self, Two.self, Five.self, row, tile)
      case (2, 5): rowProduct(Two.self, Two.self, Five.self, row, tile)
      case (3, 5): rowProduct(Three.self, Two.self, Five.self, row, tile)
      case (1, 6): rowProduct(One.self, Three.self, Six.self, row, tile)
      case (2, 6): rowProduct(Two.self, Three.self, Six.self, row, tile)
      case (3, 6): rowProduct(Three.self, Three.self, Six.self, row, tile)
      default: preconditionFailure("filterRowProduct: \(rowTaps) taps, \(columnPoints) points")
      }
    }
  }

  @inline(never)
  func filterGradientTransform(
    _ rowTaps: Int, _ columnTaps: Int, _ rowPoints: Range<Int>, _ columnPoints: Range<Int>,
    _ scratch: UnsafeMutablePointer<Float>, _ count: Int, _ source: UnsafePointer<Float>,
    _ offsets: UnsafePointer<Int>, _ destination: UnsafeMutablePointer<Float>, _ step: Int, _ rowStride: Int,
    _ columnStride: Int, _ stores: TileStores
  ) {
    for row in 0..<count {
      let source = source + row * Vector.scalarCount
      let destination = destination + row * step
      if stores == .adds { prefetchTaps(rowTaps, columnTaps, destination + step, rowStride, columnStride) }
      for c in columnPoints {
        filterTransposed(rowTaps, rowPoints, Scattered(source, offsets + c, n), scratchColumn(scratch, c))
      }
      for r in 0..<rowTaps {
        let line = Strided(base: destination + r * rowStride, stride: columnStride)
        if stores == .adds {
          filterTransposed(columnTaps, columnPoints, scratchRow(scratch, r), Added(line: line))
          continue
        }
        #if WIDE
          if stores == .streams {
            filterTransposed(columnTaps, columnPoints, scratchRow(scratch, r), Streamed(line: line))
            continue
          }
        #endif
        filterTransposed(columnTaps, columnPoints, scratchRow(scratch, r), line)
      }
    }
  }
}
