import VectorLoops

/// The tiles of one tensor plane, and how a window of pixels moves with them.
struct TileGrid {
  var batch: Int
  var rows: Int
  var columns: Int

  var count: Int { batch * rows * columns }

  func position(_ tile: Int) -> (n: Int, row: Int, column: Int) {
    (tile / (rows * columns), tile / columns % rows, tile % columns)
  }
}

/// A channels-last tensor whose pixels are read or written in windows with a step between pixels.
struct WindowedTensor {
  var height: Int
  var width: Int
  var channels: Int

  /// A window of rows x columns pixels whose first is (y, x), `step` apart.
  struct Window {
    var n: Int
    var y: Int
    var x: Int
    var step: Int
    var rows: Int
    var columns: Int
  }

  func isInside(_ w: Window) -> Bool {
    w.y >= 0 && w.x >= 0 && w.y + (w.rows - 1) * w.step < height && w.x + (w.columns - 1) * w.step < width
  }

  /// The offset of the first pixel; meaningful when the window is inside.
  func offset(_ w: Window) -> Int { ((w.n * height + w.y) * width + w.x) * channels }

  /// The offset of each pixel, -1 for those outside.
  func offsets(_ w: Window, _ result: UnsafeMutablePointer<Int>) {
    for r in 0..<w.rows {
      let y = w.y + r * w.step
      for c in 0..<w.columns {
        let x = w.x + c * w.step
        let inside = y >= 0 && y < height && x >= 0 && x < width
        result[r * w.columns + c] = inside ? ((w.n * height + y) * width + x) * channels : -1
      }
    }
  }
}

extension WinogradConvolution {
  /// Tiles per task of a transform.
  private static let taskTiles = 8
  /// Fewer groups of tiles than this do not keep many threads busy.
  private static let fewTasks = 32
  /// Panels of channels per task where there are few groups of tiles.
  private static let taskPanels = 16
  /// Floats of scratch per worker: 64 vectors of a transform's first axis and 64 of a window at an edge.
  var transformScratch: Int { 128 * context.width }

  /// One tile's pixels of one panel of channels.
  private struct Pixels {
    var phase: Int
    var panel: Int
    /// The tile's place in its chunk.
    var place: Int
    /// Channels of the panel, 1 ... W.
    var lanes: Int
    var window: WindowedTensor.Window
    /// The offset of each pixel, -1 for those outside; nil where all pixels are whole vectors inside the tensor.
    var table: UnsafePointer<Int>?
    /// 64 vectors for the first axis of a transform.
    var scratch: UnsafeMutablePointer<Float>
    /// 64 vectors for pixels that have a table.
    var edge: UnsafeMutablePointer<Float>
  }

  /// Runs `body` for each tile in `range`, each phase and each panel of channels, in parallel over groups of tiles. Where
  /// that makes few tasks, there are many channels, and a task takes one phase and some panels only.
  private func forEachTile(
    _ range: Range<Int>, tensor: WindowedTensor, phases: Int, panels: Int,
    window: (_ tile: Int, _ phase: Int) -> WindowedTensor.Window, _ body: (Pixels) -> Void
  ) {
    let w = context.width
    let scratch = context.scratch("winograd.transform", transformScratch * context.threads)
    let groups = ceilDivide(range.count, WinogradConvolution.taskTiles)
    let splits = groups < WinogradConvolution.fewTasks
    let phaseParts = splits ? phases : 1
    let panelParts = splits ? ceilDivide(panels, WinogradConvolution.taskPanels) : 1
    let panelsAreWhole = tensor.channels % w == 0
    context.parallel(groups * phaseParts * panelParts) { task, worker in
      let scratch = scratch + worker * transformScratch
      let (group, part) = (task % groups, task / groups)
      let places = range.count * group / groups..<range.count * (group + 1) / groups
      let phaseRange = phases * (part % phaseParts) / phaseParts..<phases * (part % phaseParts + 1) / phaseParts
      let panelRange = panels * (part / phaseParts) / panelParts..<panels * (part / phaseParts + 1) / panelParts
      withUnsafeTemporaryAllocation(of: Int.self, capacity: 64) { table in
        for place in places {
          for phase in phaseRange {
            let view = window(range.lowerBound + place, phase)
            let inside = tensor.isInside(view)
            if !inside || !panelsAreWhole { tensor.offsets(view, table.baseAddress!) }
            for panel in panelRange {
              let lanes = min(w, tensor.channels - panel * w)
              body(
                Pixels(
                  phase: phase, panel: panel, place: place, lanes: lanes, window: view,
                  table: inside && lanes == w ? nil : UnsafePointer(table.baseAddress!), scratch: scratch,
                  edge: scratch + 64 * w))
            }
          }
        }
      }
    }
  }

  /// Pixels -> points, for the tiles in `range`.
  ///
  /// - Parameter window: the window of a tile for each of the layout's phases.
  func transformInput(
    _ range: Range<Int>, tensor: WindowedTensor, source: UnsafePointer<Float>, points: UnsafeMutablePointer<Float>,
    layout: PointLayout, window: (_ tile: Int, _ phase: Int) -> WindowedTensor.Window
  ) {
    let (w, loops, c) = (context.width, context.loops, coefficients.pointer)
    forEachTile(range, tensor: tensor, phases: layout.phaseOffsets.count, panels: layout.panels, window: window) {
      pixels in
      let view = pixels.window
      let (first, rowStride, columnStride) = load(pixels, of: tensor, source)
      layout.phaseOffsets[pixels.phase].withUnsafeBufferPointer {
        loops.inputTransform(
          pairs: basis.points.count, rowPoints: view.rows, columnPoints: view.columns, coefficients: c,
          scratch: pixels.scratch, source: first, rowStride: rowStride, columnStride: columnStride,
          destination: points + pixels.panel * layout.panelStride + pixels.place * w, offsets: $0.baseAddress!)
      }
    }
  }

  /// Where a window's pixels can be read and how far apart they are: in the tensor itself or, after a copy, at the edge.
  private func load(
    _ pixels: Pixels, of tensor: WindowedTensor, _ source: UnsafePointer<Float>
  ) -> (first: UnsafePointer<Float>, rowStride: Int, columnStride: Int) {
    let (w, view) = (context.width, pixels.window)
    let first = source + pixels.panel * w
    if let table = pixels.table {
      context.loops.gatherPanels(
        view.rows * view.columns, source: first, offsets: table, channels: pixels.lanes, panels: pixels.edge,
        panelStride: 0)
      return (UnsafePointer(pixels.edge), view.columns * w, w)
    }
    return (
      first + tensor.offset(view), view.step * tensor.width * tensor.channels, view.step * tensor.channels
    )
  }

  /// Points -> pixels, for the tiles in `range`: 4x4 pixels for each of the layout's phases.
  func transformOutput(
    _ range: Range<Int>, tensor: WindowedTensor, points: UnsafePointer<Float>, layout: PointLayout,
    target: UnsafeMutablePointer<Float>, extent: (_ phase: Int) -> (rows: Int, columns: Int),
    window: (_ tile: Int, _ phase: Int) -> WindowedTensor.Window
  ) {
    let (w, loops, c) = (context.width, context.loops, coefficients.pointer)
    forEachTile(range, tensor: tensor, phases: layout.phaseOffsets.count, panels: layout.panels, window: window) {
      pixels in
      let view = pixels.window
      let (rowPoints, columnPoints) = extent(pixels.phase)
      let isPlain = pixels.table == nil
      layout.phaseOffsets[pixels.phase].withUnsafeBufferPointer {
        loops.outputTransform(
          pairs: basis.points.count, rowPoints: rowPoints, columnPoints: columnPoints, coefficients: c,
          scratch: pixels.scratch, source: points + pixels.panel * layout.panelStride + pixels.place * w,
          offsets: $0.baseAddress!,
          destination: isPlain ? target + pixels.panel * w + tensor.offset(view) : pixels.edge,
          rowStride: isPlain ? view.step * tensor.width * tensor.channels : 4 * w,
          columnStride: isPlain ? view.step * tensor.channels : w)
      }
      if let table = pixels.table {
        loops.scatterPanels(
          16, panels: pixels.edge, panelStride: 0, offsets: table, channels: pixels.lanes,
          destination: target + pixels.panel * w)
      }
    }
  }

  /// 4x4 pixels of the output gradient -> points, for the tiles in `range`.
  func transformOutputGradient(
    _ range: Range<Int>, tensor: WindowedTensor, source: UnsafePointer<Float>, points: UnsafeMutablePointer<Float>,
    layout: PointLayout, window: (_ tile: Int) -> WindowedTensor.Window
  ) {
    let (w, loops, c) = (context.width, context.loops, coefficients.pointer)
    forEachTile(range, tensor: tensor, phases: 1, panels: layout.panels, window: { tile, _ in window(tile) }) {
      pixels in
      let (first, rowStride, columnStride) = load(pixels, of: tensor, source)
      layout.phaseOffsets[0].withUnsafeBufferPointer {
        loops.outputGradientTransform(
          pairs: basis.points.count, coefficients: c, scratch: pixels.scratch, source: first, rowStride: rowStride,
          columnStride: columnStride, destination: points + pixels.panel * layout.panelStride + pixels.place * w,
          offsets: $0.baseAddress!)
      }
    }
  }
}
