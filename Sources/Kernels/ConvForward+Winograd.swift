extension WinogradConvolution {
  /// input -> points V; M = V U at each point, over the channels of all phases; M -> output.
  func forward(input: MappedTensor, filter: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>) {
    let s = shape
    let tiles = WinogradConvolution.outputTiles(s)
    let filterLayout = forwardFilterLayout
    let gather = WinogradGather(
      pass: .forward, source: inputWindows(tiles), target: outputWindows(tiles),
      layouts: { [self] rows, apart in
        (
          phasedLayout(phases, panels: inputPanels, rows: rows, apart: apart),
          plainLayout(phases, panels: outputPanels, rows: rows, apart: apart)
        )
      },
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

  /// What output tiles read, phase by phase.
  func inputWindows(_ tiles: TileGrid) -> TileWindows {
    TileWindows(
      tiles: tiles,
      tensor: WindowedTensor(height: shape.inputHeight, width: shape.inputWidth, channels: shape.inputChannels),
      phases: phases.count, window: { [self] tile, phase in inputWindow(tiles, tile, phases[phase]) })
  }

  /// The pixels of one phase that an output tile reads.
  private func inputWindow(_ tiles: TileGrid, _ tile: Int, _ phase: WinogradPhase) -> WindowedTensor.Window {
    let at = tiles.position(tile)
    return WindowedTensor.Window(
      n: at.n, y: (at.row * 4 + phase.y.windowStart) * shape.stride + phase.y.residue,
      x: (at.column * 4 + phase.x.windowStart) * shape.stride + phase.x.residue, step: shape.stride,
      rows: phase.y.points.upperBound,
      columns: phase.x.points.upperBound)
  }

  /// The output tiles themselves.
  func outputWindows(_ tiles: TileGrid) -> TileWindows {
    TileWindows(
      tiles: tiles,
      tensor: WindowedTensor(height: shape.outputHeight, width: shape.outputWidth, channels: shape.outputChannels),
      phases: 1, window: { [self] tile, _ in outputWindow(tiles, tile) })
  }

  /// The 4x4 pixels of an output tile.
  private func outputWindow(_ tiles: TileGrid, _ tile: Int) -> WindowedTensor.Window {
    let at = tiles.position(tile)
    return WindowedTensor.Window(n: at.n, y: at.row * 4, x: at.column * 4, step: 1, rows: 4, columns: 4)
  }
}
