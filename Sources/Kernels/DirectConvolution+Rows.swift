import CProcessor
import MicroKernels

/// Direct convolution without packing. In an image whose channels come last, the channels of a whole row of taps are next to
/// each other: kernelWidth * channels floats are one run of k, for every pixel of a row. So a product reads its operand where
/// it lies, with a step from pixel to pixel, in a copy of a few rows that has its zeros around it written out (and is read
/// through a map on the way). That suits filters that stay in the second-level cache, and few channels most of all: packed
/// into vectors of channels they would leave lanes empty, and packing would take as long as the product.
extension DirectConvolution {
  /// The largest filter that goes this way, in floats: a quarter of a megabyte stays in the second-level cache.
  private static let largestFilter = 1 << 16
  /// Floats of a worker's rows.
  static let bandFloats = 1 << 16

  static func goesByRows(_ shape: ConvShape) -> Bool {
    shape.filterCount <= largestFilter && shape.kernelHeight * shape.kernelWidth > 1
  }

  var goesByRows: Bool { DirectConvolution.goesByRows(shape) }

  /// The pixels of a grid as a product, whose taps are rows of neighbours in their order.
  private struct RowGrid {
    let grid: TapGrid
    /// Places of the taps beside a pixel's own, in the source.
    let rows: Range<Int>
    let columns: Range<Int>

    init(_ grid: TapGrid) {
      self.grid = grid
      let (y, x) = (grid.taps.map { $0.y }, grid.taps.map { $0.x })
      rows = grid.taps.isEmpty ? 0..<0 : y.min()!..<y.max()! + 1
      columns = grid.taps.isEmpty ? 0..<0 : x.min()!..<x.max()! + 1
    }

    /// Row by row, as a run of k reads them.
    var taps: [TapGrid.Tap] { grid.taps.sorted { ($0.y, $0.x) < ($1.y, $1.x) } }
  }

  /// The filter as the B operand: panels of columns, rows are (tap, source channel).
  private func rowPanels(
    _ rowGrid: RowGrid, _ form: PackedFilter.Form, _ filter: UnsafePointer<Float>, _ kernels: MicroKernelSet
  ) -> UnsafePointer<Float> {
    let (grid, taps, w) = (rowGrid.grid, rowGrid.taps, kernels.width)
    let (channels, outputChannels) = (grid.sourceChannels, shape.outputChannels)
    let panels = ceilDivide(grid.targetChannels, w)
    let depth = taps.count * channels
    return packed(form, count: panels * depth * w, .filter) { packedPanels in
      context.parallel(panels) { panel in
        let lanes = min(w, grid.targetChannels - panel * w)
        for (t, tap) in taps.enumerated() {
          let source = filter + tap.index * shape.inputChannels * outputChannels
          let target = packedPanels + (panel * depth + t * channels) * w
          if form == .forward {
            kernels.packPanels(
              channels, source: source + panel * w, step: outputChannels, channels: lanes, panels: target,
              panelStride: 0)
          } else {
            kernels.transposePanel(
              rows: channels, lanes: lanes, source: source + panel * w * outputChannels, laneStride: outputChannels,
              destination: target)
          }
        }
      }
    }
  }

  /// target = source times filter, over the pixels of all grids, which read the same source with the same steps.
  func rowProducts(
    _ grids: [(grid: TapGrid, form: PackedFilter.Form)], source: MappedTensor, filter: UnsafePointer<Float>,
    target: UnsafeMutablePointer<Float>
  ) {
    let first = grids[0].grid
    let kernels = context.kernels(channels: first.targetChannels)
    let (w, channels, targetChannels) = (kernels.width, first.sourceChannels, first.targetChannels)
    let products = grids.map { grid, form in
      let rowGrid = RowGrid(grid)
      return (rows: rowGrid, b: rowPanels(rowGrid, form, filter, kernels))
    }
    let reached = products.filter { !$0.rows.grid.taps.isEmpty }.map { $0.rows }
    let top = reached.map { $0.rows.lowerBound }.min() ?? 0
    let bottom = reached.map { $0.rows.upperBound }.max() ?? 1
    let left = max(0, -(reached.map { $0.columns.lowerBound }.min() ?? 0))
    let right = reached.map { ($0.grid.width - 1) * $0.grid.stepX + $0.columns.upperBound }.max() ?? 1
    let padded = PaddedRows(
      height: first.sourceHeight, width: first.sourceWidth, channels: channels, left: left, columns: left + right)
    let height = grids.map { $0.grid.height }.max()!
    let width = grids.map { $0.grid.width }.max()!
    let panels = ceilDivide(targetChannels, w)
    let writes = targetChannels % w == 0
    let stores: TileStores =
      context.usesNonTemporalStores(
        target, rows: first.batch * first.targetHeight * first.targetWidth, channels: targetChannels)
      ? .streams : .overwrites

    // Few enough rows for a cache, and enough tasks for all threads.
    let cached = (DirectConvolution.bandFloats / padded.rowFloats - (bottom - top)) / first.stepY + 1
    let shared = ceilDivide(first.batch * height, context.enoughTasks)
    let bandRows = max(1, min(height, cached, max(shared, bottom - top)))
    let bands = ceilDivide(height, bandRows)
    let sourceRows = (bandRows - 1) * first.stepY + bottom - top
    let perWorker = sourceRows * padded.rowFloats + (writes ? 0 : kernels.nr * width * w)
    let workspace = context.scratch("direct", perWorker * context.threads)

    context.parallel(first.batch * bands) { task, worker in
      let (n, band) = (task / bands, task % bands * bandRows..<min(height, (task % bands + 1) * bandRows))
      let a = workspace + worker * perWorker
      let unpacked = a + sourceRows * padded.rowFloats
      let firstRow = band.lowerBound * first.stepY + top
      padded.copy(
        source, image: n, rows: firstRow..<(band.upperBound - 1) * first.stepY + bottom, into: a, context)
      for (rowGrid, b) in products {
        let grid = rowGrid.grid
        let runDepth = rowGrid.columns.count * channels
        let depth = rowGrid.rows.count * runDepth
        let rowStride = grid.targetStepX * targetChannels
        for i in band where i < grid.height {
          let y = (n * grid.targetHeight + i * grid.targetStepY + grid.targetY) * grid.targetWidth
          let output = target + (y + grid.targetX) * targetChannels
          if depth == 0 {
            for j in 0..<grid.width { (output + j * rowStride).update(repeating: 0, count: targetChannels) }
            continue
          }
          let row = i * grid.stepY + rowGrid.rows.lowerBound - firstRow
          let pixel = a + row * padded.rowFloats + (rowGrid.columns.lowerBound + left) * channels
          for panel in stride(from: 0, to: panels, by: kernels.nr) {
            let count = min(kernels.nr, panels - panel)
            let c =
              writes
              ? TileTarget(first: output + panel * w, rowStride: rowStride, panelStride: w, stores: stores)
              : TileTarget(first: unpacked, rowStride: w, panelStride: width * w, stores: .overwrites)
            multiplyInPlace(
              InPlaceTile(
                rows: grid.width, columnPanels: count, runs: rowGrid.rows.count, depth: runDepth,
                a: RowsInPlace(
                  first: pixel, rowStride: grid.stepX * channels, step: 1, runStride: padded.rowFloats),
                b: ColumnsInPlace(
                  first: b + panel * depth * w, step: w, runStride: runDepth * w, panelStride: depth * w),
                c: c), kernels)
            if writes { continue }
            kernels.scatterPanels(
              grid.width, panels: unpacked, panelStride: width * w,
              channels: min(count * w, targetChannels - panel * w), destination: output + panel * w, step: rowStride)
          }
        }
      }
      if stores == .streams { processor_end_streams() }
    }
  }

  /// As many tiles as so many rows need, of about as many rows each.
  func multiplyInPlace(_ product: InPlaceTile, _ kernels: MicroKernelSet) {
    let tiles = ceilDivide(product.rows, kernels.mrInPlace(product.columnPanels))
    var tile = product
    var done = 0
    for number in 1...tiles {
      tile.rows = product.rows * number / tiles - done
      kernels.gemmTileInPlace(tile)
      done += tile.rows
      tile.a.first += tile.rows * tile.a.rowStride
      tile.c.first += tile.rows * tile.c.rowStride
    }
  }
}
