import MicroKernels

/// What the forward pass and the data gradient have in common: windows of a source become points V, M = V U at each point, and
/// M becomes windows of a target.
///
/// Tiles go this way in one of two manners, with the same bits:
///
/// - A task takes a few tiles from the source to the target. Their points, and what the source is mapped to, stay in the
///   second-level cache; the filter's points stay there as well, or come from the third for each task.
/// - Where those are too many, a chunk of tiles goes through three parallel regions, and reuses them.
struct WinogradGather {
  /// The product at one point. Offsets are in floats, from where the points of each operand begin.
  struct Product {
    var v: Int
    /// In panels of V.
    var depth: Int
    var u: Int
    /// Between panels of columns of U.
    var uPanelStride: Int
    var columnPanels: Int
    var m: Int
  }

  let pass: ConvPass
  /// For each phase of V.
  let source: TileWindows
  /// For each phase of M.
  let target: TileWindows
  /// Of V and M, for so many rows; the points apart or not.
  let layouts: (_ rows: Int, _ apart: Bool) -> (v: PointLayout, m: PointLayout)
  /// Of points laid out so.
  let products: (_ v: PointLayout, _ m: PointLayout) -> [Product]

  /// The filter's points, or what multiplies a chunk of tiles where they are made on the way.
  enum Filter {
    case points(UnsafePointer<Float>)
    case onTheWay(
      (
        _ rows: Int, _ v: UnsafePointer<Float>, _ vLayout: PointLayout, _ m: UnsafeMutablePointer<Float>,
        _ mLayout: PointLayout
      ) -> Void)
  }
}

extension WinogradConvolution {
  func run(
    _ gather: WinogradGather, input: MappedTensor, filter: WinogradGather.Filter, output: UnsafeMutablePointer<Float>,
    activation: BiasLeakyReLU? = nil
  ) {
    if case .points(let u) = filter, let tasks = tileTasks(gather) {
      runTasks(gather, tasks, input: input, u, output: output, activation: activation)
    } else {
      runChunks(gather, input: input, filter, output: output, activation: activation)
    }
  }

  // MARK: Chunks

  /// Channels of a task of the products, at most.
  private static let nc = 128

  private func runChunks(
    _ gather: WinogradGather, input: MappedTensor, _ filter: WinogradGather.Filter,
    output: UnsafeMutablePointer<Float>, activation: BiasLeakyReLU?
  ) {
    let tiles = gather.source.tiles
    let (vLayout, mLayout) = gather.layouts(panelRows(min(tiles.count, WinogradConvolution.chunkTiles)), false)
    let v = context.scratch("winograd.large", vLayout.count)
    let m = context.scratch("winograd.small", mLayout.count)
    let products = gather.products(vLayout, mLayout)
    var images = MappedImages(input, imageElements: gather.source.tensor.imageElements, context)
    for first in stride(from: 0, to: tiles.count, by: WinogradConvolution.chunkTiles) {
      let range = first..<min(first + WinogradConvolution.chunkTiles, tiles.count)
      withImages(range, gather.source, &images, points: v) { range, windows, input, v in
        transformInput(range, windows, source: input, points: (v, vLayout))
      }
      switch filter {
      case .points(let u):
        multiply(gather.pass, products, rows: range.count, v: (UnsafePointer(v), vLayout), u: u, m: (m, mLayout))
      case .onTheWay(let multiply): multiply(range.count, v, vLayout, m, mLayout)
      }
      transformOutput(
        range, gather.target, points: (UnsafePointer(m), mLayout), target: output, activation: activation)
    }
  }

  /// All products of a chunk.
  private func multiply(
    _ pass: ConvPass, _ products: [WinogradGather.Product], rows: Int,
    v: (points: UnsafePointer<Float>, layout: PointLayout), u: UnsafePointer<Float>,
    m: (points: UnsafeMutablePointer<Float>, layout: PointLayout)
  ) {
    let tasks = productTasks(pass, rows: rows, widest: WinogradConvolution.nc) {
      [products.map { ProductTasks.Item(depth: $0.depth, columnPanels: $0.columnPanels) }]
    }.tasks
    context.parallel(tasks.count) { index in
      let task = tasks[index]
      let next = index + 1 < tasks.count ? tasks[index + 1] : nil
      multiply(
        products[task.item], rows: task.rows, columns: task.columns, v: v, u: u, m: m,
        next: next.map { operands(products[$0.item], rows: $0.rows, columns: $0.columns, v.points, u) })
    }
  }

  private func operands(
    _ product: WinogradGather.Product, rows: Range<Int>, columns: Range<Int>, _ v: UnsafePointer<Float>,
    _ u: UnsafePointer<Float>
  ) -> MacroKernel.Operands {
    (
      v + product.v + rows.lowerBound * kernels.width,
      u + product.u + columns.lowerBound * product.uPanelStride
    )
  }

  private func multiply(
    _ product: WinogradGather.Product, rows: Range<Int>, columns: Range<Int>,
    v: (points: UnsafePointer<Float>, layout: PointLayout), u: UnsafePointer<Float>,
    m: (points: UnsafeMutablePointer<Float>, layout: PointLayout), next: MacroKernel.Operands?
  ) {
    let w = kernels.width
    let (a, b) = operands(product, rows: rows, columns: columns, v.points, u)
    MacroKernel(kernels: kernels).multiply(
      MacroKernel.Product(
        rows: rows.count, columnPanels: columns.count, depth: product.depth * w,
        a: .init(first: a, panelStride: v.layout.panelStride, panelDepth: w, groupRows: rows.count),
        b: .init(b, product.uPanelStride),
        c: .init(
          first: m.points + product.m + columns.lowerBound * m.layout.panelStride + rows.lowerBound * w, rowStride: w,
          panelStride: m.layout.panelStride),
        upcoming: .init(next)))
  }

  // MARK: Tasks

  /// Tiles of a task: rows for a few register tiles, which read the filter's points once more each.
  private static let tilesAtOnce = 24...48

  /// The tiles that each task takes through a pass; nil where chunks do better.
  private func tileTasks(_ gather: WinogradGather) -> [Range<Int>]? {
    guard cachesFilter else { return nil }
    let (v, m) = gather.layouts(1, false)
    let bytes = (v.count + m.count) * MemoryLayout<Float>.size
    // The fewest may reach into the third-level cache, for the filter's points come from there for each task.
    let fewest = WinogradConvolution.tilesAtOnce.lowerBound
    guard bytes * fewest <= 3 * context.secondLevelCache / 2 else { return nil }
    let fitting = 3 * context.secondLevelCache / 4 / bytes
    let most = min(max(fitting, fewest), WinogradConvolution.tilesAtOnce.upperBound)
    let tiles = gather.source.tiles
    let perImage = tiles.rows * tiles.columns
    // Whole images, or whole rows of tiles of one, which share pixels.
    let tasks: [Range<Int>]
    if perImage <= most {
      var count = ceilDivide(tiles.batch, most / perImage)
      let even = ceilDivide(count, context.threads) * context.threads
      if even * most <= 2 * tiles.count && even <= tiles.batch { count = even }
      tasks = (0..<count).map { tiles.batch * $0 / count * perImage..<tiles.batch * ($0 + 1) / count * perImage }
    } else {
      let parts = ceilDivide(tiles.rows, max(most / tiles.columns, 1))
      tasks = (0..<tiles.batch * parts).map { task in
        let (first, part) = (task / parts * tiles.rows, task % parts)
        return (first + tiles.rows * part / parts) * tiles.columns..<(first + tiles.rows * (part + 1) / parts)
          * tiles.columns
      }
    }
    return Context.keepsBusy(tasks.count, threads: context.threads) ? tasks : nil
  }

  private func runTasks(
    _ gather: WinogradGather, _ tasks: [Range<Int>], input: MappedTensor, _ u: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>, activation: BiasLeakyReLU?
  ) {
    let (vLayout, mLayout) = gather.layouts(panelRows(tasks.map { $0.count }.max()!), true)
    let products = gather.products(vLayout, mLayout)
    let pixels = ceilDivide(tasks.map { gather.source.copiedFloats(input, $0) }.max()!, 16) * 16
    let perWorker = vLayout.count + mLayout.count + pixels
    let workspace = context.scratch("winograd.tiles", perWorker * context.threads)
    let space = transformSpace(panels: max(vLayout.panels, mLayout.panels))
    context.parallel(tasks.count) { task, worker in
      let tiles = tasks[task]
      let v = workspace + worker * perWorker
      let m = v + vLayout.count
      let (windows, source) = gather.source.read(input, tiles, into: m + mLayout.count, context)
      transformInput(tiles, windows, source: source, points: (v, vLayout), on: (worker, space))
      for (number, product) in products.enumerated() {
        let columns = 0..<product.columnPanels
        let next = number + 1 < products.count ? products[number + 1] : nil
        multiply(
          product, rows: 0..<tiles.count, columns: columns, v: (UnsafePointer(v), vLayout), u: u, m: (m, mLayout),
          next: next.map { operands($0, rows: 0..<1, columns: 0..<1, v, u) })
      }
      transformOutput(
        tiles, gather.target, points: (UnsafePointer(m), mLayout), target: output, activation: activation,
        on: (worker, space))
    }
  }
}
