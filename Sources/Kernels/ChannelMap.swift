// Batch normalisation and activation between two convolutions, applied as the second one reads: they then have no tensor of
// their own, and backward passes map again what the first convolution left.

/// y = leaky(scale x + shift) for each element of a tensor, channels last. Images come in runs, and each run has the scale
/// and shift of one part of a batch, for each channel.
public struct ChannelMap {
  /// Channels of each pixel.
  public let channels: Int
  /// Of the leaky ReLU; 1 leaves it out.
  public let slope: Float
  private var runs: [Run]
  private let scales: Buffer
  private let shifts: Buffer

  /// Images next to each other that are of one part.
  public struct Run {
    let part: Int
    let end: Int

    /// - Parameter end: elements of the tensor up to the last image of the run.
    public init(part: Int, end: Int) {
      self.part = part
      self.end = end
    }
  }

  /// - Parameters:
  ///   - runs: in the order of the images.
  ///   - scale, shift: of each part, a row of `channelStride(channels)` values each, of which those beyond the channels are
  ///     zero. They must stay as they are while the map is used.
  public init(channels: Int, runs: [Run], scale: Buffer, shift: Buffer, slope: Float) {
    self.channels = channels
    self.runs = runs
    self.slope = slope
    scales = scale
    shifts = shift
  }

  /// Values of a part's row: whole vectors of every instruction set.
  public static func channelStride(_ channels: Int) -> Int { (channels + 15) / 16 * 16 }

  func scale(_ part: Int) -> UnsafePointer<Float> {
    UnsafePointer(scales.pointer + part * ChannelMap.channelStride(channels))
  }

  func shift(_ part: Int) -> UnsafePointer<Float> {
    UnsafePointer(shifts.pointer + part * ChannelMap.channelStride(channels))
  }

  /// The same for some of the tensor's images.
  public func slice(_ elements: Range<Int>) -> ChannelMap {
    var slice = self
    slice.runs = []
    forEachPart(elements) { part, range in
      slice.runs.append(Run(part: part, end: range.upperBound - elements.lowerBound))
    }
    return slice
  }

  /// Calls `body` with the part of each run that has elements of `range`, and with those.
  @inline(__always)
  func forEachPart(_ range: Range<Int>, _ body: (_ part: Int, _ elements: Range<Int>) -> Void) {
    var first = range.lowerBound
    for run in runs where run.end > first {
      if first >= range.upperBound { break }
      let end = min(range.upperBound, run.end)
      body(run.part, first..<end)
      first = end
    }
  }

  /// Maps panels of W channels (see `GEMMKernels`) in place.
  /// - Parameters:
  ///   - pixels: those that the panels hold, counted through the whole tensor.
  ///   - channel: the first panel's first, a multiple of W.
  func apply(
    to panels: UnsafeMutablePointer<Float>, panelStride: Int, count: Int, pixels: Range<Int>, channel: Int,
    kernels: MicroKernelSet
  ) {
    let w = kernels.width
    forEachPart(pixels.lowerBound * channels..<pixels.upperBound * channels) { part, elements in
      let rows = elements.lowerBound / channels - pixels.lowerBound..<elements.upperBound / channels - pixels.lowerBound
      for panel in 0..<count {
        let first = panels + panel * panelStride + rows.lowerBound * w
        kernels.affineLeaky(
          first, first, rows: rows.count, channels: w, scale: scale(part) + channel + panel * w,
          shift: shift(part) + channel + panel * w, slope: slope, streams: false)
      }
    }
  }
}

/// A tensor that a pass reads, and what it reads it through.
struct MappedTensor {
  let data: UnsafePointer<Float>
  let map: ChannelMap?

  init(_ data: UnsafePointer<Float>, _ map: ChannelMap? = nil) {
    self.data = data
    self.map = map
  }
}

extension Context {
  /// Overwrites `target` with the mapped elements `range` of a tensor.
  /// - Parameter range: whole pixels.
  public func apply(
    _ map: ChannelMap, to source: UnsafePointer<Float>, _ range: Range<Int>, into target: UnsafeMutablePointer<Float>
  ) {
    map.forEachPart(range) { part, elements in
      affineLeaky(
        source + elements.lowerBound, target + elements.lowerBound - range.lowerBound,
        rows: elements.count / map.channels, channels: map.channels, scale: map.scale(part), shift: map.shift(part),
        slope: map.slope)
    }
  }

  /// All of a tensor with its map applied, in scratch memory where there is one.
  func mapped(_ tensor: MappedTensor, count: Int) -> UnsafePointer<Float> {
    guard let map = tensor.map else { return tensor.data }
    let target = scratch("mapped", count)
    apply(map, to: tensor.data, 0..<count, into: target)
    return UnsafePointer(target)
  }
}

/// The images that a pass is reading, mapped a few at a time into memory that is used again, which stays in a cache.
struct MappedImages {
  let tensor: MappedTensor
  let imageElements: Int
  let context: Context
  /// How many are read at a time; nil for any number.
  let most: Int?
  private var current = 0..<0

  /// Floats that are mapped at a time, if one image has no more: 4 MB.
  static let mappedElements = 1 << 20

  init(_ tensor: MappedTensor, imageElements: Int, _ context: Context) {
    self.tensor = tensor
    self.imageElements = imageElements
    self.context = context
    most = tensor.map == nil ? nil : max(1, MappedImages.mappedElements / imageElements)
  }

  /// The first of `images`, followed by the others; valid until the next call.
  mutating func callAsFunction(_ images: Range<Int>) -> UnsafePointer<Float> {
    let first = images.lowerBound * imageElements
    guard let map = tensor.map else { return tensor.data + first }
    let target = context.scratch("mapped", images.count * imageElements)
    if images != current {
      context.apply(map, to: tensor.data, first..<images.upperBound * imageElements, into: target)
      current = images
    }
    return UnsafePointer(target)
  }
}
