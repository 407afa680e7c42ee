import CProcessor
import MicroKernels

/// Direct convolution as an implicit matrix product: a block of pixels is gathered tap by tap into panels in the
/// second-level cache and multiplied with the packed filter. Nowhere is there an im2col matrix of more than one block.
final class DirectConvolution {
  var shape: ConvShape
  let packed: PackedFilter
  var context: Context { packed.context }

  init(_ shape: ConvShape, _ packed: PackedFilter) {
    self.shape = shape.asMatrixProduct
    self.packed = packed
  }

  /// A filter as the B operand: rows are (tap, source channel), columns are target channels.
  struct FilterPanels {
    let panelDepth: Int
    let panelsPerTap: Int
    /// Rows of a tap, which those of the next follow.
    let rowsPerTap: Int
    /// Rows of all taps.
    let depth: Int
    /// Floats from one panel of columns to the next.
    let panelStride: Int
    /// Floats of all panels.
    let count: Int

    init(_ grid: TapGrid, width: Int) {
      // With few source channels a tap takes only as many rows as there are channels; with many, whole panels, but for the
      // last one of a single tap.
      panelDepth = min(grid.sourceChannels, width)
      panelsPerTap = ceilDivide(grid.sourceChannels, width)
      rowsPerTap = grid.taps.count == 1 ? grid.sourceChannels : panelsPerTap * panelDepth
      depth = grid.taps.count * rowsPerTap
      panelStride = max(depth, 1) * width
      count = panelStride * ceilDivide(grid.targetChannels, width)
    }
  }

  /// The filter's panels for what a grid reads of it.
  private func panels(
    _ grid: TapGrid, _ layout: FilterPanels, _ form: PackedFilter.Form, _ filter: UnsafePointer<Float>
  ) -> UnsafePointer<Float> {
    packed(form, count: layout.count, .filter) { pack(filter, grid, layout, transposed: form != .forward, into: $0) }
  }

  /// `transposed`: the target channels are the filter's input channels.
  private func pack(
    _ filter: UnsafePointer<Float>, _ grid: TapGrid, _ layout: FilterPanels, transposed: Bool,
    into panels: UnsafeMutablePointer<Float>
  ) {
    let w = context.width
    let (kernels, outputChannels) = (context.kernels, shape.outputChannels)
    let tapCount = (transposed ? shape.inputChannels : grid.sourceChannels) * outputChannels
    let rowsPerTap = layout.rowsPerTap
    let panelCount = ceilDivide(grid.targetChannels, w)
    context.parallel(panelCount * grid.taps.count) { task in
      let (panel, t) = (task % panelCount, task / panelCount)
      let lanes = min(w, grid.targetChannels - panel * w)
      let target = panels + panel * layout.panelStride + t * rowsPerTap * w
      let tap = filter + grid.taps[t].index * tapCount
      if transposed {
        kernels.transposePanel(
          rows: grid.sourceChannels, lanes: lanes, source: tap + panel * w * outputChannels,
          laneStride: outputChannels, destination: target)
      } else {
        kernels.packPanels(
          grid.sourceChannels, source: tap + panel * w, step: outputChannels, channels: lanes, panels: target,
          panelStride: 0)
      }
      let used = grid.sourceChannels * w
      (target + used).update(repeating: 0, count: rowsPerTap * w - used)
    }
  }

  /// target = gathered source times packed filter, over all pixels of the grid.
  func gatheredProduct(
    _ grid: TapGrid, source: UnsafePointer<Float>, filter: UnsafePointer<Float>, _ form: PackedFilter.Form,
    target: UnsafeMutablePointer<Float>
  ) {
    let layout = FilterPanels(grid, width: context.width)
    let filterPanels = panels(grid, layout, form, filter)
    let w = context.width
    let kernels = context.kernels
    let product = MacroKernel(kernels: kernels)
    let (mr, nr) = (kernels.mr, kernels.nr)
    let targetPanels = ceilDivide(grid.targetChannels, w)
    let cuts = GEMMBlocks(secondLevelCache: context.secondLevelCache, mr: mr, nr: nr, width: w).cut(
      rows: grid.pixels, columnPanels: targetPanels, threads: context.threads, mr: mr, nr: nr)
    let (mc, ncPanels) = (cuts.rows, cuts.columnPanels)
    let pixelBlocks = ceilDivide(grid.pixels, mc)
    let channelBlocks = ceilDivide(targetPanels, ncPanels)
    let depthPanels = grid.taps.count * layout.panelsPerTap
    let block = MacroKernel.kcPanels(depthPanels, panelDepth: layout.panelDepth)
    // Whole panels are written to the target itself where its pixels are the grid's.
    let writes =
      grid.targetStepY == 1 && grid.targetStepX == 1
      && grid.targetChannels % w == 0 && depthPanels > 0
    let stores: TileStores =
      writes && depthPanels <= block
        && context.usesNonTemporalStores(target, rows: grid.pixels, channels: grid.targetChannels)
      ? .streams : .overwrites
    // The pixels of a tile are next to each other, a block of k of them.
    let groupStride = block * mr * w
    // Panels of C of an odd number of rows: at a multiple of 4 KB all would compete for the same sets of a cache.
    let rows = mc | 1
    let perWorker = mc / mr * groupStride + (writes ? 0 : min(ncPanels, targetPanels) * rows * w)
    let workspace = context.scratch("direct", perWorker * context.threads)

    func pixels(_ task: Int) -> Range<Int> {
      let first = task / channelBlocks * mc
      return first..<min(first + mc, grid.pixels)
    }
    context.parallel(pixelBlocks * channelBlocks) { task, worker in
      let range = pixels(task)
      let panel = task % channelBlocks * ncPanels
      let panels = min(ncPanels, targetPanels - panel)
      let a = workspace + worker * perWorker
      let b = filterPanels + panel * layout.panelStride
      let c =
        writes
        ? MacroKernel.Target(
          first: target + range.lowerBound * grid.targetChannels + panel * w, rowStride: grid.targetChannels,
          panelStride: w, groupStride: mr * grid.targetChannels)
        : MacroKernel.Target(
          first: a + mc / mr * groupStride, rowStride: w, panelStride: rows * w, groupStride: mr * w)
      for k in stride(from: 0, to: depthPanels, by: block) {
        let depth = min(block, depthPanels - k)
        for (group, pixel) in stride(from: range.lowerBound, to: range.upperBound, by: mr).enumerated() {
          grid.pack(
            k..<k + depth, pixel..<min(pixel + mr, range.upperBound), source: source, panels: a + group * groupStride,
            panelStride: mr * w, kernels: kernels)
        }
        var upcoming = MacroKernel.Upcoming()
        let after = k + block
        if after < depthPanels {
          upcoming.b = b + after * layout.panelDepth * w
          upcoming.source = grid.memoryRows(after..<min(after + block, depthPanels), range, source: source, width: w)
        } else if task + 1 < pixelBlocks * channelBlocks {
          upcoming.source = grid.memoryRows(
            0..<min(block, depthPanels), pixels(task + 1), source: source, width: w)
        }
        product.multiply(
          MacroKernel.Product(
            rows: range.count, columnPanels: panels,
            depth: min(depth * layout.panelDepth, layout.depth - k * layout.panelDepth),
            a: .init(
              first: a, panelStride: mr * w, panelDepth: layout.panelDepth, groupRows: mr, groupStride: groupStride),
            b: .init(b + k * layout.panelDepth * w, layout.panelStride), c: c, stores: k > 0 ? .adds : stores,
            upcoming: upcoming))
      }
      if stores == .streams { processor_end_streams() }
      if writes { return }
      if depthPanels == 0 { c.first.update(repeating: 0, count: panels * rows * w) }
      grid.unpack(
        range, panels: c.first, panelStride: rows * w, target: target, channel: panel * w,
        channels: min(panels * w, grid.targetChannels - panel * w), kernels: kernels)
    }
  }
}
