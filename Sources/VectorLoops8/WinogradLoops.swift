import VectorLoops

/// One-dimensional transforms for `pairs` pairs of points +-p, with `half` = pairs + 1. Coefficients as `WinogradBasis`
/// lays them out: p[i], q[i][j], Q[j], 1/N[0 ... pairs].
///
/// Rows for +p and -p share their even part and differ in the sign of the odd part, which halves the arithmetic.
private struct Basis<let pairs: Int, let half: Int> {
  let c: UnsafePointer<Float>

  @inline(__always) var n: Int { 2 * pairs + 2 }
  @inline(__always) func point(_ i: Int) -> Vector { Vector(repeating: c[i]) }
  @inline(__always) func q(_ i: Int, _ j: Int) -> Vector { Vector(repeating: c[pairs + i * pairs + j]) }
  @inline(__always) func product(_ j: Int) -> Vector { Vector(repeating: c[pairs + pairs * pairs + j]) }
  @inline(__always) func scale(_ i: Int) -> Vector { Vector(repeating: c[pairs + pairs * pairs + half + i]) }

  /// Rows of B^T: 0 has product(x^2), +-p_i have x (x +- p_i) q_i(x^2), infinity has x product(x^2).
  @inline(__always)
  func input(_ points: Int, _ load: (Int) -> Vector, _ store: (Int, Vector) -> Void) {
    var even = InlineArray<half, Vector>(repeating: .zero)
    var odd = InlineArray<half, Vector>(repeating: .zero)
    for j in 0..<half { even[j] = load(2 * j) }
    for j in 0..<pairs { odd[j] = load(2 * j + 1) }
    var zero = even[half - 1]
    for j in 0..<pairs { zero = zero.addingProduct(even[j], product(j)) }
    store(0, zero)
    for i in 0..<pairs {
      var e = even[half - 1]
      var o = odd[pairs - 1]
      for j in 0..<(pairs - 1) {
        e = e.addingProduct(even[j + 1], q(i, j))
        o = o.addingProduct(odd[j], q(i, j))
      }
      o *= point(i)
      store(2 * i + 1, e + o)
      store(2 * i + 2, e - o)
    }
    if points == n {
      var infinity = load(n - 1)
      for j in 0..<pairs { infinity = infinity.addingProduct(odd[j], product(j)) }
      store(n - 1, infinity)
    }
  }

  /// Rows k of A^T: p^k, and infinity in the last.
  @inline(__always)
  func output(_ points: Int, _ load: (Int) -> Vector, _ store: (Int, Vector) -> Void) {
    var y0 = load(0)
    var y1 = Vector.zero
    var y2 = Vector.zero
    var y3 = points == n ? load(n - 1) : Vector.zero
    for i in 0..<pairs {
      let plus = load(2 * i + 1)
      let minus = load(2 * i + 2)
      let sum = plus + minus
      let difference = (plus - minus) * point(i)
      let square = point(i) * point(i)
      y0 += sum
      y1 += difference
      y2 = y2.addingProduct(sum, square)
      y3 = y3.addingProduct(difference, square)
    }
    store(0, y0)
    store(1, y1)
    store(2, y2)
    store(3, y3)
  }

  /// A: the transpose of `output`.
  @inline(__always)
  func outputTransposed(_ load: (Int) -> Vector, _ store: (Int, Vector) -> Void) {
    let y0 = load(0)
    let y1 = load(1)
    let y2 = load(2)
    let y3 = load(3)
    store(0, y0)
    for i in 0..<pairs {
      let square = point(i) * point(i)
      let e = y0.addingProduct(y2, square)
      let o = y1.addingProduct(y3, square) * point(i)
      store(2 * i + 1, e + o)
      store(2 * i + 2, e - o)
    }
    store(n - 1, y3)
  }

  /// Rows of G: p^t / N.
  @inline(__always)
  func filter(_ points: Int, _ load: (Int) -> Vector, _ store: (Int, Vector) -> Void) {
    let taps = points - 3
    store(0, load(0) * scale(0))
    for i in 0..<pairs {
      var power = scale(i + 1)
      var e = load(0) * power
      var o = Vector.zero
      for t in 1..<taps {
        power *= point(i)
        if t % 2 == 0 { e = e.addingProduct(load(t), power) } else { o = o.addingProduct(load(t), power) }
      }
      store(2 * i + 1, e + o)
      store(2 * i + 2, e - o)
    }
    if points == n { store(n - 1, load(taps - 1)) }
  }

  /// G^T: the transpose of `filter`.
  @inline(__always)
  func filterTransposed(_ points: Int, _ load: (Int) -> Vector, _ store: (Int, Vector) -> Void) {
    let taps = points - 3
    var sum = InlineArray<half, Vector>(repeating: .zero)
    var difference = InlineArray<half, Vector>(repeating: .zero)
    for i in 0..<pairs {
      let plus = load(2 * i + 1)
      let minus = load(2 * i + 2)
      sum[i] = (plus + minus) * scale(i + 1)
      difference[i] = (plus - minus) * scale(i + 1)
    }
    for t in 0..<taps {
      var g = t == 0 ? load(0) * scale(0) : Vector.zero
      if t == taps - 1 && points == n { g += load(n - 1) }
      for i in 0..<pairs {
        g += t % 2 == 0 ? sum[i] : difference[i]
        sum[i] *= point(i)
        difference[i] *= point(i)
      }
      store(t, g)
    }
  }
}

/// Applies `rows` to each of `columnCount` columns and then `columns` to each of `rowCount` rows of the result.
@inline(__always)
private func separable(
  columnCount: Int, rowCount: Int, scratch: UnsafeMutablePointer<Float>, load: (Int, Int) -> Vector,
  store: (Int, Int, Vector) -> Void, rows: ((Int) -> Vector, (Int, Vector) -> Void) -> Void,
  columns: ((Int) -> Vector, (Int, Vector) -> Void) -> Void
) {
  let w = Vector.scalarCount
  for c in 0..<columnCount {
    rows({ load($0, c) }, { (scratch + ($0 * 8 + c) * w).vector = $1 })
  }
  for r in 0..<rowCount {
    columns({ (scratch + (r * 8 + $0) * w).vector }, { store(r, $0, $1) })
  }
}

extension Basis {
  @inline(never)
  func inputTransform(
    _ rowPoints: Int, _ columnPoints: Int, _ scratch: UnsafeMutablePointer<Float>, _ source: UnsafePointer<Float>,
    _ rowStride: Int, _ columnStride: Int, _ destination: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>
  ) {
    let n = self.n
    separable(
      columnCount: columnPoints, rowCount: rowPoints, scratch: scratch,
      load: { (source + $0 * rowStride + $1 * columnStride).vector },
      store: { (destination + offsets[$0 * n + $1]).vector = $2 },
      rows: { input(rowPoints, $0, $1) }, columns: { input(columnPoints, $0, $1) })
  }

  @inline(never)
  func outputTransform(
    _ rowPoints: Int, _ columnPoints: Int, _ scratch: UnsafeMutablePointer<Float>, _ source: UnsafePointer<Float>,
    _ offsets: UnsafePointer<Int>, _ destination: UnsafeMutablePointer<Float>, _ rowStride: Int, _ columnStride: Int
  ) {
    let n = self.n
    separable(
      columnCount: columnPoints, rowCount: 4, scratch: scratch, load: { (source + offsets[$0 * n + $1]).vector },
      store: { (destination + $0 * rowStride + $1 * columnStride).vector = $2 },
      rows: { output(rowPoints, $0, $1) }, columns: { output(columnPoints, $0, $1) })
  }

  @inline(never)
  func outputGradientTransform(
    _ scratch: UnsafeMutablePointer<Float>, _ source: UnsafePointer<Float>, _ rowStride: Int, _ columnStride: Int,
    _ destination: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>
  ) {
    let n = self.n
    separable(
      columnCount: 4, rowCount: n, scratch: scratch, load: { (source + $0 * rowStride + $1 * columnStride).vector },
      store: { (destination + offsets[$0 * n + $1]).vector = $2 },
      rows: { outputTransposed($0, $1) }, columns: { outputTransposed($0, $1) })
  }

  @inline(never)
  func filterTransform(
    _ rowPoints: Int, _ columnPoints: Int, _ scratch: UnsafeMutablePointer<Float>, _ source: UnsafePointer<Float>,
    _ rowStride: Int, _ columnStride: Int, _ destination: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>
  ) {
    let n = self.n
    separable(
      columnCount: columnPoints - 3, rowCount: rowPoints, scratch: scratch,
      load: { (source + $0 * rowStride + $1 * columnStride).vector },
      store: { (destination + offsets[$0 * n + $1]).vector = $2 },
      rows: { filter(rowPoints, $0, $1) }, columns: { filter(columnPoints, $0, $1) })
  }

  @inline(never)
  func filterGradientTransform(
    _ rowPoints: Int, _ columnPoints: Int, _ scratch: UnsafeMutablePointer<Float>, _ source: UnsafePointer<Float>,
    _ offsets: UnsafePointer<Int>, _ destination: UnsafeMutablePointer<Float>, _ rowStride: Int, _ columnStride: Int
  ) {
    let n = self.n
    separable(
      columnCount: columnPoints, rowCount: rowPoints - 3, scratch: scratch,
      load: { (source + offsets[$0 * n + $1]).vector },
      store: { (destination + $0 * rowStride + $1 * columnStride).vector = $2 },
      rows: { filterTransposed(rowPoints, $0, $1) }, columns: { filterTransposed(columnPoints, $0, $1) })
  }
}

extension Loops {
  @inline(never)
  public static func inputTransform(
    pairs: Int, rowPoints: Int, columnPoints: Int, coefficients: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>,
    source: UnsafePointer<Float>, rowStride: Int, columnStride: Int, destination: UnsafeMutablePointer<Float>,
    offsets: UnsafePointer<Int>
  ) {
    if pairs == 2 {
      Basis<2, 3>(c: coefficients).inputTransform(
        rowPoints, columnPoints, scratch, source, rowStride, columnStride, destination, offsets)
    } else {
      Basis<3, 4>(c: coefficients).inputTransform(
        rowPoints, columnPoints, scratch, source, rowStride, columnStride, destination, offsets)
    }
  }

  @inline(never)
  public static func outputTransform(
    pairs: Int, rowPoints: Int, columnPoints: Int, coefficients: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>,
    source: UnsafePointer<Float>, offsets: UnsafePointer<Int>, destination: UnsafeMutablePointer<Float>, rowStride: Int,
    columnStride: Int
  ) {
    if pairs == 2 {
      Basis<2, 3>(c: coefficients).outputTransform(
        rowPoints, columnPoints, scratch, source, offsets, destination, rowStride, columnStride)
    } else {
      Basis<3, 4>(c: coefficients).outputTransform(
        rowPoints, columnPoints, scratch, source, offsets, destination, rowStride, columnStride)
    }
  }

  @inline(never)
  public static func outputGradientTransform(
    pairs: Int, coefficients: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>, source: UnsafePointer<Float>,
    rowStride: Int, columnStride: Int, destination: UnsafeMutablePointer<Float>, offsets: UnsafePointer<Int>
  ) {
    if pairs == 2 {
      Basis<2, 3>(c: coefficients).outputGradientTransform(
        scratch, source, rowStride, columnStride, destination, offsets)
    } else {
      Basis<3, 4>(c: coefficients).outputGradientTransform(
        scratch, source, rowStride, columnStride, destination, offsets)
    }
  }

  @inline(never)
  public static func filterTransform(
    pairs: Int, rowPoints: Int, columnPoints: Int, coefficients: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>,
    source: UnsafePointer<Float>, rowStride: Int, columnStride: Int, destination: UnsafeMutablePointer<Float>,
    offsets: UnsafePointer<Int>
  ) {
    if pairs == 2 {
      Basis<2, 3>(c: coefficients).filterTransform(
        rowPoints, columnPoints, scratch, source, rowStride, columnStride, destination, offsets)
    } else {
      Basis<3, 4>(c: coefficients).filterTransform(
        rowPoints, columnPoints, scratch, source, rowStride, columnStride, destination, offsets)
    }
  }

  @inline(never)
  public static func filterGradientTransform(
    pairs: Int, rowPoints: Int, columnPoints: Int, coefficients: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>,
    source: UnsafePointer<Float>, offsets: UnsafePointer<Int>, destination: UnsafeMutablePointer<Float>, rowStride: Int,
    columnStride: Int
  ) {
    if pairs == 2 {
      Basis<2, 3>(c: coefficients).filterGradientTransform(
        rowPoints, columnPoints, scratch, source, offsets, destination, rowStride, columnStride)
    } else {
      Basis<3, 4>(c: coefficients).filterGradientTransform(
        rowPoints, columnPoints, scratch, source, offsets, destination, rowStride, columnStride)
    }
  }
}
