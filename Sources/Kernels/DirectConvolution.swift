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
    /// Rows of a tap, which those of the next follow.
    let rowsPerTap: Int
    /// Rows of all taps.
    let depth: Int
    let panels: Buffer
    /// Floats from one panel of columns to the next.
    let panelStride: Int
    var isCurrent = false

    init(_ grid: TapGrid, width: Int) {
      // With few source channels a tap takes only as many rows as there are channels; with many, whole panels, but for the
      // last one of a single tap.
      panelDepth = min(grid.tapChannels, width)
      panelsPerTap = ceilDivide(grid.tapChannels, width)
      rowsPerTap = grid.taps.count == 1 ? grid.tapChannels : panelsPerTap * panelDepth
      depth = grid.taps.count * rowsPerTap
      panelStride = max(depth, 1) * width
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
    let rowsPerTap = packed.rowsPerTap
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

  /// target = gathered source times packed filter, over all pixels of the grid.
  func gatheredProduct(
    _ grid: TapGrid, source: UnsafePointer<Float>, filter: PackedFilter, target: UnsafeMutablePointer<Float>
  ) {
    let w = context.width
    let loops = context.loops
    let product = MacroKernel(loops: loops)
    let (mr, nr) = (loops.mr, loops.nr)
    let targetPanels = ceilDivide(grid.targetChannels, w)
    let cuts = GEMMBlocks(secondLevelCache: context.secondLevelCache, mr: mr, nr: nr, width: w).cut(
      rows: grid.pixels, columnPanels: targetPanels, threads: context.threads, mr: mr, nr: nr)
    let (blockPixels, blockPanels) = (cuts.rows, cuts.columnPanels)
    let pixelBlocks = ceilDivide(grid.pixels, blockPixels)
    let channelBlocks = ceilDivide(targetPanels, blockPanels)
    let depthPanels = grid.taps.count * filter.panelsPerTap
    let block = min(max(MacroKernel.kc / filter.panelDepth, 1), max(depthPanels, 1))
    // Whole panels are written to the target itself where its pixels are the grid's.
    let writes =
      grid.targetStepY == 1 && grid.targetStepX == 1
      && grid.targetChannels % w == 0 && depthPanels > 0
    let stores: TileStores =
      writes && depthPanels <= block
        && context.streamsPast(target, rows: grid.pixels, channels: grid.targetChannels) ? .streams : .overwrites
    // The pixels of a tile lie together, a block of k of them.
    let groupStride = block * mr * w
    // Panels of C of an odd number of rows: at a multiple of 4 KB all would compete for the same sets of a cache.
    let rows = blockPixels | 1
    let perWorker = blockPixels / mr * groupStride + (writes ? 0 : min(blockPanels, targetPanels) * rows * w)
    let workspace = context.scratch("direct", perWorker * context.threads)

    func pixels(_ task: Int) -> Range<Int> {
      let first = task / channelBlocks * blockPixels
      return first..<min(first + blockPixels, grid.pixels)
    }
    context.parallel(pixelBlocks * channelBlocks) { task, worker in
      let range = pixels(task)
      let panel = task % channelBlocks * blockPanels
      let panels = min(blockPanels, targetPanels - panel)
      let a = workspace + worker * perWorker
      let b = UnsafePointer(filter.panels.pointer) + panel * filter.panelStride
      let c =
        writes
        ? MacroKernel.Target(
          first: target + range.lowerBound * grid.targetChannels + panel * w, rowStride: grid.targetChannels,
          panelStride: w, groupStride: mr * grid.targetChannels)
        : MacroKernel.Target(
          first: a + blockPixels / mr * groupStride, rowStride: w, panelStride: rows * w, groupStride: mr * w)
      for k in stride(from: 0, to: depthPanels, by: block) {
        let depth = min(block, depthPanels - k)
        for (group, pixel) in stride(from: range.lowerBound, to: range.upperBound, by: mr).enumerated() {
          grid.gather(
            k..<k + depth, pixel..<min(pixel + mr, range.upperBound), source: source, panels: a + group * groupStride,
            panelStride: mr * w, loops: loops)
        }
        var upcoming = MacroKernel.Upcoming()
        let after = k + block
        if after < depthPanels {
          upcoming.b = b + after * filter.panelDepth * w
          upcoming.source = grid.memoryRows(after..<min(after + block, depthPanels), range, source: source, width: w)
        } else if task + context.threads < pixelBlocks * channelBlocks {
          upcoming.source = grid.memoryRows(
            0..<min(block, depthPanels), pixels(task + context.threads), source: source, width: w)
        }
        product.multiply(
          MacroKernel.Product(
            rows: range.count, columnPanels: panels,
            depth: min(depth * filter.panelDepth, filter.depth - k * filter.panelDepth),
            a: .init(
              first: a, panelStride: mr * w, panelDepth: filter.panelDepth, groupRows: mr, groupStride: groupStride),
            b: .init(b + k * filter.panelDepth * w, filter.panelStride), c: c, stores: k > 0 ? .adds : stores,
            upcoming: upcoming))
      }
      if stores == .streams { processor_end_streams() }
      if writes { return }
      if depthPanels == 0 { c.first.update(repeating: 0, count: panels * rows * w) }
      grid.scatter(
        range, panels: c.first, panelStride: rows * w, target: target, channel: panel * w,
        channels: min(panels * w, grid.targetChannels - panel * w), loops: loops)
    }
  }
}
