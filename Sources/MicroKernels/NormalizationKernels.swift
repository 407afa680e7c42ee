/// Per-channel sums and the affine maps of batch normalisation, channels last: arrays are [rows, channels], densely
/// packed. `slope` is that of a leaky ReLU fused behind the affine map; 1 leaves it out.
public protocol NormalizationKernels {
  /// Overwrites mean [channels] and squares [channels], the sum of (x - mean)^2 over the rows of this block. Reads the
  /// block twice: a block that fits a cache costs memory once, and squares about the block's own mean do not cancel.
  static func columnMoments(
    _ data: UnsafePointer<Float>, rows: Int, channels: Int, mean: UnsafeMutablePointer<Float>,
    squares: UnsafeMutablePointer<Float>)

  /// output = leaky(scale * input + shift). Overwrites `output`, which may be `input`.
  /// - Parameter streams: whether stores go past the caches, where a vector is a whole line. Then `output` begins at a
  ///   multiple of a line, and `channels` is one of W.
  static func affineLeaky(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, rows: Int, channels: Int,
    scale: UnsafePointer<Float>, shift: UnsafePointer<Float>, slope: Float, streams: Bool)

  /// With d = gradient * leaky'(scale * input + shift), adds over the rows d to gradientSums [channels] and
  /// d * (input - mean) to productSums [channels]. Rows of one call are added up in Float.
  static func affineLeakySums(
    gradient: UnsafePointer<Float>, input: UnsafePointer<Float>, rows: Int, channels: Int,
    scale: UnsafePointer<Float>, shift: UnsafePointer<Float>, mean: UnsafePointer<Float>, slope: Float,
    gradientSums: UnsafeMutablePointer<Double>, productSums: UnsafeMutablePointer<Double>)

  /// With d as above, gradient = scale * d + slant * (input - mean) + offset, in place.
  static func normalizationGradient(
    _ gradient: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, rows: Int, channels: Int,
    scale: UnsafePointer<Float>, shift: UnsafePointer<Float>, mean: UnsafePointer<Float>,
    slant: UnsafePointer<Float>, offset: UnsafePointer<Float>, slope: Float)
}
