extension WinogradConvolution {
  /// The data gradient of each phase is a convolution of the output gradient with that phase's flipped taps, and all phases
  /// read the same window of it. So this pass gathers like the forward pass instead of scattering overlapping tiles:
  /// outputGradient -> points V, once for all phases; M = V U at each point for all phases side by side; M -> the pixels
  /// of each phase.
  func backwardData(
    outputGradient: MappedTensor, filter: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>,
    activation: BiasLeakyReLU? = nil
  ) {
    let (s, phases) = (shape, backwardPhases)
    let (tiles, startY, startX) = WinogradConvolution.backwardTiles(s, phases)
    let filterLayout = backwardFilterLayout
    let (rows, columns) = (
      WinogradPhase.allPoints(phases.map { $0.y }).upperBound, WinogradPhase.allPoints(phases.map { $0.x }).upperBound
    )
    let gather = WinogradGather(
      pass: .backwardData,
      source: TileWindows(
        tiles: tiles, tensor: WindowedTensor(height: s.outputHeight, width: s.outputWidth, channels: s.outputChannels),
        phases: 1,
        window: { tile, _ in
          let at = tiles.position(tile)
          return WindowedTensor.Window(
            n: at.n, y: at.row * 4 + startY, x: at.column * 4 + startX, step: 1, rows: rows, columns: columns)
        }),
      target: TileWindows(
        tiles: tiles, tensor: WindowedTensor(height: s.inputHeight, width: s.inputWidth, channels: s.inputChannels),
        phases: phases.count,
        window: { tile, phase in
          let at = tiles.position(tile)
          let (y, x) = (phases[phase].y, phases[phase].x)
          return WindowedTensor.Window(
            n: at.n, y: (at.row * 4 + startY - y.backwardStart) * s.stride + y.residue,
            x: (at.column * 4 + startX - x.backwardStart) * s.stride + x.residue, step: s.stride, rows: 4, columns: 4)
        }),
      layouts: { [self] rows, apart in
        (
          plainLayout(phases, panels: outputPanels, rows: rows, apart: apart),
          phasedLayout(phases, panels: inputPanels, rows: rows, apart: apart)
        )
      },
      products: { v, m in
        filterLayout.slots.indices.filter { filterLayout.slots[$0] > 0 }.map { point in
          WinogradGather.Product(
            v: v.bases[point], depth: v.panels, u: filterLayout.bases[point],
            uPanelStride: filterLayout.panelStride, columnPanels: filterLayout.slots[point] * filterLayout.panels,
            m: m.bases[point])
        }
      })
    run(
      gather, input: outputGradient,
      filter: transformsFirst
        ? .points(transformedBackwardFilter(filter))
        : .onTheWay { [self] rows, v, vLayout, m, mLayout in
          multiplyBackward(rows: rows, a: v, aLayout: vLayout, filter: filter, c: m, cLayout: mLayout)
        },
      output: inputGradient, activation: activation)
  }

  /// Tiles until every phase is covered, and where the window that all phases share starts, relative to the tile: at the
  /// earliest start of any. The pixels of a phase whose own window starts later begin within a tile.
  static func backwardTiles(
    _ s: ConvShape, _ phases: [WinogradPhase]
  ) -> (tiles: TileGrid, startY: Int, startX: Int) {
    func along(_ size: Int, _ axes: [WinogradPhase.Axis]) -> (tiles: Int, start: Int) {
      let start = axes.map { $0.backwardStart }.min()!
      return (
        axes.map { ceilDivide(ceilDivide(size - $0.residue, s.stride) - start + $0.backwardStart, 4) }.max()!, start
      )
    }
    let (y, x) = (along(s.inputHeight, phases.map { $0.y }), along(s.inputWidth, phases.map { $0.x }))
    return (TileGrid(batch: s.batch, rows: y.tiles, columns: x.tiles), y.start, x.start)
  }
}
