import MicroKernels

// Products at the points with a filter that is transformed on the way, a block at a time, while the block is in the
// second-level cache. The whole of it would be five times as long as the filter: 254 MB for 512 by 1024 channels.
//
// A task takes some rows of points, so that what it adds up stays in the cache too. Rows go in twos: those of +p and -p
// are made of the same sums, and those of 0 and infinity are the first and the last row of taps.

extension WinogradConvolution {
  /// Columns of a task, at most: the transform of a row serves all tiles, and A is read once for so many.
  private static let productColumns = 64
  /// Depth of a block, whose transform then is small enough for the second-level cache.
  private static let productDepth = 128
  /// Twos of rows of points per task, at most: as many as leave what they add up, less than a megabyte, in the second-level
  /// cache. All of them for a few tiles, for which bringing the taps into order costs more than the products.
  private func productTwos(_ tiles: Int) -> Int { max(1, min(n / 2, 256 / tiles)) }

  /// Depth of a piece of a block for a few tiles, whose taps then are small enough for the first-level cache.
  private static let pieceDepth = 32

  /// Where the taps of one phase lie for the product: W lanes of columns for each row of depth.
  private struct Taps {
    var first: UnsafePointer<Float>
    /// Between rows of depth, taps of one column, taps of one row, and panels of columns.
    var step: Int
    var rowStride: Int
    var columnStride: Int
    var panelStride: Int
    /// `first` of the block that comes after this one, or of this one again; nil where taps come into a cache before they
    /// get here.
    var next: UnsafePointer<Float>? = nil
  }

  /// A block of the product: A's panels first ..< first + count, at the points of some twos of rows of one phase.
  private struct Block {
    var phase: WinogradPhase
    var twos: Range<Int>
    var rows: Int
    var depthPanels: Int
    var columnPanels: Int
    /// U, for two rows of points.
    var filter: UnsafeMutablePointer<Float>
    var accumulate: Bool
  }

  /// A tensor over the points: panels of rows at an offset for each point.
  private struct Points<Pointer> {
    var first: Pointer
    var offsets: UnsafePointer<Int>
    var panelStride: Int
  }
  private typealias Source = Points<UnsafePointer<Float>>
  private typealias Target = Points<UnsafeMutablePointer<Float>>

  /// Transforms the taps two rows at a time and multiplies: C (+)= A U at each point of the block.
  private func multiply(_ block: Block, taps: Taps, a: Source, c: Target) {
    let (w, parts) = (kernels.width, block.phase)
    if areFew(block.rows) {
      return multiplyFewTiles(block, taps: taps, a: a, c: c)
    }
    let product = MacroKernel(kernels: kernels)
    let depth = block.depthPanels * w
    let pointStride = PointLayout.distance(block.columnPanels * depth * w, true)
    let products = parts.products
    for two in block.twos {
      for panel in 0..<block.columnPanels {
        kernels.filterRowTransform(
          pairs: basis.points.count, rows: two, rowTaps: parts.y.taps, columnTaps: parts.x.taps,
          rowPoints: parts.y.points, columnPoints: parts.x.points,
          coefficients: coefficients.pointer, count: depth, source: taps.first + panel * taps.panelStride,
          step: taps.step, rowStride: taps.rowStride, columnStride: taps.columnStride,
          destination: block.filter + panel * depth * w, pointStride: pointStride)
      }
      let points = points(two, block.phase)
      for (place, point) in points.enumerated() {
        let filter = block.filter + place * pointStride
        var upcoming = MacroKernel.Upcoming()
        upcoming.bIsCached = true
        if place + 1 < points.count { upcoming.a = a.first + a.offsets[points[place + 1]] }
        if let next = taps.next {
          upcoming.source = share(two * 2 * parts.x.points.count + place, of: products, in: block, taps, next)
        }
        product.multiply(
          MacroKernel.Product(
            rows: block.rows, columnPanels: block.columnPanels, depth: depth,
            a: .init(
              first: a.first + a.offsets[point], panelStride: a.panelStride, panelDepth: w, groupRows: block.rows),
            b: .init(filter, depth * w),
            c: .init(first: c.first + c.offsets[point], rowStride: w, panelStride: c.panelStride),
            stores: block.accumulate ? .adds : .overwrites, upcoming: upcoming))
      }
    }
  }

  /// The part of the next block's taps that one of a block's products asks for. They come from memory, and the transform
  /// would wait for all of them at once.
  private func share(
    _ product: Int, of products: Int, in block: Block, _ taps: Taps, _ next: UnsafePointer<Float>
  ) -> MacroKernel.MemoryRows {
    let perPanel = max(products / block.columnPanels, 1)
    let (panel, part) = product.quotientAndRemainder(dividingBy: perPanel)
    let count = block.depthPanels * kernels.width * taps.step
    let range = panel < block.columnPanels ? count * part / perPanel..<count * (part + 1) / perPanel : 0..<0
    return MacroKernel.MemoryRows(first: next + panel * taps.panelStride + range.lowerBound, floats: range.count)
  }

  /// Whether so many tiles take what is transformed from the registers, which hold the points of three taps.
  private func areFew(_ tiles: Int) -> Bool {
    tapGroups != nil && basis.taps == 3 && phases.count > 1 && tiles <= RowProduct.tiles
  }

  /// The same for tiles so few that what is transformed serves but one register tile: then it does not leave the registers.
  /// (One picture of 128 pixels has 4 tiles in its deepest layer. Panels have rows to spare for tiles that are not there.)
  ///
  /// The block is cut once more, so that the taps of a piece stay in the first-level cache while all rows of points use
  /// them; while they do, the taps of the next piece come into the second-level cache. (A block for so few tiles has all
  /// rows; see `productTwos`.)
  private func multiplyFewTiles(_ block: Block, taps: Taps, a: Source, c: Target) {
    let (w, parts) = (kernels.width, block.phase)
    let pieceDepth = WinogradConvolution.pieceDepth / w
    let rowSums = n * RowProduct.tiles * w
    let finite = basis.finite.map { Float($0) } + [0]
    for first in stride(from: 0, to: block.depthPanels, by: pieceDepth) {
      let depth = min(pieceDepth, block.depthPanels - first)
      let isLast = first + depth == block.depthPanels
      for panel in 0..<block.columnPanels {
        let source = taps.first + panel * taps.panelStride + first * w * taps.step
        let next: UnsafePointer<Float>
        if panel + 1 < block.columnPanels {
          next = source + taps.panelStride
        } else {
          next = isLast ? taps.next ?? taps.first : taps.first + (first + depth) * w * taps.step
        }
        for i in parts.y.points {
          let isEnd = i == 0 || i == n - 1
          let row = RowProduct(
            point: finite[i], depthPanels: depth,
            source: source + (i == n - 1 ? (parts.y.taps - 1) * taps.rowStride : 0), step: taps.step,
            a: a.first + first * a.panelStride, aPanelStride: a.panelStride, aOffsets: a.offsets + i * n,
            sums: block.filter + (panel * n + i) * rowSums, continues: first > 0,
            c: isLast ? c.first + panel * c.panelStride : nil, cOffsets: c.offsets + i * n,
            accumulates: block.accumulate, ahead: next + i * depth * w * 32)
          kernels.filterRowProduct(
            rowTaps: isEnd ? 1 : parts.y.taps, columnPoints: parts.x.points.count, coefficients: coefficients.pointer,
            row)
        }
      }
    }
  }

  /// The points of two rows of a phase: of a pair +-p, or the last two of 0 and infinity, which a phase may lack.
  private func points(_ two: Int, _ phase: WinogradPhase) -> [Int] {
    let (y, x) = (phase.y, phase.x)
    let rows = two < basis.points.count ? [2 * two + 1, 2 * two + 2] : [0, n - 1].filter(y.points.contains)
    return rows.flatMap { row in x.points.map { row * n + $0 } }
  }

  /// Panels of depth of a block.
  private var productPanels: Int { WinogradConvolution.productDepth / kernels.width }

  /// A task of the products: some twos of rows of points of one phase, or of all in turn.
  private struct FusedTask {
    var phase: Int
    var twos: Range<Int>
    var rows: Range<Int>
    var columns: Range<Int>
  }

  /// - Parameter groups: phases that a task takes in turn.
  private func fusedTasks(_ pass: ConvPass, _ groups: [[WinogradPhase]], rows: Int, columnPanels: Int) -> [FusedTask] {
    // Few tiles of taps in panels take all twos together.
    let (most, isFew) = (productTwos(rows), areFew(rows))
    let ways = (isFew ? most...most : 1...most).reversed().map { size in
      groups.indices.flatMap { group in
        stride(from: 0, to: n / 2, by: size).map { (group: group, twos: $0..<min($0 + size, n / 2)) }
      }
    }
    let cut = productTasks(pass, rows: rows, widest: WinogradConvolution.productColumns) {
      ways.map { way in
        way.map { share in
          let phases = groups[share.group]
          let depth = share.twos.reduce(0) { sum, two in phases.reduce(sum) { $0 + points(two, $1).count } }
          return ProductTasks.Item(
            depth: depth, columnPanels: columnPanels,
            preparation: phases.reduce(0) { $0 + 4 * $1.y.taps * $1.x.taps })
        }
      }
    }
    return cut.tasks.map { task in
      let share = ways[cut.choice][task.item]
      return FusedTask(phase: share.group, twos: share.twos, rows: task.rows, columns: task.columns)
    }
  }

  /// Floats of U for two rows of points of a block.
  private var twoRowFloats: Int { 2 * n * tapFloats }

  /// Floats from one tap of a block to the next, or from one point of U.
  private var tapFloats: Int {
    PointLayout.distance(WinogradConvolution.productColumns * WinogradConvolution.productDepth, true)
  }

  /// Floats of a worker: `twoRowFloats`, and the taps of a block in the order of the product.
  private func workerFloats(_ phases: [WinogradPhase]) -> Int {
    twoRowFloats + phases.map { $0.y.taps * $0.x.taps }.max()! * tapFloats
  }

  /// The forward pass: C[point] = sum over phases of A[point, phase] U[phase].
  func multiplyForward(
    rows: Int, a: UnsafePointer<Float>, aLayout: PointLayout, filter: UnsafePointer<Float>,
    c: UnsafeMutablePointer<Float>, cLayout: PointLayout
  ) {
    let (w, panels) = (kernels.width, productPanels)
    let perWorker = workerFloats(phases)
    let scratch = context.scratch("winograd.filter", perWorker * context.threads)
    let tasks = fusedTasks(.forward, [phases], rows: rows, columnPanels: outputPanels)
    context.parallel(tasks.count) { index, worker in
      let task = tasks[index]
      let (first, row) = (task.columns.lowerBound, task.rows.lowerBound * w)
      let points = scratch + worker * perWorker
      for (phase, axes) in phases.enumerated() {
        for depth in stride(from: 0, to: inputPanels, by: panels) {
          let depthPanels = min(panels, inputPanels - depth)
          var taps = tapsInPlace(axes, filter, column: first, depth: depth)
          // Taps that are read once are read where they are.
          if task.twos.count > 1 {
            taps = packed(
              taps, axes, depth: depthPanels * w, columnPanels: task.columns.count, into: points + twoRowFloats)
          }
          multiply(
            Block(
              phase: axes, twos: task.twos, rows: task.rows.count, depthPanels: depthPanels,
              columnPanels: task.columns.count, filter: points, accumulate: phase > 0 || depth > 0),
            taps: taps,
            a: Source(
              first: a + depth * aLayout.panelStride + row, offsets: aLayout.phaseOffsets[phase],
              panelStride: aLayout.panelStride),
            c: Target(
              first: c + first * cLayout.panelStride + row, offsets: cLayout.phaseOffsets[0],
              panelStride: cLayout.panelStride))
        }
      }
    }
  }

  /// The data gradient: C[point, phase] = A[point] U[phase], with the filter flipped and transposed.
  func multiplyBackward(
    rows: Int, a: UnsafePointer<Float>, aLayout: PointLayout, filter: UnsafePointer<Float>,
    c: UnsafeMutablePointer<Float>, cLayout: PointLayout
  ) {
    let (w, panels, phases) = (kernels.width, productPanels, backwardPhases)
    let perWorker = workerFloats(phases)
    let scratch = context.scratch("winograd.filter", perWorker * context.threads)
    let tasks = fusedTasks(.backwardData, phases.map { [$0] }, rows: rows, columnPanels: inputPanels)
    context.parallel(tasks.count) { index, worker in
      let task = tasks[index]
      let (phase, first, row) = (task.phase, task.columns.lowerBound, task.rows.lowerBound * w)
      let points = scratch + worker * perWorker
      for depth in stride(from: 0, to: outputPanels, by: panels) {
        let depthPanels = min(panels, outputPanels - depth)
        var source: Taps
        if tapGroups == nil {
          source = transposedTaps(
            phases[phase], filter, task.columns, depth..<depth + depthPanels, points + twoRowFloats)
        } else {
          source = tapsInPanels(phase, filter, column: first, depth: depth)
          if depth + depthPanels < outputPanels {
            source.next = tapsInPanels(phase, filter, column: first, depth: depth + depthPanels).first
          } else if index + 1 < tasks.count {
            let next = tasks[index + 1]
            source.next = tapsInPanels(next.phase, filter, column: next.columns.lowerBound, depth: 0).first
          }
        }
        multiply(
          Block(
            phase: phases[phase], twos: task.twos, rows: task.rows.count, depthPanels: depthPanels,
            columnPanels: task.columns.count, filter: points, accumulate: depth > 0),
          taps: source,
          a: Source(
            first: a + depth * aLayout.panelStride + row, offsets: aLayout.phaseOffsets[0],
            panelStride: aLayout.panelStride),
          c: Target(
            first: c + first * cLayout.panelStride + row, offsets: cLayout.phaseOffsets[phase],
            panelStride: cLayout.panelStride))
      }
    }
  }

  /// Taps of a filter [row, column, input channel, output channel] where they are, the output channels as the lanes.
  private func tapsInPlace(_ axes: WinogradPhase, _ filter: UnsafePointer<Float>, column: Int, depth: Int) -> Taps {
    let (w, s) = (kernels.width, shape)
    let tapStride = s.inputChannels * s.outputChannels
    return Taps(
      first: filter + tap(axes, 0, 0) * tapStride + depth * w * s.outputChannels + column * w, step: s.outputChannels,
      rowStride: s.kernelWidth * s.stride * tapStride, columnStride: s.stride * tapStride, panelStride: w)
  }

  /// Overwrites `target` with the taps of a block, in panels. Where they were, those of a column are a power of two apart,
  /// and share one set of a cache.
  private func packed(
    _ taps: Taps, _ axes: WinogradPhase, depth: Int, columnPanels: Int, into target: UnsafeMutablePointer<Float>
  ) -> Taps {
    let w = kernels.width
    for p in 0..<axes.y.taps {
      for q in 0..<axes.x.taps {
        kernels.packPanels(
          depth, source: taps.first + p * taps.rowStride + q * taps.columnStride, step: taps.step,
          channels: columnPanels * w, panels: target + (p * axes.x.taps + q) * tapFloats, panelStride: depth * w)
      }
    }
    return Taps(
      first: UnsafePointer(target), step: w, rowStride: axes.x.taps * tapFloats, columnStride: tapFloats,
      panelStride: depth * w)
  }

  /// Taps of a sampler's filter, which lie in panels.
  private func tapsInPanels(_ phase: Int, _ filter: UnsafePointer<Float>, column: Int, depth: Int) -> Taps {
    let (w, s) = (kernels.width, shape)
    let taps = phases.map { $0.y.taps * $0.x.taps }
    let step = taps[phase] * w
    let first =
      filter + taps[..<phase].reduce(0, +) * s.inputChannels * s.outputChannels
      + (column * s.outputChannels + depth * w) * step
    return Taps(
      first: first, step: step, rowStride: phases[phase].x.taps * w, columnStride: w,
      panelStride: s.outputChannels * step, next: first)
  }

  /// Overwrites `target` with the taps of a block, the input channels as the lanes; flipped.
  private func transposedTaps(
    _ axes: WinogradPhase, _ filter: UnsafePointer<Float>, _ columns: Range<Int>, _ depth: Range<Int>,
    _ target: UnsafeMutablePointer<Float>
  ) -> Taps {
    let (w, s) = (kernels.width, shape)
    let panelStride = depth.count * w * w
    for p in 0..<axes.y.taps {
      for q in 0..<axes.x.taps {
        let target = target + (p * axes.x.taps + q) * tapFloats
        let tap = tap(axes, p, q)
        for panel in 0..<columns.count {
          let row =
            filter + (tap * s.inputChannels + (columns.lowerBound + panel) * w) * s.outputChannels
            + depth.lowerBound * w
          for block in 0..<depth.count {
            kernels.transposePanel(
              rows: w, lanes: w, source: row + block * w, laneStride: s.outputChannels,
              destination: target + panel * panelStride + block * w * w)
          }
        }
      }
    }
    return Taps(
      first: UnsafePointer(target) + (axes.y.taps * axes.x.taps - 1) * tapFloats, step: w,
      rowStride: -axes.x.taps * tapFloats, columnStride: -tapFloats, panelStride: panelStride)
  }
}
