import CProcessor
import MicroKernels

/// One-dimensional transforms for `pairs` pairs of points +-p, with `half` = pairs + 1, `finite` = 2 pairs + 1 points and
/// `all` = 2 pairs + 2. Coefficients as `WinogradBasis`
/// lays them out: p[i], q[i][j], Q[j], 1/N[0 ... pairs].
///
/// Rows for +p and -p share their even part and differ in the sign of the odd part, which halves the arithmetic.
struct Basis<let pairs: Int, let half: Int, let finite: Int, let all: Int> {
  let c: UnsafePointer<Float>

  @inline(__always) var n: Int { all }
  @inline(__always) func point(_ i: Int) -> Vector { Vector(repeating: c[i]) }
  @inline(__always) func square(_ i: Int) -> Vector { Vector(repeating: c[i] * c[i]) }
  @inline(__always) func q(_ i: Int, _ j: Int) -> Vector { Vector(repeating: c[pairs + i * pairs + j]) }
  @inline(__always) func product(_ j: Int) -> Vector { Vector(repeating: c[pairs + pairs * pairs + j]) }
  @inline(__always) func scale(_ i: Int) -> Vector { Vector(repeating: c[pairs + pairs * pairs + half + i]) }

  /// Rows of B^T: 0 has product(x^2), +-p_i have x (x +- p_i) q_i(x^2), infinity has x product(x^2).
  @inline(__always)
  private func input(_ points: Range<Int>, _ from: some Values, _ to: some Line) {
    if points.lowerBound == 0 { to.store(0, inputZero(from)) }
    for i in 0..<pairs {
      let (plus, minus) = inputPair(i, from)
      to.store(2 * i + 1, plus)
      to.store(2 * i + 2, minus)
    }
    if points.upperBound == n { to.store(n - 1, inputInfinity(from)) }
  }

  @inline(__always)
  private func inputZero(_ from: some Values) -> Vector {
    var zero = from.load(2 * pairs)
    for j in 0..<pairs { zero = zero.addingProduct(from.load(2 * j), product(j)) }
    return zero
  }

  @inline(__always)
  private func inputPair(_ i: Int, _ from: some Values) -> (plus: Vector, minus: Vector) {
    var e = from.load(2 * pairs)
    var o = from.load(2 * pairs - 1)
    for j in 0..<(pairs - 1) {
      e = e.addingProduct(from.load(2 * j + 2), q(i, j))
      o = o.addingProduct(from.load(2 * j + 1), q(i, j))
    }
    return (e.addingProduct(o, point(i)), e.subtractingProduct(o, point(i)))
  }

  @inline(__always)
  private func inputInfinity(_ from: some Values) -> Vector {
    var infinity = from.load(n - 1)
    for j in 0..<pairs { infinity = infinity.addingProduct(from.load(2 * j + 1), product(j)) }
    return infinity
  }

  /// Rows of A^T D for 0 and for each +p: p^k / N. Taken from memory once, for stores might overwrite the coefficients for
  /// all that the compiler knows.
  private struct OutputRows {
    let zero: Vector
    var pair: InlineArray<pairs, InlineArray<4, Vector>>

    @inline(__always)
    init(_ basis: Basis) {
      zero = basis.scale(0)
      pair = InlineArray(repeating: InlineArray(repeating: .zero))
      for i in 0..<pairs {
        var power = basis.scale(i + 1)
        for k in 0..<4 {
          pair[i][k] = power
          power *= basis.point(i)
        }
      }
    }
  }

  /// Rows of A^T D, infinity in the last.
  @inline(__always)
  private func output(_ points: Range<Int>, _ rows: OutputRows, _ from: some Line, _ to: some Line) {
    var y0 = points.lowerBound == 0 ? from.load(0) * rows.zero : Vector.zero
    var y1 = Vector.zero
    var y2 = Vector.zero
    var y3 = points.upperBound == n ? from.load(n - 1) : Vector.zero
    for i in 0..<pairs {
      let plus = from.load(2 * i + 1)
      let minus = from.load(2 * i + 2)
      let sum = plus + minus
      let difference = plus - minus
      y0 = y0.addingProduct(sum, rows.pair[i][0])
      y1 = y1.addingProduct(difference, rows.pair[i][1])
      y2 = y2.addingProduct(sum, rows.pair[i][2])
      y3 = y3.addingProduct(difference, rows.pair[i][3])
    }
    to.store(0, y0)
    to.store(1, y1)
    to.store(2, y2)
    to.store(3, y3)
  }

  /// A, without D.
  @inline(__always)
  private func outputTransposed(_ points: Range<Int>, _ from: some Values, _ to: some Line) {
    if points.lowerBound == 0 { to.store(0, from.load(0)) }
    for i in 0..<pairs {
      let (plus, minus) = outputTransposedPair(i, from)
      to.store(2 * i + 1, plus)
      to.store(2 * i + 2, minus)
    }
    if points.upperBound == n { to.store(n - 1, from.load(3)) }
  }

  /// Its rows for +-p_i.
  @inline(__always)
  private func outputTransposedPair(_ i: Int, _ from: some Values) -> (plus: Vector, minus: Vector) {
    let e = from.load(0).addingProduct(from.load(2), square(i))
    let o = from.load(1).addingProduct(from.load(3), square(i))
    return (e.addingProduct(o, point(i)), e.subtractingProduct(o, point(i)))
  }

  /// p, p^2 and p^4 of a pair of points, taken from memory once, as `OutputRows` are.
  struct Powers {
    let first: Vector
    let second: Vector
    let fourth: Vector

    @inline(__always)
    init(_ basis: Basis, _ i: Int) {
      first = basis.point(i)
      second = basis.square(i)
      fourth = second * second
    }

    /// The rows of G for +p and -p; times the point where the filter lags.
    @inline(__always)
    func rows(_ taps: Int, lags: Bool = false, _ from: some Values) -> (plus: Vector, minus: Vector) {
      var e = from.load(0)
      var o = taps > 1 ? from.load(1) : Vector.zero
      if taps > 2 { e = e.addingProduct(from.load(2), second) }
      if taps > 3 { o = o.addingProduct(from.load(3), second) }
      if taps > 4 { e = e.addingProduct(from.load(4), fourth) }
      if lags {
        o *= second
        return (o.addingProduct(e, first), o.subtractingProduct(e, first))
      }
      return (e.addingProduct(o, first), e.subtractingProduct(o, first))
    }
  }

  @inline(__always)
  var powers: InlineArray<pairs, Powers> { InlineArray { Powers(self, $0) } }

  /// Rows of G.
  @inline(__always)
  func filter(
    _ taps: Int, _ points: Range<Int>, _ powers: InlineArray<pairs, Powers>, _ from: some Values, _ to: some Line
  ) {
    let lags = points.lowerBound > 0
    if !lags { to.store(0, from.load(0)) }
    for i in 0..<pairs {
      let (plus, minus) = powers[i].rows(taps, lags: lags, from)
      to.store(2 * i + 1, plus)
      to.store(2 * i + 2, minus)
    }
    if points.upperBound == n { to.store(n - 1, from.load(taps - 1)) }
  }

  /// G^T D.
  @inline(__always)
  func filterTransposed(_ taps: Int, _ points: Range<Int>, _ from: some Line, _ to: some Line) {
    let lags = points.lowerBound > 0
    var sum = InlineArray<half, Vector>(repeating: .zero)
    var difference = InlineArray<half, Vector>(repeating: .zero)
    for i in 0..<pairs {
      let plus = from.load(2 * i + 1)
      let minus = from.load(2 * i + 2)
      sum[i] = (plus + minus) * scale(i + 1)
      difference[i] = (plus - minus) * scale(i + 1)
      if lags { (sum[i], difference[i]) = (difference[i] * point(i), sum[i] * point(i)) }
    }
    for t in 0..<taps {
      var g = t == 0 && !lags ? from.load(0) * scale(0) : Vector.zero
      if t == taps - 1 && points.upperBound == n { g += from.load(n - 1) }
      for i in 0..<pairs {
        g += t % 2 == 0 ? sum[i] : difference[i]
        sum[i] *= point(i)
        difference[i] *= point(i)
      }
      to.store(t, g)
    }
  }
}

extension Basis {
  /// Eight columns fit every tile. Rows of the scratch tile lie 8 vectors apart.
  @inline(__always)
  func scratchColumn(_ scratch: UnsafeMutablePointer<Float>, _ c: Int) -> Strided {
    Strided(base: scratch + c * Vector.scalarCount, stride: 8 * Vector.scalarCount)
  }

  @inline(__always)
  func scratchRow(_ scratch: UnsafeMutablePointer<Float>, _ r: Int) -> Strided {
    Strided(base: scratch + r * 8 * Vector.scalarCount, stride: Vector.scalarCount)
  }

  /// The line that the next panel of some pixels begins with or is in: no processor sees a stream in a window's pixels.
  @inline(__always)
  private func prefetchNextPanel(
    _ count: Int, _ pixels: UnsafePointer<UnsafeMutablePointer<Float>>, _ channel: Int
  ) {
    for pixel in 0..<count { processor_prefetch(pixels[pixel] + channel + 16) }
  }

  @inline(never)
  func inputTransform(
    _ rowPoints: Range<Int>, _ columnPoints: Range<Int>, _ tiles: Int,
    _ pixels: UnsafePointer<UnsafeMutablePointer<Float>>,
    _ channel: Int, _ destination: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>
  ) {
    let first = columnPoints.lowerBound
    if columnPoints.upperBound == n {
      inputTiles(InlineArray<all, Vector>.self, first, rowPoints, tiles, pixels, channel, destination, offsets)
    } else {
      inputTiles(InlineArray<finite, Vector>.self, first, rowPoints, tiles, pixels, channel, destination, offsets)
    }
  }

  /// Along the first axis as many rows at a time as fit in the registers with what makes them, then along the second:
  /// three rows of six points, or two of eight. Pixels are read again for each, from the first-level cache; rows of scratch
  /// would be written, too.
  @inline(__always)
  private func inputTiles<let columns: Int>(
    _: InlineArray<columns, Vector>.Type, _ firstColumn: Int, _ rowPoints: Range<Int>, _ tiles: Int,
    _ pixels: UnsafePointer<UnsafeMutablePointer<Float>>, _ channel: Int, _ destination: UnsafeMutablePointer<Float>,
    _ offsets: UnsafePointer<Int>
  ) {
    let (zero, infinity) = (rowPoints.lowerBound == 0, rowPoints.upperBound == n)
    let perTile = rowPoints.upperBound * columns
    for tile in 0..<tiles {
      let pixels = pixels + tile * perTile
      let destination = destination + tile * Vector.scalarCount
      prefetchNextPanel(perTile, pixels, channel)
      @inline(__always)
      func column(_ c: Int) -> Listed { Listed(addresses: pixels + c, step: columns, channel: channel) }
      @inline(__always)
      func store(_ row: Int, _ values: Held<columns>) {
        input(firstColumn..<columns, values, Scattered(base: destination, offsets: offsets + row * n, step: 1))
      }
      @inline(__always)
      func rows(pair: Int?, zero: Bool, infinity: Bool) {
        var (plus, minus, first, last) = (Held<columns>(), Held<columns>(), Held<columns>(), Held<columns>())
        for c in 0..<columns {
          if let pair { (plus.values[c], minus.values[c]) = inputPair(pair, column(c)) }
          if zero { first.values[c] = inputZero(column(c)) }
          if infinity { last.values[c] = inputInfinity(column(c)) }
        }
        if let pair {
          store(2 * pair + 1, plus)
          store(2 * pair + 2, minus)
        }
        if zero { store(0, first) }
        if infinity { store(n - 1, last) }
      }
      if pairs == 2 {
        rows(pair: 0, zero: zero, infinity: false)
        rows(pair: 1, zero: false, infinity: infinity)
      } else {
        for i in 0..<pairs { rows(pair: i, zero: false, infinity: false) }
        rows(pair: nil, zero: zero, infinity: infinity)
      }
    }
  }

  @inline(never)
  func outputTransform(
    _ rowPoints: Range<Int>, _ columnPoints: Range<Int>, _ scratch: UnsafeMutablePointer<Float>, _ tiles: Int,
    _ source: UnsafePointer<Float>, _ offsets: UnsafePointer<Int>,
    _ pixels: UnsafePointer<UnsafeMutablePointer<Float>>, _ channel: Int, _ bias: UnsafePointer<Float>?,
    _ slope: Float, _ streams: Bool
  ) {
    @inline(__always)
    func transform<Row: Line>(_ row: (Listed) -> Row) {
      let rows = OutputRows(self)
      for tile in 0..<tiles {
        let pixels = pixels + tile * 16
        let source = source + tile * Vector.scalarCount
        for c in columnPoints {
          output(rowPoints, rows, Scattered(source, offsets + c, n), scratchColumn(scratch, c))
        }
        for r in 0..<4 {
          let line = row(Listed(addresses: pixels + 4 * r, step: 1, channel: channel))
          output(columnPoints, rows, scratchRow(scratch, r), line)
        }
      }
    }
    #if WIDE
      if streams {
        if let bias {
          transform { Activated(line: Streamed(line: $0), bias: bias, slope: slope) }
        } else {
          transform { Streamed(line: $0) }
        }
        return
      }
    #endif
    if let bias {
      transform { Activated(line: $0, bias: bias, slope: slope) }
    } else {
      transform { $0 }
    }
  }

  @inline(never)
  func outputGradientTransform(
    _ rowPoints: Range<Int>, _ columnPoints: Range<Int>, _ tiles: Int,
    _ pixels: UnsafePointer<UnsafeMutablePointer<Float>>,
    _ channel: Int, _ destination: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>
  ) {
    for tile in 0..<tiles {
      let pixels = pixels + tile * 16
      let destination = destination + tile * Vector.scalarCount
      prefetchNextPanel(16, pixels, channel)
      @inline(__always)
      func store(_ row: Int, _ values: some Values) {
        outputTransposed(
          columnPoints, values, Scattered(base: destination, offsets: offsets + row * n, step: 1))
      }
      @inline(__always)
      func pixelRow(_ r: Int) -> Listed { Listed(addresses: pixels + 4 * r, step: 1, channel: channel) }
      if rowPoints.lowerBound == 0 { store(0, pixelRow(0)) }
      for i in 0..<pairs {
        var (plus, minus) = (Held<4>(), Held<4>())
        for c in 0..<4 {
          (plus.values[c], minus.values[c]) = outputTransposedPair(
            i, Listed(addresses: pixels + c, step: 4, channel: channel))
        }
        store(2 * i + 1, plus)
        store(2 * i + 2, minus)
      }
      if rowPoints.upperBound == n { store(n - 1, pixelRow(3)) }
    }
  }
}
