import CProcessor
import MicroKernels

extension WinogradConvolution {
  /// Tiles per task of a transform: each point of them is a stream of 2 KB, long enough for the processor to see it.
  private static let taskTiles = 32
  /// The same where threads would wait for the last of those.
  private static let fewestTaskTiles = 8
  /// Floats of scratch per worker: 64 vectors for a transform's first axis and 64 for the pixels of one tile.
  var transformScratch: Int { 128 * kernels.width }

  /// A run of tiles, and one panel of their channels.
  private struct Run {
    var phase: Int
    var panel: Int
    /// The first tile's place in its chunk.
    var place: Int
    var tiles: Int
    /// Of each tile's pixels in turn, and how far behind them this panel is.
    var pixels: UnsafePointer<UnsafeMutablePointer<Float>>
    var channel: Int
    /// 64 vectors.
    var scratch: UnsafeMutablePointer<Float>
  }

  /// What a transform does with the pixels.
  private enum Direction { case reads, writes }

  /// The images that a transform reads or writes.
  private struct Pixels {
    var windows: TileWindows
    var data: UnsafeMutablePointer<Float>
    var direction: Direction

    init(_ windows: TileWindows, reads data: UnsafePointer<Float>) {
      (self.windows, self.data, direction) = (windows, UnsafeMutablePointer(mutating: data), .reads)
    }

    init(_ windows: TileWindows, writes data: UnsafeMutablePointer<Float>) {
      (self.windows, self.data, direction) = (windows, data, .writes)
    }
  }

  /// Memory of transforms: what is read beyond a tensor's edges, and a part for each worker.
  struct TransformSpace {
    /// Zeros, as many as the pixels have channels.
    let zeros: UnsafeMutablePointer<Float>
    let perWorker: Int
    let workers: UnsafeMutablePointer<Float>

    /// As `Run.scratch`, and behind it what is written beyond the edges.
    func own(_ worker: Int) -> UnsafeMutablePointer<Float> { workers + worker * perWorker }
  }

  func transformSpace(panels: Int) -> TransformSpace {
    let margin = panels * kernels.width
    let perWorker = transformScratch + margin
    let scratch = context.scratch("winograd.transform", margin + perWorker * context.threads)
    scratch.update(repeating: 0, count: margin)
    return TransformSpace(zeros: scratch, perWorker: perWorker, workers: scratch + margin)
  }

  /// Where a transform is part of a task: on which worker, and with what memory.
  typealias Place = (worker: Int, space: TransformSpace)

  /// Runs `body` for each phase and each panel of channels of runs of tiles that cover `range`: as part of a task, or else in
  /// parallel. Then a task takes one phase, and where that makes few tasks, some of the panels, or fewer tiles.
  ///
  /// Tiles are innermost: every point then is a stream of neighbouring vectors.
  private func forEachRun(
    _ range: Range<Int>, _ pixels: Pixels, panels: Int, on place: Place?, _ body: (Run) -> Void
  ) {
    let phases = pixels.windows.phases
    if let place {
      for phase in 0..<phases {
        forEachPanel((phase, 0..<panels), range, 0..<range.count, pixels, on: place, body)
      }
      if pixels.direction == .writes { processor_end_streams() }
      return
    }
    let space = transformSpace(panels: panels)
    let enough = context.enoughTasks
    var groups = ceilDivide(range.count, WinogradConvolution.taskTiles)
    // Panels go in pairs: where a panel is a cache line, the processor fetches two together.
    let parts = min(ceilDivide(panels, 2), ceilDivide(enough, groups * phases))
    groups = max(
      groups,
      min(ceilDivide(enough, phases * parts), ceilDivide(range.count, WinogradConvolution.fewestTaskTiles)))
    context.parallel(groups * phases * parts) { task, worker in
      let (group, phase, part) = (task / (phases * parts), task / parts % phases, task % parts)
      forEachPanel(
        (phase, panels * part / parts..<panels * (part + 1) / parts), range,
        range.count * group / groups..<range.count * (group + 1) / groups, pixels, on: (worker, space), body)
      if pixels.direction == .writes { processor_end_streams() }
    }
  }

  /// Runs `body` for some panels of a phase, for the tiles at `places` of `range`.
  private func forEachPanel(
    _ part: (phase: Int, panels: Range<Int>), _ range: Range<Int>, _ places: Range<Int>, _ pixels: Pixels,
    on place: Place, _ body: (Run) -> Void
  ) {
    let (windows, data, direction, w) = (pixels.windows, pixels.data, pixels.direction, kernels.width)
    let own = place.space.own(place.worker)
    let outside = direction == .reads ? place.space.zeros : own + transformScratch
    withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Float>.self, capacity: 64 * places.count) { pixels in
      let pixels = pixels.baseAddress!
      var perTile = 0
      for place in places {
        let view = windows.window(range.lowerBound + place, part.phase)
        perTile = view.rows * view.columns
        windows.tensor.addresses(view, data, outside: outside, pixels + (place - places.lowerBound) * perTile)
      }
      for panel in part.panels {
        var run = Run(
          phase: part.phase, panel: panel, place: places.lowerBound, tiles: places.count, pixels: pixels,
          channel: panel * w, scratch: own)
        let lanes = windows.tensor.channels - panel * w
        if lanes >= w {
          body(run)
        } else {
          forEachTile(&run, perTile, lanes: lanes, outside: outside, direction, body)
        }
      }
    }
  }

  /// The same for a panel that is not full: tile by tile, with a copy of its pixels whose other lanes are zero or wasted.
  private func forEachTile(
    _ run: inout Run, _ pixels: Int, lanes: Int, outside: UnsafePointer<Float>, _ direction: Direction,
    _ body: (Run) -> Void
  ) {
    let w = kernels.width
    let (tiles, real, channel) = (run.tiles, run.pixels, run.channel)
    let copy = run.scratch + 64 * w
    run.tiles = 1
    run.channel = 0
    withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Float>.self, capacity: pixels) { list in
      for i in 0..<pixels { list[i] = copy + i * w }
      run.pixels = UnsafePointer(list.baseAddress!)
      for tile in 0..<tiles {
        let real = real + tile * pixels
        if direction == .reads {
          copy.update(repeating: 0, count: pixels * w)
          for i in 0..<pixels { (copy + i * w).update(from: real[i] + channel, count: lanes) }
        }
        body(run)
        if direction == .writes {
          for i in 0..<pixels where UnsafePointer(real[i]) != outside {
            (real[i] + channel).update(from: copy + i * w, count: lanes)
          }
        }
        run.place += 1
      }
    }
  }

  /// Calls `body` with the tiles in `range`, some at a time where their images are to be mapped; with their windows and where
  /// the first of their images is; and with where their points go.
  func withImages(
    _ range: Range<Int>, _ windows: TileWindows, _ images: inout MappedImages, points: UnsafeMutablePointer<Float>,
    _ body: (Range<Int>, TileWindows, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) {
    var windows = windows
    let tiles = windows.tiles
    let perImage = tiles.rows * tiles.columns
    var first = range.lowerBound
    while first < range.upperBound {
      let end = images.most.map { min(range.upperBound, (first / perImage + $0) * perImage) } ?? range.upperBound
      let wanted = tiles.images(first..<end)
      windows.tensor.firstImage = wanted.lowerBound
      body(first..<end, windows, images(wanted), points + (first - range.lowerBound) * kernels.width)
      first = end
    }
  }

  /// Pixels -> points, for the tiles in `range` and each of the layout's phases.
  func transformInput(
    _ range: Range<Int>, _ windows: TileWindows, source: UnsafePointer<Float>,
    points: (first: UnsafeMutablePointer<Float>, layout: PointLayout), on place: Place? = nil
  ) {
    let (w, c, pairs) = (kernels.width, coefficients.pointer, basis.points.count)
    let (points, layout) = points
    let (panelStride, extents) = (layout.panelStride, layout.extents)
    let (offsets, pointCount) = (layout.phaseOffsets[0], n * n)
    defer { withExtendedLifetime(layout) {} }
    forEachRun(
      range, Pixels(windows, reads: source), panels: layout.panels, on: place
    ) { run in
      kernels.inputTransform(
        pairs: pairs, rowPoints: extents[run.phase].rows, columnPoints: extents[run.phase].columns, coefficients: c,
        tiles: run.tiles, pixels: run.pixels, channel: run.channel,
        destination: points + run.panel * panelStride + run.place * w, offsets: offsets + run.phase * pointCount)
    }
  }

  /// Points -> pixels, for the tiles in `range`: 4x4 pixels for each of the layout's phases, activated where there is
  /// an activation.
  func transformOutput(
    _ range: Range<Int>, _ windows: TileWindows, points: (first: UnsafePointer<Float>, layout: PointLayout),
    target: UnsafeMutablePointer<Float>, activation: BiasLeakyReLU? = nil, on place: Place? = nil
  ) {
    let (w, c, pairs) = (kernels.width, coefficients.pointer, basis.points.count)
    let (points, layout) = points
    let (panelStride, extents) = (layout.panelStride, layout.extents)
    let (offsets, pointCount) = (layout.phaseOffsets[0], n * n)
    defer { withExtendedLifetime(layout) {} }
    let tensor = windows.tensor
    let streams = context.usesNonTemporalStores(
      target, rows: shape.batch * tensor.height * tensor.width, channels: tensor.channels)
    let (bias, slope) = (activation.map { UnsafePointer($0.bias.values.pointer) }, activation?.slope ?? 1)
    defer { withExtendedLifetime(activation) {} }
    forEachRun(
      range, Pixels(windows, writes: target), panels: layout.panels, on: place
    ) { run in
      kernels.outputTransform(
        pairs: pairs, rowPoints: extents[run.phase].rows, columnPoints: extents[run.phase].columns, coefficients: c,
        scratch: run.scratch, tiles: run.tiles, source: points + run.panel * panelStride + run.place * w,
        offsets: offsets + run.phase * pointCount, pixels: run.pixels, channel: run.channel,
        bias: bias.map { $0 + run.panel * w }, slope: slope, streams: streams)
    }
  }

  /// 4x4 pixels of the output gradient -> points, for the tiles in `range`.
  func transformOutputGradient(
    _ range: Range<Int>, _ windows: TileWindows, source: UnsafePointer<Float>,
    points: (first: UnsafeMutablePointer<Float>, layout: PointLayout), on place: Place? = nil
  ) {
    let (w, c, pairs) = (kernels.width, coefficients.pointer, basis.points.count)
    let (points, layout) = points
    let (offsets, panelStride, extent) = (layout.phaseOffsets[0], layout.panelStride, layout.extents[0])
    defer { withExtendedLifetime(layout) {} }
    forEachRun(
      range, Pixels(windows, reads: source), panels: layout.panels, on: place
    ) { run in
      kernels.outputGradientTransform(
        pairs: pairs, rowPoints: extent.rows, columnPoints: extent.columns, coefficients: c,
        tiles: run.tiles, pixels: run.pixels, channel: run.channel,
        destination: points + run.panel * panelStride + run.place * w, offsets: offsets)
    }
  }
}
