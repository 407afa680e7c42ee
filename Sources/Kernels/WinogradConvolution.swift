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

  /// Tiles that go through the points together, at most (see also `gradientChunks`). More of them reuse a transformed filter
  /// that does not fit in a cache; fewer keep the points of shallow layers in the last-level cache. A constant, so that the
  /// order of sums is one too.
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
