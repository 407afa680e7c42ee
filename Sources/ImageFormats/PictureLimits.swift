import Images

/// How much one file may ask for. A header of a few bytes can promise a picture of gigabytes; nothing is allocated
/// before these are checked.
public struct PictureLimits: Sendable {
  /// Longest file read, in bytes.
  public var fileBytes = 256 << 20
  /// Most pixels (width times height) decoded.
  public var pixels = 100_000_000
  /// Longest side, in pixels: what a JPEG can state.
  public var side = 65_535
  /// Most scans of a JPEG. Encoders write about ten; each costs a pass over the picture, however few bytes it has.
  public var scans = 500
  /// Most pixels times scans of a JPEG, a bound on its decoding time (about 20 s).
  public var scanPixels = 2_000_000_000
  /// Most bytes of memory that decoding one picture may take.
  public var memory = Int.max

  public init() {}

  /// Refuses a size that is too large or that no picture has.
  /// - Parameter bytesPerPixel: what decoding takes, the picture itself included.
  func check(width: Int, height: Int, bytesPerPixel: Int = 10) throws(PictureError) {
    guard width > 0, height > 0 else { throw PictureError("is damaged (its size is \(width)x\(height) pixels)") }
    guard max(width, height) <= side, width * height <= pixels else {
      throw PictureError(
        "is \(width)x\(height) pixels large; at most \(pixels) pixels and sides of \(side) are read, so reduce it")
    }
    let needed = width * height * bytesPerPixel
    guard needed <= memory else {
      throw PictureError(
        "is \(width)x\(height) pixels large, which takes about \(needed / 1_000_000) MB of memory to decode, and "
          + "\(memory / 1_000_000) MB are free for it; reduce it, or lower --threads")
    }
  }
}
