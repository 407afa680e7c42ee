/// Moves pixels between tensors, channels last, and panels (see `GEMMLoops`).
public protocol GatherLoops {
  /// Pixels to neighbouring panels: panel p [i, 0 ..< W] = source[offsets[i] + p W + 0 ..< W], with zero in the lanes
  /// beyond `channels` channels of all panels together, and where offsets[i] < 0. Pixel by pixel, because a pixel's
  /// channels lie together and the next pixel's may be a multiple of 4 KB away.
  static func gatherPanels(
    _ count: Int, source: UnsafePointer<Float>, offsets: UnsafePointer<Int>, channels: Int,
    panels: UnsafeMutablePointer<Float>, panelStride: Int)

  /// Neighbouring panels to pixels: destination[offsets[i] + p W + 0 ..< W] = panel p [i, 0 ..< W] up to `channels`
  /// channels of all panels together, for the offsets that are not negative.
  static func scatterPanels(
    _ count: Int, panels: UnsafePointer<Float>, panelStride: Int, offsets: UnsafePointer<Int>, channels: Int,
    destination: UnsafeMutablePointer<Float>)

  /// destination[r, 0 ..< W] = source[r * rowStride + 0 ..< W]^T: element (r, l) comes from source[l * laneStride + r],
  /// for `rows` rows and `lanes` lanes, zero in the other lanes.
  static func transposePanel(
    rows: Int, lanes: Int, source: UnsafePointer<Float>, laneStride: Int, destination: UnsafeMutablePointer<Float>)

  /// destination[r * destinationStride + 0 ..< channels] (+)= panel[r, 0 ..< channels] for `rows` rows.
  static func unpackPanel(
    rows: Int, panel: UnsafePointer<Float>, channels: Int, destination: UnsafeMutablePointer<Float>,
    destinationStride: Int, accumulate: Bool)

  /// destination[r * rowStride + i * step + 0 ..< W] += panels[r * panelStride + i * W + 0 ..< W] for `rows` rows r and
  /// `count` places i, the places in order: neighbours overlap where step < W.
  static func overlapAdd(
    rows: Int, count: Int, panels: UnsafePointer<Float>, panelStride: Int, destination: UnsafeMutablePointer<Float>,
    rowStride: Int, step: Int)
}
