import CProcessor
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
    self.shape = shape.asMatrixProduct
    self.context = context
    backwardFilters = Array(repeating: nil, count: shape.strideHeight * shape.strideWidth)
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
        loops.gatherPanels(
          grid.tapChannels, source: tap + panel * w, step: outputChannels, channels: lanes, panels: target,
          panelStride: 0)
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
    let block = product.blockPanels(filter.panelDepth)
    // A product of one block writes whole panels to the target itself, whose pixels the grid's then are.
    let writes =
      grid.targetStepY == 1 && grid.targetStepX == 1 && grid.targetChannels % w == 0 && depthPanels <= block
      && depthPanels > 0
    let stores: TileStores =
      writes && context.streamsPast(target, rows: grid.pixels, channels: grid.targetChannels) ? .streams : .overwrites
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
      let c = writes ? target + range.lowerBound * grid.targetChannels + panel * w : a + block * rows * w
      for k in stride(from: 0, to: depthPanels, by: block) {
        let depth = min(block, depthPanels - k)
        grid.gather(k..<k + depth, range, source: source, panels: a, panelStride: rows * w, loops: loops)
        product.multiply(
          rows: range.count, columnPanels: panels, depthPanels: depth, panelDepth: filter.panelDepth, a: a,
          aPanelStride: rows * w, b: filter.panels.pointer + panel * filter.panelStride + k * filter.panelDepth * w,
          bPanelStride: filter.panelStride, c: c, cRowStride: writes ? grid.targetChannels : w,
          cPanelStride: writes ? w : rows * w, stores: k > 0 ? .adds : stores)
      }
      if stores == .streams { processor_end_streams() }
      if writes { return }
      if depthPanels == 0 { c.update(repeating: 0, count: panels * rows * w) }
      grid.scatter(
        range, panels: c, panelStride: rows * w, target: target, channel: panel * w,
        channels: min(panels * w, grid.targetChannels - panel * w), loops: loops)
    }
  }
}
