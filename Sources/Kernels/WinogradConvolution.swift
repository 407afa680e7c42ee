import MicroKernels

/// Winograd convolution with stride 1 or 2, by 4x4 output tiles.
///
/// Stride 2 splits input and filter into 2x2 polyphase parts, four stride-1 convolutions, with 3 or 2 taps per axis for a
/// kernel of 5: o * 2 + k - pad = (o + a) * 2 + r, so the taps k of one parity r read input pixels of parity r, and nothing
/// else does. All four share their points, so their products are summed before the output transform: per point one matrix
/// product whose depth is phases times channels (decomposable Winograd: arXiv 2002.00552). Stride 1 is one phase.
///
/// Up to three taps per phase and axis are on the 6 points of F(4, 3), up to five on the 8 of F(4, 5). A phase with one tap
/// fewer has nothing at infinity or, where its windows begin a pixel earlier, nothing at 0; with two fewer at neither. So the
/// products for 16 outputs, against those of a direct convolution, are
///
///     kernel      3x3   4x4   5x5    3x3   4x4   5x5   6x6   7x7
///     stride        1     1     1      2     2     2     2     2
///     products     36    49    64     81   100   121   144   169
///     direct      144   256   400    144   256   400   576   784
///
/// In the data gradient all phases read the same windows, which for some begin a pixel earlier.
///
/// Every pass transforms a chunk of tiles into the points, multiplies there, and transforms back.
final class WinogradConvolution {
  var shape: ConvShape
  let context: Context
  /// The micro-kernels of all passes.
  let kernels: MicroKernelSet
  let basis: WinogradBasis
  let coefficients: Buffer
  /// The phases in the order of their slots; those with three taps come before those with two.
  let phases: [WinogradPhase]
  /// Those of the data gradient, which read the same windows.
  let backwardPhases: [WinogradPhase]
  let packed: PackedFilter
  /// Whether filters are transformed as a whole. One that outgrows the caches is as slow to read as to compute again: then
  /// each product transforms it on the way (see `WinogradFilterProduct.swift`).
  let transformsFirst: Bool
  /// Where not nil, the filter of the data gradient comes in panels, for each of these groups of taps in turn: [group,
  /// inputChannels / W, outputChannels, taps of the group, W]. A group has the taps of a phase in the order in which they
  /// are used, so that they come from memory as one stream. (As [kh, kw, ...], those that are read together are a power of
  /// two apart, and compete for the same sets of the caches.)
  let tapGroups: [[Int]]?
  /// Whether a transformed filter is written past the caches, which it would leave again before a product reads it.
  let streamsFilter: Bool
  private var productTasks: [ProductKey: ProductTasks] = [:]

  /// Tiles that go through the points together, at most (see also `gradientChunks`). More of them reuse a transformed filter that does not fit in a cache;
  /// fewer keep the points of shallow layers in the last-level cache. A constant, so that the order of sums is one too.
  static let chunkTiles = 256

  /// Whether every phase has a tap, some more than one, and none more than five along an axis.
  static func supports(_ shape: ConvShape) -> Bool {
    let (kernels, stride) = ([shape.kernelHeight, shape.kernelWidth], shape.stride)
    return shape.strideHeight == shape.strideWidth && stride <= 2
      && kernels.allSatisfy { $0 >= stride && $0 <= 5 * stride } && kernels.max()! > stride
  }

  /// The phases of a shape that is supported, and the basis that serves the longest.
  /// - Parameter sharesWindows: whether they are those of the data gradient.
  static func phases(
    _ shape: ConvShape, sharesWindows: Bool = false
  ) -> (basis: WinogradBasis, phases: [WinogradPhase]) {
    let longest = ceilDivide(max(shape.kernelHeight, shape.kernelWidth), shape.stride)
    let basis = longest <= WinogradBasis.threeTaps.taps ? WinogradBasis.threeTaps : .fiveTaps
    func axes(_ kernel: Int, _ pad: Int) -> [WinogradPhase.Axis] {
      let axes = WinogradPhase.Axis.all(kernel: kernel, pad: pad, stride: shape.stride, basis)
      return sharesWindows ? WinogradPhase.Axis.sharingWindows(axes, basis) : axes
    }
    let (vertical, horizontal) = (axes(shape.kernelHeight, shape.padTop), axes(shape.kernelWidth, shape.padLeft))
    return (basis, vertical.flatMap { y in horizontal.map { x in WinogradPhase(y: y, x: x) } })
  }

  /// How many times fewer multiplications a pass takes than directly, those with pixels beyond the edges of the last tiles
  /// included.
  static func saving(_ shape: ConvShape, _ pass: ConvPass) -> Double {
    let phases = phases(shape, sharesWindows: pass == .backwardData).phases
    let tiles = pass == .backwardData ? backwardTiles(shape, phases).tiles : outputTiles(shape)
    let products = phases.reduce(0) { $0 + $1.products }
    return Double(shape.outputHeight * shape.outputWidth * shape.kernelHeight * shape.kernelWidth)
      / Double(tiles.rows * tiles.columns * products)
  }

  /// Whether a transformed filter comes from a cache as fast as products of few tiles use it: one of four times the second-level
  /// cache still does.
  let cachesFilter: Bool

  /// Floats of a transformed filter above which products transform it on the way: 48 MB where many passes use it. In training
  /// each pass makes it anew, and 4 MB are as many as come back from the caches in time; 2 MB where an image is a single
  /// tile, for which all of it is used but once. A function of the shape without the batch, for both ways round differently,
  /// and a picture must not depend on how many are made with it.
  static func largestTransform(_ shape: ConvShape, _ use: FilterUse) -> Int {
    guard use == .training else { return largestKept }
    let tiles = outputTiles(shape)
    return (tiles.rows * tiles.columns == 1 ? 2 : 4) << 18
  }

  /// 48 MB of floats.
  private static let largestKept = 12 << 20

  /// - Parameter largest: as `largestTransform`, for tests.
  init(_ shape: ConvShape, _ packed: PackedFilter, largest: Int? = nil) {
    precondition(WinogradConvolution.supports(shape), "\(shape): no Winograd algorithm for this kernel and stride")
    (basis, phases) = WinogradConvolution.phases(shape)
    let points = phases.reduce(0) { $0 + $1.products }
    // Transforms on the way are there for as many taps as F(4, 3) or F(4, 5) takes, and for one fewer of the former's.
    let few = basis.taps == 3 ? 2 : 5
    let transforms = phases.allSatisfy { min($0.y.taps, $0.x.taps) >= few }
    let context = packed.context
    let filterPoints = points * shape.inputChannels * shape.outputChannels
    streamsFilter = filterPoints > (largest ?? WinogradConvolution.largestKept)
    cachesFilter = filterPoints * MemoryLayout<Float>.size <= 4 * context.secondLevelCache
    let kernels = context.kernels
    transformsFirst =
      filterPoints <= largest ?? WinogradConvolution.largestTransform(shape, packed.use) || !transforms
      || shape.inputChannels % kernels.width != 0
      || shape.outputChannels % kernels.width != 0
    self.shape = shape
    self.packed = packed
    self.context = context
    self.kernels = kernels
    coefficients = Buffer(basis.coefficients)
    tapGroups =
      packed.use == .sampling && !transformsFirst
      ? phases.map { $0.flippedTaps(stride: shape.stride, kernelWidth: shape.kernelWidth) } : nil
    // What multiplies few tiles knows none that lag; and few images take as long as the filter takes to read, however many
    // tiles they are.
    backwardPhases = tapGroups == nil ? WinogradConvolution.phases(shape, sharesWindows: true).phases : phases
  }

  private struct ProductKey: Hashable {
    var pass: ConvPass
    var rows: Int
  }

  /// The tasks of a pass's products of so many tiles, found once.
  /// - Parameters:
  ///   - widest: channels of a task, at most.
  ///   - alternatives: as of `ProductTasks`.
  func productTasks(
    _ pass: ConvPass, rows: Int, widest: Int, alternatives: () -> [[ProductTasks.Item]]
  ) -> ProductTasks {
    let key = ProductKey(pass: pass, rows: rows)
    if let known = productTasks[key] { return known }
    let tasks = ProductTasks(
      alternatives: alternatives(), rows: rows, widest: widest / kernels.width, nr: kernels.nr,
      threads: context.threads)
    productTasks[key] = tasks
    return tasks
  }

  /// Points along one axis.
  var n: Int { basis.size }

  /// Which tap of the filter tap (p, q) of a phase is.
  func tap(_ phase: WinogradPhase, _ p: Int, _ q: Int) -> Int {
    phase.tap(p, q, stride: shape.stride, kernelWidth: shape.kernelWidth)
  }

  var inputPanels: Int { ceilDivide(shape.inputChannels, kernels.width) }
  var outputPanels: Int { ceilDivide(shape.outputChannels, kernels.width) }

  /// Rows of a panel that holds `tiles` tiles: as many as the least product writes, and four more where panels would be a
  /// multiple of 4 KB apart and compete for the same cache sets.
  func panelRows(_ tiles: Int) -> Int {
    let rows = max(tiles, RowProduct.tiles)
    return rows * kernels.width % 1024 == 0 ? rows + 4 : rows
  }

  /// A tensor over the points with a slot for each phase.
  /// - Parameter apart: see `PointLayout`.
  func phasedLayout(_ phases: [WinogradPhase], panels: Int, rows: Int, apart: Bool = false) -> PointLayout {
    let extents = phases.map { (rows: $0.y.points, columns: $0.x.points) }
    return PointLayout(size: n, extents: extents, panels: panels, rows: rows, width: kernels.width, apart: apart)
  }

  /// A tensor with one slot at the points that any phase has.
  func plainLayout(_ phases: [WinogradPhase], panels: Int, rows: Int, apart: Bool = false) -> PointLayout {
    let extent = (
      rows: WinogradPhase.allPoints(phases.map { $0.y }), columns: WinogradPhase.allPoints(phases.map { $0.x })
    )
    return PointLayout(size: n, extents: [extent], panels: panels, rows: rows, width: kernels.width, apart: apart)
  }
}

/// One polyphase part: what one parity of taps does along each axis.
struct WinogradPhase: Equatable {
  struct Axis: Equatable {
    /// Input pixels of this phase are at i * stride + residue.
    var residue: Int
    /// Taps of this phase are firstTap, firstTap + stride, ...
    var firstTap: Int
    var taps: Int
    /// Output o reads phase pixels o + start, o + start + 1, ...
    var start: Int

    /// Whether windows begin a pixel before the first that counts. The filter then is x g(x), which is zero at the point 0.
    var lags = false

    /// The points along this axis at which the filter is not zero, in the order of the basis.
    var points: Range<Int>

    /// Where the window of output 0 begins.
    var windowStart: Int { start - (lags ? 1 : 0) }

    /// In the data gradient, phase pixel 0 has a window that begins with this output.
    var backwardStart: Int { -start - (taps - 1) - (lags ? 1 : 0) }

    /// The same with other windows, or nil where the basis has no points for them.
    func lagging(_ lags: Bool, _ basis: WinogradBasis) -> Axis? {
      let taps = taps + (lags ? 1 : 0)
      guard taps <= basis.taps else { return nil }
      var axis = self
      axis.lags = lags
      axis.points = (lags ? 1 : 0)..<(taps == basis.taps ? basis.size : basis.size - 1)
      return axis
    }

    /// The phases of a kernel along one axis, each with as few points as it can have.
    static func all(kernel: Int, pad: Int, stride: Int, _ basis: WinogradBasis) -> [Axis] {
      let axes = (0..<stride).map { residue in
        let firstTap = (residue + pad) % stride
        let axis = Axis(
          residue: residue, firstTap: firstTap, taps: ceilDivide(kernel - firstTap, stride),
          start: (firstTap - pad - residue) / stride, points: 0..<0)
        // Of two ways with as many points the first: what is transformed on the way in the forward pass, phases of two taps
        // or more, does not lag.
        return [false, true].compactMap { axis.lagging($0, basis) }.min { $0.points.count < $1.points.count }!
      }
      return axes.sorted { $0.taps > $1.taps }
    }

    /// The same with windows that begin at the same place in the data gradient, where the basis has points for those; or
    /// else as they are.
    static func sharingWindows(_ axes: [Axis], _ basis: WinogradBasis) -> [Axis] {
      let starts = axes.map { -$0.start - ($0.taps - 1) }
      let ways = [starts.min()!, starts.min()! - 1].map { start in
        zip(axes, starts).compactMap { axis, own in own - start > 1 ? nil : axis.lagging(own > start, basis) }
      }
      func points(_ axes: [Axis]) -> Int { axes.reduce(0) { $0 + $1.points.count } }
      return ways.filter { $0.count == axes.count }.min { points($0) < points($1) } ?? axes
    }
  }

  var y: Axis
  var x: Axis

  /// Products of a tile, one for each point.
  var products: Int { y.points.count * x.points.count }

  /// The points that any of some axes has.
  static func allPoints(_ axes: [Axis]) -> Range<Int> {
    axes.map { $0.points.lowerBound }.min()!..<axes.map { $0.points.upperBound }.max()!
  }

  /// Which tap of the filter, row by row, tap (p, q) of this phase is.
  func tap(_ p: Int, _ q: Int, stride: Int, kernelWidth: Int) -> Int {
    (y.firstTap + p * stride) * kernelWidth + x.firstTap + q * stride
  }

  /// The taps of this phase, the last one first.
  func flippedTaps(stride: Int, kernelWidth: Int) -> [Int] {
    (0..<y.taps).reversed().flatMap { p in
      (0..<x.taps).reversed().map { q in tap(p, q, stride: stride, kernelWidth: kernelWidth) }
    }
  }
}

/// Rows of offsets at fixed addresses: reading them counts no references, which every thread would have to take turns at.
final class OffsetTable {
  private let columns: Int
  private let storage: UnsafeMutablePointer<Int>

  /// All zero.
  init(rows: Int, columns: Int) {
    self.columns = columns
    storage = .allocate(capacity: rows * columns)
    storage.initialize(repeating: 0, count: rows * columns)
  }

  /// A row; valid as long as the table.
  subscript(_ row: Int) -> UnsafeMutablePointer<Int> { storage + row * columns }

  deinit { storage.deallocate() }
}

/// Where the points of a tensor are: for each point (i, j) of n x n, for each phase that has this point a slot of
/// `panels` panels, each of `rows` rows of W floats.
struct PointLayout {
  let panels: Int
  let rows: Int
  let width: Int
  /// Slots of each point.
  let slots: [Int]
  /// The offset of each point.
  let bases: [Int]
  /// Points of each phase along each axis.
  let extents: [(rows: Range<Int>, columns: Range<Int>)]
  /// The offset, for each phase, of its slot at each point; unused where the phase lacks the point.
  let phaseOffsets: OffsetTable
  let count: Int

  /// - Parameter apart: whether points lie an odd number of cache lines apart. A transform writes to all of them at once, and a
  ///   power of two apart they compete for one set of a cache that holds them. (In memory of more than the caches hold
  ///   that is slower.)
  init(
    size: Int, extents: [(rows: Range<Int>, columns: Range<Int>)], panels: Int, rows: Int, width: Int,
    apart: Bool = false
  ) {
    self.panels = panels
    self.rows = rows
    self.width = width
    self.extents = extents
    var slots: [Int] = []
    var bases: [Int] = []
    let phaseOffsets = OffsetTable(rows: extents.count, columns: size * size)
    var offset = 0
    for i in 0..<size {
      for j in 0..<size {
        bases.append(offset)
        var slot = 0
        for (phase, extent) in extents.enumerated() where extent.rows.contains(i) && extent.columns.contains(j) {
          phaseOffsets[phase][i * size + j] = offset + slot * panels * rows * width
          slot += 1
        }
        slots.append(slot)
        offset += PointLayout.distance(slot * panels * rows * width, apart)
      }
    }
    self.slots = slots
    self.bases = bases
    self.phaseOffsets = phaseOffsets
    count = offset
  }

  var panelStride: Int { rows * width }

  /// Floats from one point, whose own are so many, to the next.
  static func distance(_ floats: Int, _ apart: Bool) -> Int { apart ? (ceilDivide(floats, 16) | 1) * 16 : floats }
}
