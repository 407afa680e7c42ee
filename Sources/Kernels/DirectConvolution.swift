import VectorLoops

/// Direct convolution as an implicit matrix product: a block of pixels is gathered tap by tap into panels in the
/// second-level cache and multiplied with the packed filter. Nowhere is there an im2col matrix of more than one block.
final class DirectConvolution {
  let shape: ConvShape
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
          loops.gatherPanel(
            grid.tapChannels, source: tap, offsets: offsets.baseAddress!, channels: lanes, panel: target)
        }
      }
      let used = grid.tapChannels * w
      (target + used).update(repeating: 0, count: rowsPerTap * w - used)
    }
    packed.isCurrent = true
  }

  /// Pixels of a task: a gathered block of 128 x 192 floats takes 96 KB of the second-level cache.
  private static let blockPixels = 192
  /// Target channels of a task.
  private static let blockChannels = 256

  /// target = gathered source times packed filter, over all pixels of the grid.
  func gatheredProduct(
    _ grid: TapGrid, source: UnsafePointer<Float>, filter: PackedFilter, target: UnsafeMutablePointer<Float>
  ) {
    let w = context.width
    let loops = context.loops
    let product = PanelProduct(loops: loops)
    let blockPixels = DirectConvolution.blockPixels
    let targetPanels = ceilDivide(grid.targetChannels, w)
    let blockPanels = DirectConvolution.blockChannels / w
    let pixelBlocks = ceilDivide(grid.pixels, blockPixels)
    let channelBlocks = ceilDivide(targetPanels, blockPanels)
    let depthPanels = grid.taps.count * filter.panelsPerTap
    let block = max(PanelProduct.blockDepth / filter.panelDepth, 1)
    // Panels are padded by four rows: at a stride of a multiple of 4 KB all of them would compete for the same sets.
    let rows = blockPixels + 4
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
          for d in 0..<depth {
            if (k + d) / filter.panelsPerTap != tap {
              tap = (k + d) / filter.panelsPerTap
              grid.sourceOffsets(grid.taps[tap], range, offsets)
            }
            let channel = (k + d) % filter.panelsPerTap * w
            loops.gatherPanel(
              range.count, source: source + channel, offsets: offsets,
              channels: grid.mayOverread ? w : min(w, grid.tapChannels - channel), panel: a + d * rows * w)
          }
          product.multiply(
            rows: range.count, columnPanels: panels, depthPanels: depth, panelDepth: filter.panelDepth, a: a,
            aPanelStride: rows * w,
            b: filter.panels.pointer + panel * filter.panelStride + k * filter.panelDepth * w,
            bPanelStride: filter.panelStride, c: c, cPanelStride: rows * w, accumulate: k > 0)
        }
        if depthPanels == 0 { c.update(repeating: 0, count: panels * rows * w) }
        grid.targetOffsets(range, offsets)
        for p in 0..<panels {
          let channel = (panel + p) * w
          loops.scatterPanel(
            range.count, panel: c + p * rows * w, offsets: offsets, channels: min(w, grid.targetChannels - channel),
            destination: target + channel)
        }
      }
    }
  }
}
