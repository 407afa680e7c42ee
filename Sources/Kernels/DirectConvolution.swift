import VectorLoops

/// Direct convolution as an implicit matrix product: a block of pixels is gathered tap by tap into panels in the
/// second-level cache and multiplied with the packed filter. Nowhere is there an im2col matrix of more than one block.
final class DirectConvolution {
  var shape: ConvShape
  let context: Context
  private var forwardFilter: PackedFilter?
  private var backwardFilters: [PackedFilter?]
  var rowTapFilter: Buffer?
  var rowTapFilterIsCurrent = false

  init(_ shape: ConvShape, context: Context) {
    self.shape = shape
    self.context = context
    backwardFilters = Array(repeating: nil, count: shape.stride * shape.stride)
  }

  func filterChanged() {
    forwardFilter?.isCurrent = false
    for filter in backwardFilters { filter?.isCurrent = false }
    rowTapFilterIsCurrent = false
  }

  /// A filter as the B operand: rows are (tap, source channel), columns are target channels.
  final class PackedFilter {
    let panelDepth: Int
    let panelsPerTap: Int
    let panels: Buffer
    /// Floats from one panel of columns to the next.
    let panelStride: Int
    var isCurrent = false

    init(_ grid: TapGrid, width: Int) {
      // With few source channels a tap takes only as many rows as there are channels; with many, whole panels.
      panelDepth = min(grid.tapChannels, width)
      panelsPerTap = ceilDivide(grid.tapChannels, width)
      panelStride = max(grid.taps.count, 1) * panelsPerTap * panelDepth * width
      panels = Buffer(count: panelStride * ceilDivide(grid.targetChannels, width))
    }
  }

  func packedForwardFilter(_ filter: UnsafePointer<Float>, _ grid: TapGrid) -> PackedFilter {
    let packed = forwardFilter ?? PackedFilter(grid, width: context.width)
    forwardFilter = packed
    if !packed.isCurrent { pack(filter, grid, packed, transposed: false) }
    return packed
  }

  func packedBackwardFilter(_ filter: UnsafePointer<Float>, _ grid: TapGrid, phase: Int) -> PackedFilter {
    let packed = backwardFilters[phase] ?? PackedFilter(grid, width: context.width)
    backwardFilters[phase] = packed
    if !packed.isCurrent { pack(filter, grid, packed, transposed: true) }
    return packed
  }

  /// `transposed`: the target channels are the filter's input channels.
  private func pack(_ filter: UnsafePointer<Float>, _ grid: TapGrid, _ packed: PackedFilter, transposed: Bool) {
    let w = context.width
    let (loops, outputChannels) = (context.loops, shape.outputChannels)
    let tapCount = (transposed ? shape.inputChannels : grid.tapChannels) * outputChannels
    let rowsPerTap = packed.panelsPerTap * packed.panelDepth
    let panelCount = ceilDivide(grid.targetChannels, w)
    context.parallel(panelCount * grid.taps.count) { task in
      let (panel, t) = (task % panelCount, task / panelCount)
      let lanes = min(w, grid.targetChannels - panel * w)
      let target = packed.panels.pointer + panel * packed.panelStride + t * rowsPerTap * w
      let tap = filter + grid.taps[t].index * tapCount
      if transposed {
        loops.transposePanel(
          rows: grid.tapChannels, lanes: lanes, source: tap + panel * w * outputChannels,
          laneStride: outputChannels, destination: target)
      } else {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: grid.tapChannels) { offsets in
          for c in 0..<grid.tapChannels { offsets[c] = c * outputChannels + panel * w }
          loops.gatherPanels(
            grid.tapChannels, source: tap, offsets: offsets.baseAddress!, channels: lanes, panels: target,
            panelStride: 0)
        }
      }
      let used = grid.tapChannels * w
      (target + used).update(repeating: 0, count: rowsPerTap * w - used)
    }
    packed.isCurrent = true
  }

  /// Most pixels of a task: a gathered block of 128 x 208 floats takes 104 KB of the second-level cache.
  private static let blockPixels = 208
  /// Target channels of a task.
  private static let blockChannels = 512

  /// target = gathered source times packed filter, over all pixels of the grid.
  func gatheredProduct(
    _ grid: TapGrid, source: UnsafePointer<Float>, filter: PackedFilter, target: UnsafeMutablePointer<Float>
  ) {
    let w = context.width
    let loops = context.loops
    let product = PanelProduct(loops: loops)
    // Blocks of one size, in whole register tiles.
    let mostTiles = DirectConvolution.blockPixels / loops.tileRows
    let tiles = ceilDivide(grid.pixels, loops.tileRows)
    let blockPixels = ceilDivide(tiles, ceilDivide(tiles, mostTiles)) * loops.tileRows
    let targetPanels = ceilDivide(grid.targetChannels, w)
    let blockPanels = DirectConvolution.blockChannels / w
    let pixelBlocks = ceilDivide(grid.pixels, blockPixels)
    let channelBlocks = ceilDivide(targetPanels, blockPanels)
    let depthPanels = grid.taps.count * filter.panelsPerTap
    let block = max(loops.blockDepth / filter.panelDepth, 1)
    // Panels of an odd number of rows: at a multiple of 4 KB all of them would compete for the same sets of a cache.
    let rows = blockPixels | 1
    let perWorker = (block + blockPanels) * rows * w
    let workspace = context.scratch("direct", perWorker * context.threads)

    context.parallel(pixelBlocks * channelBlocks) { task, worker in
      let first = task / channelBlocks * blockPixels
      let range = first..<min(first + blockPixels, grid.pixels)
      let panel = task % channelBlocks * blockPanels
      let panels = min(blockPanels, targetPanels - panel)
      let a = workspace + worker * perWorker
      let c = a + block * rows * w
      withUnsafeTemporaryAllocation(of: Int.self, capacity: blockPixels) { buffer in
        let offsets = buffer.baseAddress!
        var tap = -1
        for k in stride(from: 0, to: depthPanels, by: block) {
          let depth = min(block, depthPanels - k)
          var d = 0
          while d < depth {
            if (k + d) / filter.panelsPerTap != tap {
              tap = (k + d) / filter.panelsPerTap
              grid.sourceOffsets(grid.taps[tap], range, offsets)
            }
            let first = (k + d) % filter.panelsPerTap
            let count = min(filter.panelsPerTap - first, depth - d)
            loops.gatherPanels(
              range.count, source: source + first * w, offsets: offsets,
              channels: grid.mayOverread ? count * w : min(count * w, grid.tapChannels - first * w),
              panels: a + d * rows * w, panelStride: rows * w)
            d += count
          }
          product.multiply(
            rows: range.count, columnPanels: panels, depthPanels: depth, panelDepth: filter.panelDepth, a: a,
            aPanelStride: rows * w,
            b: filter.panels.pointer + panel * filter.panelStride + k * filter.panelDepth * w,
            bPanelStride: filter.panelStride, c: c, cPanelStride: rows * w, accumulate: k > 0)
        }
        if depthPanels == 0 { c.update(repeating: 0, count: panels * rows * w) }
        grid.targetOffsets(range, offsets)
        loops.scatterPanels(
          range.count, panels: c, panelStride: rows * w, offsets: offsets,
          channels: min(panels * w, grid.targetChannels - panel * w), destination: target + panel * w)
      }
    }
  }
}
