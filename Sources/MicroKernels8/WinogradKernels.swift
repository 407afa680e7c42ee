import CProcessor
import MicroKernels

/// One-dimensional transforms for `pairs` pairs of points +-p, with `half` = pairs + 1. Coefficients as `WinogradBasis`
/// lays them out: p[i], q[i][j], Q[j], 1/N[0 ... pairs].
///
/// Rows for +p and -p share their even part and differ in the sign of the odd part, which halves the arithmetic.
struct Basis<let pairs: Int, let half: Int> {
  let c: UnsafePointer<Float>

  @inline(__always) var n: Int { 2 * pairs + 2 }
  /// Points of a filter of `taps` taps: infinity is one where there are as many taps as there can be.
  @inline(__always) func points(_ taps: Int) -> Int { taps == n - 3 ? n : n - 1 }
  @inline(__always) func point(_ i: Int) -> Vector { Vector(repeating: c[i]) }
  @inline(__always) func square(_ i: Int) -> Vector { Vector(repeating: c[i] * c[i]) }
  @inline(__always) func q(_ i: Int, _ j: Int) -> Vector { Vector(repeating: c[pairs + i * pairs + j]) }
  @inline(__always) func product(_ j: Int) -> Vector { Vector(repeating: c[pairs + pairs * pairs + j]) }
  @inline(__always) func scale(_ i: Int) -> Vector { Vector(repeating: c[pairs + pairs * pairs + half + i]) }

  /// Rows of B^T: 0 has product(x^2), +-p_i have x (x +- p_i) q_i(x^2), infinity has x product(x^2).
  @inline(__always)
  private func input(_ points: Int, _ from: some Line, _ to: some Line) {
    var even = InlineArray<half, Vector>(repeating: .zero)
    var odd = InlineArray<half, Vector>(repeating: .zero)
    for j in 0..<half { even[j] = from.load(2 * j) }
    for j in 0..<pairs { odd[j] = from.load(2 * j + 1) }
    var zero = even[half - 1]
    for j in 0..<pairs { zero = zero.addingProduct(even[j], product(j)) }
    to.store(0, zero)
    for i in 0..<pairs {
      var e = even[half - 1]
      var o = odd[pairs - 1]
      for j in 0..<(pairs - 1) {
        e = e.addingProduct(even[j + 1], q(i, j))
        o = o.addingProduct(odd[j], q(i, j))
      }
      to.store(2 * i + 1, e.addingProduct(o, point(i)))
      to.store(2 * i + 2, e.subtractingProduct(o, point(i)))
    }
    if points == n {
      var infinity = from.load(n - 1)
      for j in 0..<pairs { infinity = infinity.addingProduct(odd[j], product(j)) }
      to.store(n - 1, infinity)
    }
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
  private func output(_ points: Int, _ rows: OutputRows, _ from: some Line, _ to: some Line) {
    var y0 = from.load(0) * rows.zero
    var y1 = Vector.zero
    var y2 = Vector.zero
    var y3 = points == n ? from.load(n - 1) : Vector.zero
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
  private func outputTransposed(_ points: Int, _ from: some Line, _ to: some Line) {
    let y0 = from.load(0)
    let y1 = from.load(1)
    let y2 = from.load(2)
    let y3 = from.load(3)
    to.store(0, y0)
    for i in 0..<pairs {
      let e = y0.addingProduct(y2, square(i))
      let o = y1.addingProduct(y3, square(i))
      to.store(2 * i + 1, e.addingProduct(o, point(i)))
      to.store(2 * i + 2, e.subtractingProduct(o, point(i)))
    }
    if points == n { to.store(n - 1, y3) }
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

    /// The rows of G for +p and -p.
    @inline(__always)
    func rows(_ taps: Int, _ from: some Values) -> (plus: Vector, minus: Vector) {
      var e = from.load(0)
      var o = taps > 1 ? from.load(1) : Vector.zero
      if taps > 2 { e = e.addingProduct(from.load(2), second) }
      if taps > 3 { o = o.addingProduct(from.load(3), second) }
      if taps > 4 { e = e.addingProduct(from.load(4), fourth) }
      return (e.addingProduct(o, first), e.subtractingProduct(o, first))
    }
  }

  @inline(__always)
  var powers: InlineArray<pairs, Powers> { InlineArray { Powers(self, $0) } }

  /// Rows of G.
  @inline(__always)
  func filter(_ taps: Int, _ powers: InlineArray<pairs, Powers>, _ from: some Values, _ to: some Line) {
    to.store(0, from.load(0))
    for i in 0..<pairs {
      let (plus, minus) = powers[i].rows(taps, from)
      to.store(2 * i + 1, plus)
      to.store(2 * i + 2, minus)
    }
    if points(taps) == n { to.store(n - 1, from.load(taps - 1)) }
  }

  /// G^T D.
  @inline(__always)
  func filterTransposed(_ taps: Int, _ from: some Line, _ to: some Line) {
    var sum = InlineArray<half, Vector>(repeating: .zero)
    var difference = InlineArray<half, Vector>(repeating: .zero)
    for i in 0..<pairs {
      let plus = from.load(2 * i + 1)
      let minus = from.load(2 * i + 2)
      sum[i] = (plus + minus) * scale(i + 1)
      difference[i] = (plus - minus) * scale(i + 1)
    }
    for t in 0..<taps {
      var g = t == 0 ? from.load(0) * scale(0) : Vector.zero
      if t == taps - 1 && points(taps) == n { g += from.load(n - 1) }
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
    _ rowPoints: Int, _ columnPoints: Int, _ scratch: UnsafeMutablePointer<Float>, _ tiles: Int,
    _ pixels: UnsafePointer<UnsafeMutablePointer<Float>>, _ channel: Int, _ destination: UnsafeMutablePointer<Float>,
    _ offsets: UnsafePointer<Int>
  ) {
    for tile in 0..<tiles {
      let pixels = pixels + tile * rowPoints * columnPoints
      let destination = destination + tile * Vector.scalarCount
      prefetchNextPanel(rowPoints * columnPoints, pixels, channel)
      for c in 0..<columnPoints {
        input(
          rowPoints, Listed(addresses: pixels + c, step: columnPoints, channel: channel), scratchColumn(scratch, c))
      }
      for r in 0..<rowPoints {
        input(columnPoints, scratchRow(scratch, r), Scattered(base: destination, offsets: offsets + r * n, step: 1))
      }
    }
  }

  @inline(never)
  func outputTransform(
    _ rowPoints: Int, _ columnPoints: Int, _ scratch: UnsafeMutablePointer<Float>, _ tiles: Int,
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
        for c in 0..<columnPoints {
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
    _ rowPoints: Int, _ columnPoints: Int, _ scratch: UnsafeMutablePointer<Float>, _ tiles: Int,
    _ pixels: UnsafePointer<UnsafeMutablePointer<Float>>, _ channel: Int, _ destination: UnsafeMutablePointer<Float>,
    _ offsets: UnsafePointer<Int>
  ) {
    for tile in 0..<tiles {
      let pixels = pixels + tile * 16
      let destination = destination + tile * Vector.scalarCount
      prefetchNextPanel(16, pixels, channel)
      for c in 0..<4 {
        outputTransposed(
          rowPoints, Listed(addresses: pixels + c, step: 4, channel: channel), scratchColumn(scratch, c))
      }
      for r in 0..<rowPoints {
        outputTransposed(
          columnPoints, scratchRow(scratch, r), Scattered(base: destination, offsets: offsets + r * n, step: 1))
      }
    }
  }
}
