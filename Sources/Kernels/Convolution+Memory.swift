/// Memory that the passes of convolutions take beside their operands.
public struct ConvMemory: Equatable, Sendable {
  /// Floats of each piece that all convolutions of a context share, which grows to the largest. More than an Int of 32 bits
  /// may hold.
  private var shared: [String: Int64] = [:]
  /// Floats of packed filters, of which each convolution keeps its own.
  private var kept: Int64 = 0

  private let threads: Int

  /// Of no convolution yet, by so many threads.
  public init(threads: Int) { self.threads = threads }

  /// Counts one convolution whose filter changes every few passes.
  /// - Parameter isMapped: whether passes read the input through a map.
  public mutating func add(_ shape: ConvShape, isMapped: Bool) {
    let image = shape.inputCount / shape.batch
    let usesWinograd = Context.plan(shape).uses(.winograd)
    if isMapped && usesWinograd { share("mapped", Int64(max(image, MappedImages.mappedElements))) }
    let mapsAll = isMapped && !usesWinograd && !DirectConvolution.goesByRows(shape)
    if mapsAll { share("mapped", Int64(shape.inputCount)) }
    guard usesWinograd else {
      kept += Int64(shape.filterCount)
      share("direct.sums", Int64(shape.filterCount))
      return
    }
    // The data gradient's are as many or more.
    addWinograd(shape, sharesWindows: true, .training)
    let chunks = WinogradConvolution.chunkTaskFloats(shape, threads: threads)
    if let chunks { share("winograd.large", Int64(chunks)) }
  }

  /// Counts one convolution that only samples, with its filter: what this pass makes of it is kept in its place, where it is
  /// not too large.
  public mutating func addSampling(_ shape: ConvShape, _ pass: ConvPass) {
    // As for a single picture, by which sampling plans.
    guard Context.plan(shape.with(batch: 1))[pass] == .winograd else {
      kept += Int64(shape.filterCount)
      return
    }
    addWinograd(shape, sharesWindows: pass == .backwardData, .sampling)
  }

  private mutating func share(_ name: String, _ count: Int64) { shared[name] = max(shared[name] ?? 0, count) }

  /// A chunk's points and the filter's.
  private mutating func addWinograd(_ shape: ConvShape, sharesWindows: Bool, _ use: FilterUse) {
    let (basis, phases) = WinogradConvolution.phases(shape, sharesWindows: sharesWindows)
    let points = Int64(phases.reduce(0) { $0 + $1.products })
    let (wide, deep) = (Int64(shape.inputChannels), Int64(shape.outputChannels))
    let tiles =
      sharesWindows
      ? WinogradConvolution.backwardTiles(shape, phases).tiles.count : WinogradConvolution.outputTiles(shape).count
    let rows = Int64(min(tiles, WinogradConvolution.chunkTiles) + 4)
    share("winograd.large", points * wide * rows)
    share("winograd.small", Int64(basis.size * basis.size) * deep * rows)
    let filter = points * wide * deep
    let isMade = filter <= Int64(WinogradConvolution.largestTransform(shape, use))
    if use != .training {
      kept += isMade ? filter : wide * deep * Int64(shape.kernelHeight * shape.kernelWidth)
    } else if isMade {
      share("winograd.points", filter)
    }
  }

  /// All of it.
  public var bytes: Int { Int(clamping: 4 * (kept + shared.values.reduce(0, +))) }
}
