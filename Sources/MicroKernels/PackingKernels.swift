/// Moves pixels between tensors, channels last, and panels (see `GEMMKernels`).
public protocol PackingKernels {
  /// Pixels to neighbouring panels: panel p [i, 0 ..< W] = source[i * step + p W + 0 ..< W], with zero in the lanes
  /// beyond `channels` channels of all panels together.
  static func packPanels(
    _ count: Int, source: UnsafePointer<Float>, step: Int, channels: Int, panels: UnsafeMutablePointer<Float>,
    panelStride: Int)

  /// Neighbouring panels to pixels: destination[i * step + p W + 0 ..< W] = panel p [i, 0 ..< W] up to `channels`
  /// channels of all panels together.
  static func scatterPanels(
    _ count: Int, panels: UnsafePointer<Float>, panelStride: Int, channels: Int,
    destination: UnsafeMutablePointer<Float>, step: Int)

  /// destination[r, 0 ..< W]: element (r, l) comes from source[l * laneStride + r],
  /// for `rows` rows and `lanes` lanes, zero in the other lanes.
  static func transposePanel(
    rows: Int, lanes: Int, source: UnsafePointer<Float>, laneStride: Int, destination: UnsafeMutablePointer<Float>)

  /// destination[r * destinationStride + 0 ..< channels] (+)= panel[r, 0 ..< channels] for `rows` rows.
  static func unpackPanel(
    rows: Int, panel: UnsafePointer<Float>, channels: Int, destination: UnsafeMutablePointer<Float>,
    destinationStride: Int, accumulate: Bool)

  /// destination[i * step + 0 ..< W] += panel[i, 0 ..< W] for `count` places i, which overlap where step < W.
  static func overlapAdd(
    _ count: Int, panel: UnsafePointer<Float>, destination: UnsafeMutablePointer<Float>, step: Int)
}
