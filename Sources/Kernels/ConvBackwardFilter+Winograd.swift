import CProcessor
import MicroKernels

extension WinogradConvolution {
  /// input -> points V; outputGradient -> points M; for a block of channels dU = V^T M at all points, summed over the
  /// tiles of a chunk; dU -> filterGradient at once, while it is in the cache. (All of dU together would be five times
  /// the size of the filter.) Chunks add up in order.
  ///
  /// Each step is a parallel region over all of a chunk; or a thread takes a chunk all that way (`ConvBackwardFilter+Chunks`).
  func backwardFilter(
    input: MappedTensor, outputGradient: MappedTensor, filterGradient: UnsafeMutablePointer<Float>,
    accumulate: Bool
  ) {
    let s = shape
    let tiles = WinogradConvolution.outputTiles(s)
    let (inputs, gradients) = (inputWindows(tiles), outputWindows(tiles))
    let chunks = WinogradConvolution.gradientChunks(s)
    if WinogradConvolution.chunkTaskFloats(s, threads: context.threads) != nil {
      return backwardFilter(
        chunks, inputs, input, gradients, outputGradient, filterGradient: filterGradient, accumulate: accumulate)
    }
    let rows = panelRows(chunks[0].count)
    let inputLayout = phasedLayout(phases, panels: inputPanels, rows: rows)
    let outputLayout = plainLayout(phases, panels: outputPanels, rows: rows)
    let v = context.scratch("winograd.large", inputLayout.count)
    let m = context.scratch("winograd.small", outputLayout.count)
    var inputImages = MappedImages(input, imageElements: inputs.tensor.imageElements, context)
    var gradientImages = MappedImages(outputGradient, imageElements: gradients.tensor.imageElements, context)

    let reduction = reduction()
    // An optimizer is next to read the gradient, with the filter and two moments.
    let streams =
      chunks.count == 1
      && context.usesNonTemporalStores(
        filterGradient, rows: s.filterCount / s.outputChannels, channels: s.outputChannels, tensors: 4)
    let first: TileStores = accumulate ? .adds : streams ? .streams : .overwrites

    for range in chunks {
      withImages(range, inputs, &inputImages, points: v) { range, inputs, input, v in
        transformInput(range, inputs, source: input, points: (v, inputLayout))
      }
      withImages(range, gradients, &gradientImages, points: m) { range, gradients, gradient, m in
        transformOutputGradient(range, gradients, source: gradient, points: (m, outputLayout))
      }
      reduceTiles(
        range.count, reduction, v: (UnsafePointer(v), inputLayout), m: (UnsafePointer(m), outputLayout),
        filterGradient: filterGradient, range.lowerBound > 0 ? .adds : first)
    }
  }

  /// Tiles that are summed up together, chunks of about as many: up to `chunkTiles`, and of a small filter half of them where
  /// that makes a few chunks. By the shape alone, for sums are rounded so.
  static func gradientChunks(_ s: ConvShape) -> [Range<Int>] {
    let tiles = outputTiles(s).count
    var count = ceilDivide(tiles, chunkTiles)
    if s.filterCount <= 1 << 16 { count = max(count, min(4, ceilDivide(tiles, chunkTiles / 2))) }
    // The first is the longest.
    return (0..<count).map { ceilDivide(tiles * $0, count)..<ceilDivide(tiles * ($0 + 1), count) }
  }

  /// Channels of a block: 64 x 64, whose sums at all points and the operands of two products fit a second-level cache of
  /// a megabyte; fewer where that makes too few tasks. Nil where smaller ones would too.
  private var blockPanels: (input: Int, output: Int)? {
    [panels(ofBlock: 64, 64), panels(ofBlock: 32, 64), panels(ofBlock: 32, 32)].first {
      phases.count * ceilDivide(inputPanels, $0.input) * ceilDivide(outputPanels, $0.output)
        >= (context.threads == 1 ? 1 : context.enoughTasks)
    }
  }

  func panels(ofBlock input: Int, _ output: Int) -> (input: Int, output: Int) {
    (min(input / kernels.width, inputPanels), min(output / kernels.width, outputPanels))
  }

  /// One phase and some panels of channels.
  struct SumBlock {
    var phase: Int
    var inputs: Range<Int>
    var outputs: Range<Int>
  }

  /// What the sums over tiles are cut into.
  private struct Reduction {
    var blocks: [SumBlock]
    /// Of a block's sums.
    var layout: PointLayout
    /// The products of all blocks, and pieces of what comes of them, which are tasks of their own where blocks are too few
    /// to be tasks; otherwise nil.
    var parts: (products: [(block: Int, point: Int)], pieces: [(block: Int, output: Int, channels: Range<Int>)])?
  }

  /// All phases and channels, with at most so many panels of these to a block.
  func blocks(_ most: (input: Int, output: Int)) -> [SumBlock] {
    phases.indices.flatMap { phase in
      stride(from: 0, to: inputPanels, by: most.input).flatMap { input in
        stride(from: 0, to: outputPanels, by: most.output).map { output in
          SumBlock(
            phase: phase, inputs: input..<min(input + most.input, inputPanels),
            outputs: output..<min(output + most.output, outputPanels))
        }
      }
    }
  }

  private func reduction() -> Reduction {
    let w = kernels.width
    let most = blockPanels ?? panels(ofBlock: 64, 64)
    let blocks = blocks(most)
    var reduction = Reduction(
      blocks: blocks, layout: plainLayout(phases, panels: most.output, rows: most.input * w, apart: true))
    if blockPanels != nil { return reduction }
    reduction.parts = (
      blocks.enumerated().flatMap { number, block in points(phases[block.phase]).map { (number, $0) } },
      blocks.enumerated().flatMap { number, block in
        (0..<block.outputs.count).flatMap { output in
          (0..<block.inputs.count).map { (number, output, $0 * w..<($0 + 1) * w) }
        }
      }
    )
    return reduction
  }

  /// One task per block; or where there are few blocks, one per point of each, and then one per piece of what comes of them.
  private func reduceTiles(
    _ depth: Int, _ reduction: Reduction, v: (points: UnsafePointer<Float>, layout: PointLayout),
    m: (points: UnsafePointer<Float>, layout: PointLayout), filterGradient: UnsafeMutablePointer<Float>,
    _ stores: TileStores
  ) {
    let (blocks, layout) = (reduction.blocks, reduction.layout)
    let scratch = context.scratch(
      "winograd.sums",
      transformScratch * context.threads
        + layout.count * (reduction.parts == nil ? context.threads : blocks.count))
    let sums = scratch + transformScratch * context.threads
    if let (products, pieces) = reduction.parts {
      context.parallel(products.count) { index in
        let (block, point) = products[index]
        sumTiles(
          blocks[block], point, next: nil, depth: depth, v: v, m: m, into: (sums + block * layout.count, layout))
      }
      context.parallel(pieces.count) { index, worker in
        let (block, output, channels) = pieces[index]
        inverseTransform(
          blocks[block], output, channels, of: (UnsafePointer(sums + block * layout.count), layout),
          scratch + worker * transformScratch, into: filterGradient, stores)
        if stores == .streams { processor_end_streams() }
      }
      return
    }
    context.parallel(blocks.count) { index, worker in
      let sums = sums + worker * layout.count
      sumTiles(blocks[index], depth: depth, v: v, m: m, into: (sums, layout))
      inverseTransform(
        blocks[index], of: (UnsafePointer(sums), layout), scratch + worker * transformScratch, into: filterGradient,
        stores)
      if stores == .streams { processor_end_streams() }
    }
  }

  /// The sums of a block at all of its points.
  func sumTiles(
    _ block: SumBlock, depth: Int, v: (points: UnsafePointer<Float>, layout: PointLayout),
    m: (points: UnsafePointer<Float>, layout: PointLayout),
    into sums: (points: UnsafeMutablePointer<Float>, layout: PointLayout)
  ) {
    let points = points(phases[block.phase])
    for (place, point) in points.enumerated() {
      sumTiles(
        block, point, next: place + 1 < points.count ? points[place + 1] : nil, depth: depth, v: v, m: m, into: sums)
    }
  }

  /// The sums of a block -> taps of all its channels.
  func inverseTransform(
    _ block: SumBlock, of sums: (points: UnsafePointer<Float>, layout: PointLayout),
    _ scratch: UnsafeMutablePointer<Float>, into gradient: UnsafeMutablePointer<Float>, _ stores: TileStores
  ) {
    for output in 0..<block.outputs.count {
      inverseTransform(
        block, output, 0..<block.inputs.count * kernels.width, of: sums, scratch, into: gradient, stores)
    }
  }

  /// The sums of a block at one point, over tiles of which there are `depth`.
  /// - Parameter next: the point that comes after it.
  private func sumTiles(
    _ block: SumBlock, _ point: Int, next: Int?, depth: Int, v: (points: UnsafePointer<Float>, layout: PointLayout),
    m: (points: UnsafePointer<Float>, layout: PointLayout),
    into sums: (points: UnsafeMutablePointer<Float>, layout: PointLayout)
  ) {
    func operands(_ point: Int) -> MacroKernel.Operands {
      (
        v.points + v.layout.phaseOffsets[block.phase][point] + block.inputs.lowerBound * v.layout.panelStride,
        m.points + m.layout.bases[point] + block.outputs.lowerBound * m.layout.panelStride
      )
    }
    let (a, b) = operands(point)
    MacroKernel(kernels: kernels).multiply(
      MacroKernel.TransposedProduct(
        rowPanels: block.inputs.count, columnPanels: block.outputs.count, depth: depth,
        a: .init(a, v.layout.panelStride), b: .init(b, m.layout.panelStride),
        c: sums.points + sums.layout.bases[point], cPanelStride: sums.layout.panelStride, next: next.map(operands)))
  }

  /// The sums of a block -> taps of its `output`th panel of output channels, and of the given ones of its input channels.
  private func inverseTransform(
    _ block: SumBlock, _ output: Int, _ channels: Range<Int>,
    of sums: (points: UnsafePointer<Float>, layout: PointLayout), _ scratch: UnsafeMutablePointer<Float>,
    into gradient: UnsafeMutablePointer<Float>, _ stores: TileStores
  ) {
    let w = kernels.width
    let first = block.inputs.lowerBound * w + channels.lowerBound
    let column = (block.outputs.lowerBound + output) * w
    let target = FilterPart(
      first: gradient + first * shape.outputChannels + column,
      channels: min(channels.count, shape.inputChannels - first), lanes: min(w, shape.outputChannels - column))
    inverseTransform(
      phases[block.phase], sums.points + output * sums.layout.panelStride + channels.lowerBound * w, sums.layout,
      scratch,
      into: target,
      stores)
  }

  /// The points of a phase, row by row.
  private func points(_ phase: WinogradPhase) -> [Int] {
    phase.y.points.flatMap { i in phase.x.points.map { i * n + $0 } }
  }

  /// Some input channels and one panel of output channels of the filter's gradient.
  private struct FilterPart {
    /// Of the first tap.
    var first: UnsafeMutablePointer<Float>
    /// Input channels.
    var channels: Int
    /// Output channels.
    var lanes: Int
  }

  /// The taps of one phase.
  private func inverseTransform(
    _ parts: WinogradPhase, _ points: UnsafePointer<Float>, _ layout: PointLayout,
    _ scratch: UnsafeMutablePointer<Float>, into target: FilterPart, _ stores: TileStores
  ) {
    let (channels, lanes) = (target.channels, target.lanes)
    let (w, s) = (kernels.width, shape)
    let tapStride = s.inputChannels * s.outputChannels
    func transform(
      _ count: Int, _ points: UnsafePointer<Float>, _ destination: UnsafeMutablePointer<Float>, rowStride: Int,
      columnStride: Int, _ stores: TileStores
    ) {
      kernels.filterGradientTransform(
        pairs: basis.points.count, rowTaps: parts.y.taps, columnTaps: parts.x.taps, rowPoints: parts.y.points,
        columnPoints: parts.x.points,
        coefficients: coefficients.pointer, scratch: scratch, count: count, source: points,
        offsets: layout.phaseOffsets[0], destination: destination, step: s.outputChannels, rowStride: rowStride,
        columnStride: columnStride, stores: stores)
    }
    let first = target.first + tap(parts, 0, 0) * tapStride
    let (rowStride, columnStride) = (s.kernelWidth * s.stride * tapStride, s.stride * tapStride)
    if lanes == w {
      transform(channels, points, first, rowStride: rowStride, columnStride: columnStride, stores)
      return
    }
    // By way of scratch, for a store of the last panel would reach into the next channel.
    let taps = scratch + 64 * w
    for channel in 0..<channels {
      transform(1, points + channel * w, taps, rowStride: parts.x.taps * w, columnStride: w, .overwrites)
      for p in 0..<parts.y.taps {
        kernels.unpackPanel(
          rows: parts.x.taps, panel: taps + p * parts.x.taps * w, channels: lanes,
          destination: first + channel * s.outputChannels + p * rowStride, destinationStride: columnStride,
          accumulate: stores == .adds)
      }
    }
  }
}
