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
  /// Floats of scratch per worker: 64 vectors of a transform's first axis and 64 of a window at an edge.
  var transformScratch: Int { 128 * context.width }

  /// Runs `body` for each tile of `range` with the tile's place in the chunk, in parallel, and hands it scratch memory.
  private func forEachTile(
    _ range: Range<Int>, _ body: (_ tile: Int, _ place: Int, _ scratch: UnsafeMutablePointer<Float>) -> Void
  ) {
    let scratch = context.scratch("winograd.transform", transformScratch * context.threads)
    let group = WinogradConvolution.taskTiles
    context.parallel(ceilDivide(range.count, group)) { task, worker in
      for place in (task * group)..<min((task + 1) * group, range.count) {
        body(range.lowerBound + place, place, scratch + worker * transformScratch)
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
    forEachTile(range) { tile, place, scratch in
      let edge = scratch + 64 * w
      withUnsafeTemporaryAllocation(of: Int.self, capacity: 64) { pixels in
        for (phase, offsets) in layout.phaseOffsets.enumerated() {
          let view = window(tile, phase)
          let inside = tensor.isInside(view)
          if !inside || tensor.channels % w != 0 { tensor.offsets(view, pixels.baseAddress!) }
          for panel in 0..<layout.panels {
            let lanes = min(w, tensor.channels - panel * w)
            var first = source + panel * w
            var (rowStride, columnStride) = (view.columns * w, w)
            if inside && lanes == w {
              first += tensor.offset(view)
              (rowStride, columnStride) = (view.step * tensor.width * tensor.channels, view.step * tensor.channels)
            } else {
              loops.gatherPanel(
                view.rows * view.columns, source: first, offsets: pixels.baseAddress!, channels: lanes, panel: edge)
              first = UnsafePointer(edge)
            }
            offsets.withUnsafeBufferPointer {
              loops.inputTransform(
                pairs: basis.points.count, rowPoints: view.rows, columnPoints: view.columns, coefficients: c,
                scratch: scratch, source: first, rowStride: rowStride, columnStride: columnStride,
                destination: points + panel * layout.panelStride + place * w, offsets: $0.baseAddress!)
            }
          }
        }
      }
    }
  }

  /// Points -> pixels, for the tiles in `range`: 4x4 pixels for each of the layout's phases.
  func transformOutput(
    _ range: Range<Int>, tensor: WindowedTensor, points: UnsafePointer<Float>, layout: PointLayout,
    target: UnsafeMutablePointer<Float>, extent: (_ phase: Int) -> (rows: Int, columns: Int),
    window: (_ tile: Int, _ phase: Int) -> WindowedTensor.Window
  ) {
    let (w, loops, c) = (context.width, context.loops, coefficients.pointer)
    forEachTile(range) { tile, place, scratch in
      let edge = scratch + 64 * w
      withUnsafeTemporaryAllocation(of: Int.self, capacity: 16) { pixels in
        for (phase, offsets) in layout.phaseOffsets.enumerated() {
          let view = window(tile, phase)
          let (rowPoints, columnPoints) = extent(phase)
          let inside = tensor.isInside(view)
          if !inside || tensor.channels % w != 0 { tensor.offsets(view, pixels.baseAddress!) }
          for panel in 0..<layout.panels {
            let lanes = min(w, tensor.channels - panel * w)
            let direct = inside && lanes == w
            let destination = direct ? target + panel * w + tensor.offset(view) : edge
            offsets.withUnsafeBufferPointer {
              loops.outputTransform(
                pairs: basis.points.count, rowPoints: rowPoints, columnPoints: columnPoints, coefficients: c,
                scratch: scratch, source: points + panel * layout.panelStride + place * w, offsets: $0.baseAddress!,
                destination: destination, rowStride: direct ? view.step * tensor.width * tensor.channels : 4 * w,
                columnStride: direct ? view.step * tensor.channels : w)
            }
            if !direct {
              loops.scatterPanel(
                16, panel: edge, offsets: pixels.baseAddress!, channels: lanes, destination: target + panel * w)
            }
          }
        }
      }
    }
  }

  /// 4x4 pixels of the output gradient -> points, for the tiles in `range`.
  func transformOutputGradient(
    _ range: Range<Int>, tensor: WindowedTensor, source: UnsafePointer<Float>, points: UnsafeMutablePointer<Float>,
    layout: PointLayout, window: (_ tile: Int) -> WindowedTensor.Window
  ) {
    let (w, loops, c) = (context.width, context.loops, coefficients.pointer)
    forEachTile(range) { tile, place, scratch in
      let edge = scratch + 64 * w
      withUnsafeTemporaryAllocation(of: Int.self, capacity: 16) { pixels in
        let view = window(tile)
        let inside = tensor.isInside(view)
        if !inside || tensor.channels % w != 0 { tensor.offsets(view, pixels.baseAddress!) }
        for panel in 0..<layout.panels {
          let lanes = min(w, tensor.channels - panel * w)
          var first = source + panel * w
          var (rowStride, columnStride) = (4 * w, w)
          if inside && lanes == w {
            first += tensor.offset(view)
            (rowStride, columnStride) = (tensor.width * tensor.channels, tensor.channels)
          } else {
            loops.gatherPanel(16, source: first, offsets: pixels.baseAddress!, channels: lanes, panel: edge)
            first = UnsafePointer(edge)
          }
          layout.phaseOffsets[0].withUnsafeBufferPointer {
            loops.outputGradientTransform(
              pairs: basis.points.count, coefficients: c, scratch: scratch, source: first, rowStride: rowStride,
              columnStride: columnStride, destination: points + panel * layout.panelStride + place * w,
              offsets: $0.baseAddress!)
          }
        }
      }
    }
  }
}
