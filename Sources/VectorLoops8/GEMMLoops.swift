import CProcessor
import VectorLoops

/// How many steps of k ahead streams are asked for: B's, and A's in a transposed product, whose rows lie in steps too. They
/// come from the second-level cache or beyond, later than the products need them; on a Xeon this saves a tenth of a filter
/// gradient's time, and 7% of a pass whose filter comes from memory.
private let streamDistance = 24

/// A register tile of R rows and up to three vectors of columns. Accumulators live in fixed-size arrays that the optimiser
/// takes apart into registers; that needs the row loops fully unrolled (see -unroll-threshold in Package.swift).
private struct Tile<let rows: Int> {
  @inline(__always)
  static func load(_ p: UnsafePointer<Float>) -> Vector {
    UnsafeRawPointer(p).loadUnaligned(as: Vector.self)
  }

  @inline(__always)
  static func store(_ v: Vector, _ p: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: Vector.self)
  }

  /// Not by `InlineArray(repeating:)`, which the compiler inlines or not by what else there is in the module: sums that come
  /// out of a call live in memory, which takes two thirds of the speed.
  @inline(__always)
  static var zeros: InlineArray<rows, Vector> { InlineArray { _ in .zero } }

  @inline(__always)
  static func finish(
    _ sums: InlineArray<rows, Vector>, _ c: UnsafeMutablePointer<Float>, _ stride: Int, _ stores: TileStores
  ) {
    switch stores {
    case .adds:
      for r in 0..<rows { store(load(c + r * stride) + sums[r], c + r * stride) }
    #if WIDE
      case .streams:
        for r in 0..<rows { processor_stream(c + r * stride, sums[r]) }
    #endif
    default:
      for r in 0..<rows { store(sums[r], c + r * stride) }
    }
  }

  /// An element of A in all lanes. In a tile of 6 x 2 all sixteen registers of AVX2 are taken, and left to itself the
  /// compiler loads all six elements before the first product and spills, which takes two fifths of the speed (timed on
  /// the tile alone; `bench gemm --isa avx2` shows it too).
  @inline(__always)
  static func broadcast(_ p: UnsafePointer<Float>) -> Vector {
    #if WIDE
      Vector(repeating: p.pointee)
    #else
      processor_in_order(Vector(repeating: p.pointee))
    #endif
  }

  /// Rows of A are `rowStep` apart, steps of k are `depthStep` apart; both are constants after inlining.
  @inline(__always)
  static func product2(
    _ depthPanels: Int, _ panelDepth: Int, _ a: UnsafePointer<Float>, _ rowStep: Int, _ depthStep: Int,
    _ aPanelStride: Int, _ b: UnsafePointer<Float>, _ bPanelStride: Int, _ c: UnsafeMutablePointer<Float>,
    _ cRowStride: Int, _ cPanelStride: Int, _ stores: TileStores, _ ahead: UnsafePointer<Float>, _ aheadStep: Int
  ) {
    var left = zeros
    var right = zeros
    var (b, ahead) = (b, ahead)
    var panel = a
    for _ in 0..<depthPanels {
      // The next tile's rows. Each panel of A begins elsewhere, which no processor guesses.
      if rowStep == Vector.scalarCount {
        for line in 0..<rows * MemoryLayout<Vector>.size / 64 {
          processor_prefetch(panel + rows &* rowStep + 16 &* line)
        }
      }
      var a = panel
      panel += aPanelStride
      for _ in 0..<panelDepth {
        let b0 = load(b)
        let b1 = load(b + bPanelStride)
        if rowStep == 1 { processor_prefetch(a + streamDistance &* Vector.scalarCount) }
        processor_prefetch(b + streamDistance &* Vector.scalarCount)
        processor_prefetch(b + bPanelStride + streamDistance &* Vector.scalarCount)
        processor_prefetch_second_level(ahead)
        ahead += aheadStep
        for r in 0..<rows {
          let value = rowStep == 1 ? Vector(repeating: a[r]) : broadcast(a + r &* rowStep)
          left[r] = left[r].addingProduct(value, b0)
          right[r] = right[r].addingProduct(value, b1)
        }
        a += depthStep
        b += Vector.scalarCount
      }
    }
    finish(left, c, cRowStride, stores)
    finish(right, c + cPanelStride, cRowStride, stores)
  }

  /// Three panels of columns, for the transposed product.
  @inline(__always)
  static func product3(
    _ depth: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ bPanelStride: Int,
    _ c: UnsafeMutablePointer<Float>, _ cRowStride: Int, _ cPanelStride: Int, _ stores: TileStores,
    _ ahead: UnsafePointer<Float>, _ aheadStep: Int
  ) {
    var left = zeros
    var middle = zeros
    var right = zeros
    var (a, b, ahead) = (a, b, ahead)
    for _ in 0..<depth {
      let b0 = load(b)
      let b1 = load(b + bPanelStride)
      let b2 = load(b + 2 &* bPanelStride)
      processor_prefetch(a + streamDistance &* Vector.scalarCount)
      processor_prefetch(b + streamDistance &* Vector.scalarCount)
      processor_prefetch(b + bPanelStride + streamDistance &* Vector.scalarCount)
      processor_prefetch(b + 2 &* bPanelStride + streamDistance &* Vector.scalarCount)
      processor_prefetch_second_level(ahead)
      ahead += aheadStep
      for r in 0..<rows {
        let value = Vector(repeating: a[r])
        left[r] = left[r].addingProduct(value, b0)
        middle[r] = middle[r].addingProduct(value, b1)
        right[r] = right[r].addingProduct(value, b2)
      }
      a += Vector.scalarCount
      b += Vector.scalarCount
    }
    finish(left, c, cRowStride, stores)
    finish(middle, c + cPanelStride, cRowStride, stores)
    finish(right, c + 2 &* cPanelStride, cRowStride, stores)
  }

  @inline(__always)
  static func product1(
    _ depthPanels: Int, _ panelDepth: Int, _ a: UnsafePointer<Float>, _ rowStep: Int, _ depthStep: Int,
    _ aPanelStride: Int, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ cRowStride: Int,
    _ stores: TileStores, _ ahead: UnsafePointer<Float>, _ aheadStep: Int
  ) {
    var sums = zeros
    var (b, ahead) = (b, ahead)
    for panel in 0..<depthPanels {
      var a = a + panel * aPanelStride
      for _ in 0..<panelDepth {
        let b0 = load(b)
        processor_prefetch_second_level(ahead)
        ahead += aheadStep
        for r in 0..<rows { sums[r] = sums[r].addingProduct(Vector(repeating: a[r &* rowStep]), b0) }
        a += depthStep
        b += Vector.scalarCount
      }
    }
    finish(sums, c, cRowStride, stores)
  }

  @inline(never)
  static func run(
    _ columnPanels: Int, _ depthPanels: Int, _ panelDepth: Int, _ a: UnsafePointer<Float>, _ aPanelStride: Int,
    _ b: UnsafePointer<Float>, _ bPanelStride: Int, _ c: UnsafeMutablePointer<Float>, _ cRowStride: Int,
    _ cPanelStride: Int, _ stores: TileStores, _ ahead: UnsafePointer<Float>
  ) {
    let w = Vector.scalarCount
    if columnPanels == 2 {
      product2(
        depthPanels, panelDepth, a, w, 1, aPanelStride, b, bPanelStride, c, cRowStride, cPanelStride, stores, ahead,
        w)
    } else {
      product1(depthPanels, panelDepth, a, w, 1, aPanelStride, b, c, cRowStride, stores, ahead, w)
    }
  }

  @inline(never)
  static func runTransposed(
    _ columnPanels: Int, _ depth: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ bPanelStride: Int,
    _ c: UnsafeMutablePointer<Float>, _ cRowStride: Int, _ cPanelStride: Int, _ stores: TileStores,
    _ ahead: UnsafePointer<Float>, _ aheadStep: Int
  ) {
    let w = Vector.scalarCount
    #if !WIDE
      if columnPanels == 3 {
        return product3(depth, a, b, bPanelStride, c, cRowStride, cPanelStride, stores, ahead, aheadStep)
      }
    #endif
    if columnPanels == 2 {
      product2(1, depth, a, 1, w, 0, b, bPanelStride, c, cRowStride, cPanelStride, stores, ahead, aheadStep)
    } else {
      product1(1, depth, a, 1, w, 0, b, c, cRowStride, stores, ahead, aheadStep)
    }
  }
}

extension Loops {
  #if WIDE
    public static var tileRows: Int { 12 }
    public static var blockDepth: Int { 128 }
    public static var tileRowsTransposed: Int { 8 }
    public static var tileColumnsTransposed: Int { 2 }
  #else
    public static var tileRows: Int { 6 }
    public static var blockDepth: Int { 512 }
    public static var tileRowsTransposed: Int { 4 }
    public static var tileColumnsTransposed: Int { 3 }
  #endif

  @inline(never)
  public static func gemmTile(
    rows: Int, columnPanels: Int, depthPanels: Int, panelDepth: Int, a: UnsafePointer<Float>, aPanelStride: Int,
    b: UnsafePointer<Float>, bPanelStride: Int, c: UnsafeMutablePointer<Float>, cRowStride: Int, cPanelStride: Int,
    stores: TileStores, ahead: UnsafePointer<Float>
  ) {
    let (n, k, d, s) = (columnPanels, depthPanels, panelDepth, aPanelStride)
    let (t, u, v) = (bPanelStride, cRowStride, cPanelStride)
    switch rows {
    case 1: Tile<1>.run(n, k, d, a, s, b, t, c, u, v, stores, ahead)
    case 2: Tile<2>.run(n, k, d, a, s, b, t, c, u, v, stores, ahead)
    case 3: Tile<3>.run(n, k, d, a, s, b, t, c, u, v, stores, ahead)
    case 4: Tile<4>.run(n, k, d, a, s, b, t, c, u, v, stores, ahead)
    case 5: Tile<5>.run(n, k, d, a, s, b, t, c, u, v, stores, ahead)
    case 6: Tile<6>.run(n, k, d, a, s, b, t, c, u, v, stores, ahead)
    #if WIDE
      case 7: Tile<7>.run(n, k, d, a, s, b, t, c, u, v, stores, ahead)
      case 8: Tile<8>.run(n, k, d, a, s, b, t, c, u, v, stores, ahead)
      case 9: Tile<9>.run(n, k, d, a, s, b, t, c, u, v, stores, ahead)
      case 10: Tile<10>.run(n, k, d, a, s, b, t, c, u, v, stores, ahead)
      case 11: Tile<11>.run(n, k, d, a, s, b, t, c, u, v, stores, ahead)
      case 12: Tile<12>.run(n, k, d, a, s, b, t, c, u, v, stores, ahead)
    #endif
    default: preconditionFailure("gemmTile: \(rows) rows")
    }
  }

  @inline(never)
  public static func gemmTileTransposed(
    rows: Int, columnPanels: Int, depth: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>, bPanelStride: Int,
    c: UnsafeMutablePointer<Float>, cRowStride: Int, cPanelStride: Int, stores: TileStores, ahead: UnsafePointer<Float>,
    aheadStep: Int
  ) {
    let (n, s, t, u) = (columnPanels, bPanelStride, cRowStride, cPanelStride)
    switch rows {
    case 1: Tile<1>.runTransposed(n, depth, a, b, s, c, t, u, stores, ahead, aheadStep)
    case 2: Tile<2>.runTransposed(n, depth, a, b, s, c, t, u, stores, ahead, aheadStep)
    case 3: Tile<3>.runTransposed(n, depth, a, b, s, c, t, u, stores, ahead, aheadStep)
    case 4: Tile<4>.runTransposed(n, depth, a, b, s, c, t, u, stores, ahead, aheadStep)
    #if WIDE
      case 5: Tile<5>.runTransposed(n, depth, a, b, s, c, t, u, stores, ahead, aheadStep)
      case 6: Tile<6>.runTransposed(n, depth, a, b, s, c, t, u, stores, ahead, aheadStep)
      case 7: Tile<7>.runTransposed(n, depth, a, b, s, c, t, u, stores, ahead, aheadStep)
      case 8: Tile<8>.runTransposed(n, depth, a, b, s, c, t, u, stores, ahead, aheadStep)
    #endif
    default: preconditionFailure("gemmTileTransposed: \(rows) rows")
    }
  }
}
