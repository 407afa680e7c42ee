import CProcessor
import MicroKernels

/// How many steps of k ahead streams are asked for: B's, and A's in a transposed product, whose rows lie in steps too. They
/// come from the second-level cache or beyond, later than the products need them.
private let streamDistance = 24

/// A register tile of some rows and up to three vectors of columns. Accumulators live in fixed-size arrays that the optimiser
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
  static func finish(_ sums: InlineArray<rows, Vector>, _ target: TileTarget, panel: Int) {
    let (c, stride) = (target.first + panel &* target.panelStride, target.rowStride)
    switch target.stores {
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

  /// Adds one k's products: an element of A for each row times two vectors of B.
  ///
  /// In a tile of 6 x 2 all sixteen registers of AVX2 are taken. Left to itself the compiler loads all six elements before the
  /// first product and spills, which takes two fifths of the speed; and it lets a sum take the place of the element that it
  /// was the last to need, so that the next k finds the sums elsewhere, and spills again. (Timed on the tile alone; `bench
  /// gemm --isa avx2` shows it too.)
  @inline(__always)
  static func addProducts(
    _ left: inout InlineArray<rows, Vector>, _ right: inout InlineArray<rows, Vector>, _ a: UnsafePointer<Float>,
    _ rowStep: Int, _ b: UnsafePointer<Float>, _ bPanelStride: Int
  ) {
    let b0 = load(b)
    let b1 = load(b + bPanelStride)
    for r in 0..<rows {
      #if WIDE
        let value = Vector(repeating: a[r &* rowStep])
      #else
        let value = rowStep == 1 ? Vector(repeating: a[r]) : processor_in_order(Vector(repeating: a[r &* rowStep]))
      #endif
      left[r] = left[r].addingProduct(value, b0)
      right[r] = right[r].addingProduct(value, b1)
      #if !WIDE
        if rowStep != 1 { processor_keep(value) }
      #endif
    }
  }

  /// The next panel of A. No processor guesses where panels begin that are far apart.
  @inline(__always)
  static func prefetchNextPanel(_ a: UnsafePointer<Float>) {
    for line in 0..<rows * MemoryLayout<Vector>.size / 64 { processor_prefetch(a + 16 &* line) }
  }

  /// C is wanted when all products are done: its lines come meanwhile. Into the second-level cache: rows of C may lie a power
  /// of two apart, and as many as a tile has then need more ways of the first-level cache than there are.
  @inline(__always)
  static func prefetchTarget(_ c: TileTarget, _ panels: Int) {
    if case .streams = c.stores { return }
    for panel in 0..<panels {
      for r in 0..<rows { processor_prefetch_second_level(c.first + panel &* c.panelStride + r &* c.rowStride) }
    }
  }

  /// Rows of A are `rowStep` apart, steps of k are `depthStep` apart; both are constants after inlining.
  @inline(__always)
  static func product2(_ t: GEMMTile, _ panelDepth: Int, _ rowStep: Int, _ depthStep: Int) {
    var left = zeros
    var right = zeros
    prefetchTarget(t.c, 2)
    let (aPanelStride, bPanelStride) = (t.a.panelStride, t.b.panelStride)
    let (lineStep, linesStep) = (t.prefetch.step, t.prefetch.panelStep)
    var (panel, b, lines) = (t.a.first, t.b.first, t.prefetch.first)
    var remaining = t.depth
    #if arch(x86_64) && !WIDE
      // Whole panels without a loop, two k at a time where a vector is half a line: each line is asked for once, and with
      // fewer instructions a core that two threads share still keeps its multipliers busy.
      while rowStep == Vector.scalarCount && panelDepth == Vector.scalarCount && remaining >= Vector.scalarCount {
        prefetchNextPanel(panel + aPanelStride)
        var line = lines
        for k in stride(from: 0, to: Vector.scalarCount, by: 2) {
          let bRows = b + k &* Vector.scalarCount
          processor_prefetch(bRows + streamDistance &* Vector.scalarCount)
          processor_prefetch(bRows + bPanelStride + streamDistance &* Vector.scalarCount)
          processor_prefetch_second_level(line)
          line += 2 &* lineStep
          addProducts(&left, &right, panel + k, rowStep, bRows, bPanelStride)
          addProducts(&left, &right, panel + k + 1, rowStep, bRows + Vector.scalarCount, bPanelStride)
        }
        panel += aPanelStride
        lines += linesStep
        b += Vector.scalarCount &* Vector.scalarCount
        remaining &-= Vector.scalarCount
      }
    #endif
    while remaining > 0 {
      if rowStep == Vector.scalarCount { prefetchNextPanel(panel + aPanelStride) }
      var (a, line) = (panel, lines)
      panel += aPanelStride
      lines += linesStep
      var count = min(panelDepth, remaining)
      remaining &-= count
      repeat {
        if rowStep == 1 { processor_prefetch(a + streamDistance &* Vector.scalarCount) }
        processor_prefetch(b + streamDistance &* Vector.scalarCount)
        processor_prefetch(b + bPanelStride + streamDistance &* Vector.scalarCount)
        processor_prefetch_second_level(line)
        line += lineStep
        addProducts(&left, &right, a, rowStep, b, bPanelStride)
        a += depthStep
        b += Vector.scalarCount
        count &-= 1
      } while count > 0
    }
    finish(left, t.c, panel: 0)
    finish(right, t.c, panel: 1)
  }

  /// Three panels of columns, for the transposed product.
  @inline(__always)
  static func product3(_ t: GEMMTile) {
    var left = zeros
    var middle = zeros
    var right = zeros
    let (bPanelStride, lineStep) = (t.b.panelStride, t.prefetch.step)
    var (a, b, line) = (t.a.first, t.b.first, t.prefetch.first)
    for _ in 0..<t.depth {
      let b0 = load(b)
      let b1 = load(b + bPanelStride)
      let b2 = load(b + 2 &* bPanelStride)
      processor_prefetch(a + streamDistance &* Vector.scalarCount)
      processor_prefetch(b + streamDistance &* Vector.scalarCount)
      processor_prefetch(b + bPanelStride + streamDistance &* Vector.scalarCount)
      processor_prefetch(b + 2 &* bPanelStride + streamDistance &* Vector.scalarCount)
      processor_prefetch_second_level(line)
      line += lineStep
      for r in 0..<rows {
        let value = Vector(repeating: a[r])
        left[r] = left[r].addingProduct(value, b0)
        middle[r] = middle[r].addingProduct(value, b1)
        right[r] = right[r].addingProduct(value, b2)
      }
      a += Vector.scalarCount
      b += Vector.scalarCount
    }
    finish(left, t.c, panel: 0)
    finish(middle, t.c, panel: 1)
    finish(right, t.c, panel: 2)
  }

  @inline(__always)
  static func product1(_ t: GEMMTile, _ panelDepth: Int, _ rowStep: Int, _ depthStep: Int) {
    var sums = zeros
    prefetchTarget(t.c, 1)
    let (lineStep, linesStep) = (t.prefetch.step, t.prefetch.panelStep)
    var (panel, b, lines) = (t.a.first, t.b.first, t.prefetch.first)
    var remaining = t.depth
    while remaining > 0 {
      var (a, line) = (panel, lines)
      panel += t.a.panelStride
      lines += linesStep
      let count = min(panelDepth, remaining)
      remaining &-= count
      for _ in 0..<count {
        let b0 = load(b)
        processor_prefetch_second_level(line)
        line += lineStep
        for r in 0..<rows { sums[r] = sums[r].addingProduct(Vector(repeating: a[r &* rowStep]), b0) }
        a += depthStep
        b += Vector.scalarCount
      }
    }
    finish(sums, t.c, panel: 0)
  }

  /// Addresses of rows of A in place: of every third one, from which an instruction reaches the two behind it. `rowStride` is
  /// a constant after inlining where it is 1; then all rows are in reach of the first.
  struct RowAddresses {
    var thirds: InlineArray<4, UnsafePointer<Float>>

    @inline(__always)
    init(_ first: UnsafePointer<Float>, _ rowStride: Int) {
      thirds =
        rowStride == 1
        ? InlineArray(repeating: first)
        : InlineArray { first + 3 &* $0 &* rowStride }
    }

    @inline(__always)
    subscript(_ row: Int, _ rowStride: Int) -> Float {
      rowStride == 1 ? thirds[0][row] : thirds[row / 3][row % 3 &* rowStride]
    }

    @inline(__always)
    mutating func advance(_ step: Int, _ rowStride: Int) {
      for i in 0..<4 { thirds[i] = rowStride == 1 ? thirds[i] + step : processor_address(thirds[i] + step) }
    }
  }

  /// One panel of columns, of operands in place.
  @inline(__always)
  static func inPlace1(_ t: InPlaceTile, _ rowStride: Int) {
    var sums = zeros
    let (aStep, bStep) = (t.a.step, t.b.step)
    var (aRun, bRun) = (t.a.first, t.b.first)
    for _ in 0..<t.runs {
      var (a, b) = (RowAddresses(aRun, rowStride), bRun)
      for _ in 0..<t.depth {
        let b0 = load(b)
        for r in 0..<rows { sums[r] = sums[r].addingProduct(Vector(repeating: a[r, rowStride]), b0) }
        a.advance(aStep, rowStride)
        b += bStep
      }
      aRun += t.a.runStride
      bRun += t.b.runStride
    }
    finish(sums, t.c, panel: 0)
  }

  /// Two panels of columns. In AVX2 in the order of `addProducts`.
  @inline(__always)
  static func inPlace2(_ t: InPlaceTile, _ rowStride: Int) {
    var left = zeros
    var right = zeros
    let (aStep, bStep, bPanelStride) = (t.a.step, t.b.step, t.b.panelStride)
    var (aRun, bRun) = (t.a.first, t.b.first)
    for _ in 0..<t.runs {
      var (a, b) = (RowAddresses(aRun, rowStride), bRun)
      for _ in 0..<t.depth {
        let b0 = load(b)
        let b1 = load(b + bPanelStride)
        for r in 0..<rows {
          #if WIDE
            let value = Vector(repeating: a[r, rowStride])
          #else
            let value = processor_in_order(Vector(repeating: a[r, rowStride]))
          #endif
          left[r] = left[r].addingProduct(value, b0)
          right[r] = right[r].addingProduct(value, b1)
          #if !WIDE
            processor_keep(value)
          #endif
        }
        a.advance(aStep, rowStride)
        b += bStep
      }
      aRun += t.a.runStride
      bRun += t.b.runStride
    }
    finish(left, t.c, panel: 0)
    finish(right, t.c, panel: 1)
  }

  @inline(never)
  static func runInPlace(_ t: InPlaceTile) {
    if rows <= VectorKernels.mrInPlace(2) && t.columnPanels == 2 {
      if t.a.rowStride == 1 { inPlace2(t, 1) } else { inPlace2(t, t.a.rowStride) }
    } else {
      if t.a.rowStride == 1 { inPlace1(t, 1) } else { inPlace1(t, t.a.rowStride) }
    }
  }

  @inline(never)
  static func run(_ t: GEMMTile) {
    if t.columnPanels == 2 {
      product2(t, t.a.panelDepth, Vector.scalarCount, 1)
    } else {
      product1(t, t.a.panelDepth, Vector.scalarCount, 1)
    }
  }

  @inline(never)
  static func runTransposed(_ t: GEMMTile) {
    #if !WIDE
      if t.columnPanels == 3 { return product3(t) }
    #endif
    if t.columnPanels == 2 {
      product2(t, t.depth, 1, Vector.scalarCount)
    } else {
      product1(t, t.depth, 1, Vector.scalarCount)
    }
  }
}

extension VectorKernels {
  #if WIDE
    public static var mr: Int { 12 }
    public static var mrTransposed: Int { 8 }
    public static var nrTransposed: Int { 2 }
    public static var nr: Int { 2 }
  #elseif arch(wasm32)
    // A browser's compiler has fifteen registers of four floats, on most machines: twelve hold sums, two a vector of B.
    public static var mr: Int { 6 }
    public static var mrTransposed: Int { 4 }
    public static var nrTransposed: Int { 1 }
    public static var nr: Int { 1 }
  #else
    public static var mr: Int { 6 }
    public static var mrTransposed: Int { 4 }
    public static var nrTransposed: Int { 3 }
    public static var nr: Int { 2 }
  #endif

  @inline(never)
  public static func gemmTile(_ tile: GEMMTile) {
    switch tile.rows {
    case 1: Tile<1>.run(tile)
    case 2: Tile<2>.run(tile)
    case 3: Tile<3>.run(tile)
    case 4: Tile<4>.run(tile)
    case 5: Tile<5>.run(tile)
    case 6: Tile<6>.run(tile)
    #if WIDE
      case 7: Tile<7>.run(tile)
      case 8: Tile<8>.run(tile)
      case 9: Tile<9>.run(tile)
      case 10: Tile<10>.run(tile)
      case 11: Tile<11>.run(tile)
      case 12: Tile<12>.run(tile)
    #endif
    default: preconditionFailure("gemmTile: \(tile.rows) rows")
    }
  }

  /// One panel takes as many sums as hide a multiply-add's latency, where there are registers for them.
  public static func mrInPlace(_ columnPanels: Int) -> Int {
    #if arch(arm64)
      // Two panels of more rows spill: elements of A are loaded into all lanes of a register of their own.
      columnPanels == 1 ? 12 : 4
    #elseif arch(wasm32)
      mr
    #else
      columnPanels == 1 ? 12 : mr
    #endif
  }

  @inline(never)
  public static func gemmTileInPlace(_ tile: InPlaceTile) {
    switch tile.rows {
    case 1: Tile<1>.runInPlace(tile)
    case 2: Tile<2>.runInPlace(tile)
    case 3: Tile<3>.runInPlace(tile)
    case 4: Tile<4>.runInPlace(tile)
    case 5: Tile<5>.runInPlace(tile)
    case 6: Tile<6>.runInPlace(tile)
    case 7: Tile<7>.runInPlace(tile)
    case 8: Tile<8>.runInPlace(tile)
    case 9: Tile<9>.runInPlace(tile)
    case 10: Tile<10>.runInPlace(tile)
    case 11: Tile<11>.runInPlace(tile)
    case 12: Tile<12>.runInPlace(tile)
    default: preconditionFailure("gemmTileInPlace: \(tile.rows) rows")
    }
  }

  @inline(never)
  public static func gemmTileTransposed(_ tile: GEMMTile) {
    #if WIDE
      Tile<8>.runTransposed(tile)
    #else
      Tile<4>.runTransposed(tile)
    #endif
  }
}
