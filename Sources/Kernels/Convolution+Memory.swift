/// Memory that the passes of convolutions take beside their operands.
public struct ConvMemory: Equatable, Sendable {
  /// Floats of each piece that all convolutions of a context share, which grows to the largest.
  private var shared: [String: Int] = [:]
  /// Floats of packed filters, of which each convolution keeps its own.
  private var kept = 0

  private let threads: Int

  /// Of no convolution yet, by so many threads.
  public init(threads: Int) { self.threads = threads }

  /// Counts one convolution whose filter changes every few passes.
  /// - Parameter isMapped: whether passes read the input through a map.
  public mutating func add(_ shape: ConvShape, isMapped: Bool) {
    func share(_ name: String, _ count: Int) { shared[name] = max(shared[name] ?? 0, count) }
    let image = shape.inputCount / shape.batch
    let usesWinograd = Context.plan(shape).uses(.winograd)
    if isMapped && usesWinograd { share("mapped", max(image, MappedImages.mappedElements)) }
    if isMapped && !usesWinograd && !DirectConvolution.goesByRows(shape) { share("mapped", shape.inputCount) }
    guard usesWinograd else {
      kept += shape.filterCount
      share("direct.sums", shape.filterCount)
      return
    }
    // The data gradient's are as many or more.
    let (basis, phases) = WinogradConvolution.phases(shape, sharesWindows: true)
    let points = phases.reduce(0) { $0 + $1.products }
    let tiles = WinogradConvolution.backwardTiles(shape, phases).tiles.count
    let rows = min(tiles, WinogradConvolution.chunkTiles) + 4
    share("winograd.large", points * shape.inputChannels * rows)
    if let floats = WinogradConvolution.chunkTaskFloats(shape, threads: threads) { share("winograd.large", floats) }
    share("winograd.small", basis.size * basis.size * shape.outputChannels * rows)
    let filter = points * shape.inputChannels * shape.outputChannels
    if filter <= WinogradConvolution.largestTransform(shape, .training) { share("winograd.points", filter) }
  }

  /// All of it.
  public var bytes: Int { 4 * (kept + shared.values.reduce(0, +)) }
}
