extension WinogradConvolution {
  /// input -> points V; M = V U at each point, over the channels of all phases; M -> output.
  func forward(input: MappedTensor, filter: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>) {
    let s = shape
    let tiles = WinogradConvolution.outputTiles(s)
    let filterLayout = forwardFilterLayout
    let gather = WinogradGather(
      pass: .forward, tiles: tiles,
      source: WindowedTensor(height: s.inputHeight, width: s.inputWidth, channels: s.inputChannels),
      sourcePhases: phases.count,
      target: WindowedTensor(height: s.outputHeight, width: s.outputWidth, channels: s.outputChannels),
      layouts: { [self] rows, apart in
        (
          phasedLayout(phases, panels: inputPanels, rows: rows, apart: apart),
          plainLayout(phases, panels: outputPanels, rows: rows, apart: apart)
        )
      },
      sourceWindow: { [self] tile, phase in inputWindow(tiles, tile, phases[phase]) },
      targetWindow: { [self] tile, _ in outputWindow(tiles, tile) },
      products: { [self] v, m in
        v.slots.indices.filter { v.slots[$0] > 0 }.map { point in
          WinogradGather.Product(
            v: v.bases[point], depth: v.slots[point] * v.panels, u: filterLayout.bases[point],
            uPanelStride: filterLayout.panelStride(point: point), columnPanels: outputPanels, m: m.bases[point])
        }
      })
    run(
      gather, input: input,
      filter: transformsFirst
        ? .points(transformedForwardFilter(filter))
        : .onTheWay { [self] rows, v, vLayout, m, mLayout in
          multiplyForward(rows: rows, a: v, aLayout: vLayout, filter: filter, c: m, cLayout: mLayout)
        },
      output: output)
  }

  /// The tiles of the output.
  static func outputTiles(_ s: ConvShape) -> TileGrid {
    TileGrid(batch: s.batch, rows: ceilDivide(s.outputHeight, 4), columns: ceilDivide(s.outputWidth, 4))
  }

  /// The pixels of one phase that an output tile reads.
  func inputWindow(_ tiles: TileGrid, _ tile: Int, _ phase: WinogradPhase) -> WindowedTensor.Window {
    let at = tiles.position(tile)
    return WindowedTensor.Window(
      n: at.n, y: (at.row * 4 + phase.y.windowStart) * shape.stride + phase.y.residue,
      x: (at.column * 4 + phase.x.windowStart) * shape.stride + phase.x.residue, step: shape.stride,
      rows: phase.y.points.upperBound,
      columns: phase.x.points.upperBound)
  }

  /// The 4x4 pixels of an output tile.
  func outputWindow(_ tiles: TileGrid, _ tile: Int) -> WindowedTensor.Window {
    let at = tiles.position(tile)
    return WindowedTensor.Window(n: at.n, y: at.row * 4, x: at.column * 4, step: 1, rows: 4, columns: 4)
  }

  /// Runs `body` over all tiles in chunks of `chunkTiles`.
  func forEachChunk(_ count: Int, _ body: (Range<Int>) -> Void) {
    for first in stride(from: 0, to: count, by: WinogradConvolution.chunkTiles) {
      body(first..<min(first + WinogradConvolution.chunkTiles, count))
    }
  }
}
