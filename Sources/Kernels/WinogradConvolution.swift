import VectorLoops

/// Winograd convolution of 5x5 filters with stride 1 or 2, by 4x4 output tiles.
///
/// Stride 2 splits input and filter into 2x2 polyphase parts, four stride-1 convolutions with 3 or 2 taps per axis:
/// o * 2 + k - pad = (o + a) * 2 + r, so the taps k of one parity r read input pixels of parity r, and nothing else does.
/// All four share the points of F(4, 3), so their products are summed before the output transform: per point one matrix
/// product whose depth is phases times channels. A phase with two taps has nothing at infinity; the products that are
/// left number 121 for 16 outputs instead of 400 (decomposable Winograd: arXiv 2002.00552).
///
/// Stride 1 is one phase on the 8 points of F(4, 5): 64 products for 16 outputs instead of 400.
///
/// Every pass transforms a chunk of tiles into the points, multiplies there, and transforms back.
final class WinogradConvolution {
  var shape: ConvShape
  let context: Context
  let basis: WinogradBasis
  let coefficients: Buffer
  /// The phases in the order of their slots; those with three taps come before those with two.
  let phases: [WinogradPhase]
  var forwardFilter: Buffer?
  var backwardFilter: Buffer?
  var forwardFilterIsCurrent = false
  var backwardFilterIsCurrent = false
  /// Whether transformed filters are kept until the filter changes. One that outgrows the caches is as slow to read as to
  /// compute again: then each product transforms it on the way (see `WinogradFilterProduct.swift`).
  let keepsFilter: Bool
  /// Where not nil, the filter of the data gradient comes in panels, for each of these groups of taps in turn: [group,
  /// inputChannels / W, outputChannels, taps of the group, W]. A group has the taps of a phase in the order in which they
  /// are used, so that they come from memory as one stream. (As [kh, kw, ...], those that are read together lie a power of
  /// two apart, and compete for the same sets of the caches.)
  let tapGroups: [[Int]]?
  /// Whether a transformed filter is written past the caches, which it would leave again before a product reads it. (Saves
  /// a tenth of the passes of 512 by 1024 channels for 64 tiles.)
  let streamsFilter: Bool

  /// Tiles that go through the points together. More of them reuse a transformed filter that does not fit in a cache;
  /// fewer keep the points of shallow layers in the last-level cache. A constant, so that the order of sums is one too.
  static let chunkTiles = 256

  static func supports(_ shape: ConvShape) -> Bool {
    shape.kernelHeight == 5 && shape.kernelWidth == 5 && shape.strideHeight == shape.strideWidth
      && (shape.stride == 1 || shape.stride == 2)
  }

  /// Floats of a transformed filter above which it counts as larger than the caches, and is only kept where it is reused:
  /// 48 MB. A function of the channels alone, for the two ways round differently, and a picture must not depend on how many
  /// are made with it.
  private static let largestFreelyKeptFilter = 12 << 20

  /// - Parameter largestFreelyKept: for tests.
  init(
    _ shape: ConvShape, context: Context, use: FilterUse = .often,
    largestFreelyKept: Int = WinogradConvolution.largestFreelyKeptFilter
  ) {
    precondition(WinogradConvolution.supports(shape), "\(shape): no Winograd algorithm for this kernel and stride")
    let points = shape.stride == 2 ? 121 : 64
    streamsFilter = points * shape.inputChannels * shape.outputChannels > largestFreelyKept
    keepsFilter =
      use == .often || !streamsFilter || shape.inputChannels % context.width != 0
      || shape.outputChannels % context.width != 0
    self.shape = shape
    self.context = context
    basis = shape.stride == 2 ? .threeTaps : .fiveTaps
    coefficients = Buffer(basis.coefficients)
    let vertical = WinogradPhase.Axis.all(pad: shape.padTop, stride: shape.stride)
    let horizontal = WinogradPhase.Axis.all(pad: shape.padLeft, stride: shape.stride)
    phases = vertical.flatMap { y in horizontal.map { x in WinogradPhase(y: y, x: x) } }
    tapGroups = use == .sampling && !keepsFilter ? phases.map { $0.flippedTaps(stride: shape.stride) } : nil
  }

  func filterChanged() {
    forwardFilterIsCurrent = false
    backwardFilterIsCurrent = false
  }

  /// Points along one axis.
  var n: Int { basis.size }
  var inputPanels: Int { ceilDivide(shape.inputChannels, context.width) }
  var outputPanels: Int { ceilDivide(shape.outputChannels, context.width) }

  /// Rows of a panel that holds `tiles` tiles: as many as the least product writes, and four more where panels would lie a
  /// multiple of 4 KB apart and compete for the same cache sets.
  func panelRows(_ tiles: Int) -> Int {
    let rows = max(tiles, RowProduct.tiles)
    return rows * context.width % 1024 == 0 ? rows + 4 : rows
  }

  /// A tensor over the points with a slot for each phase.
  func phasedLayout(panels: Int, rows: Int) -> PointLayout {
    PointLayout(size: n, phases: phases, panels: panels, rows: rows, width: context.width)
  }

  /// A tensor over the points with one slot.
  func plainLayout(panels: Int, rows: Int) -> PointLayout {
    PointLayout(size: n, phases: nil, panels: panels, rows: rows, width: context.width)
  }
}

/// One polyphase part: what one parity of taps does along each axis.
struct WinogradPhase {
  struct Axis {
    /// Input pixels of this phase are at i * stride + residue.
    var residue: Int
    /// Taps of this phase are firstTap, firstTap + stride, ...
    var firstTap: Int
    var taps: Int
    /// Output o reads phase pixels o + start, o + start + 1, ...
    var start: Int

    /// Points along this axis: one fewer where there is one tap fewer, for then nothing is at infinity.
    var points: Int { taps + WinogradBasis.outputs - 1 }

    /// In the data gradient, phase pixel j reads outputs from j + backwardStart on.
    var backwardStart: Int { -start - (taps - 1) }

    static func all(pad: Int, stride: Int) -> [Axis] {
      let axes = (0..<stride).map { residue in
        let firstTap = (residue + pad) % stride
        return Axis(
          residue: residue, firstTap: firstTap, taps: (5 - firstTap + stride - 1) / stride,
          start: (firstTap - pad - residue) / stride)
      }
      return axes.sorted { $0.taps > $1.taps }
    }
  }

  var y: Axis
  var x: Axis

  /// Which tap of the filter tap (p, q) of this phase is, as row * 5 + column.
  func tap(_ p: Int, _ q: Int, stride: Int) -> Int { (y.firstTap + p * stride) * 5 + x.firstTap + q * stride }

  /// The taps of this phase, the last one first.
  func flippedTaps(stride: Int) -> [Int] {
    (0..<y.taps).reversed().flatMap { p in (0..<x.taps).reversed().map { q in tap(p, q, stride: stride) } }
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

/// Where the points of a tensor lie: for each point (i, j) of n x n, for each phase that has this point a slot of
/// `panels` panels, each of `rows` rows of W floats.
struct PointLayout {
  let size: Int
  let panels: Int
  let rows: Int
  let width: Int
  /// Slots of each point.
  let slots: [Int]
  /// The offset of each point.
  let bases: [Int]
  /// Points of each phase along each axis.
  let extents: [(rows: Int, columns: Int)]
  /// The offset, for each phase, of its slot at each point; unused where the phase lacks the point.
  let phaseOffsets: OffsetTable
  let count: Int

  init(size: Int, phases: [WinogradPhase]?, panels: Int, rows: Int, width: Int) {
    self.size = size
    self.panels = panels
    self.rows = rows
    self.width = width
    extents = phases?.map { ($0.y.points, $0.x.points) } ?? [(size, size)]
    var slots: [Int] = []
    var bases: [Int] = []
    let phaseOffsets = OffsetTable(rows: extents.count, columns: size * size)
    var offset = 0
    for i in 0..<size {
      for j in 0..<size {
        bases.append(offset)
        var slot = 0
        for (phase, extent) in extents.enumerated() where i < extent.rows && j < extent.columns {
          phaseOffsets[phase][i * size + j] = offset + slot * panels * rows * width
          slot += 1
        }
        slots.append(slot)
        offset += slot * panels * rows * width
      }
    }
    self.slots = slots
    self.bases = bases
    self.phaseOffsets = phaseOffsets
    count = offset
  }

  var panelStride: Int { rows * width }

  /// The points, those with the most slots first, so that the longest tasks do not come last.
  var pointsByWork: [Int] {
    slots.indices.sorted { (-slots[$0], $0) < (-slots[$1], $1) }
  }
}
