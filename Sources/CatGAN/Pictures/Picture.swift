// An RGB picture in memory, what may be read into one, and why a file was not.

import Kernels

/// A picture as bytes [height, width, 3], red first, in sRGB.
public struct Picture: Sendable, Equatable {
  public let width: Int
  public let height: Int
  public let pixels: [UInt8]

  /// - Precondition: both sides are positive and `pixels` has `height * width * 3` bytes.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0 && pixels.count == width * height * 3, "a picture needs h*w*3 bytes")
    self.width = width
    self.height = height
    self.pixels = pixels
  }
}

/// One colour, three bytes.
public struct RGB: Sendable, Equatable {
  public let red: UInt8
  public let green: UInt8
  public let blue: UInt8

  public init(red: UInt8, green: UInt8, blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// Mid-gray becomes 0 after scaling to [-1,1], which is also what the convolutions pad with; so transparent and
  /// letterboxed areas bring in no border of their own. It is the default background for that reason.
  public static let midGray = RGB(red: 128, green: 128, blue: 128)
}

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

  /// The same, where `threads` decode at once and share the memory that is free.
  func sharing(threads: Int) -> PictureLimits {
    var limits = self
    limits.memory = min(memory, (Memory.available ?? .max) / threads)
    return limits
  }

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

/// Why a file gives no picture: a phrase that follows the file's name ("is cut short ...").
public struct PictureError: Error, Equatable, CustomStringConvertible {
  public let description: String

  public init(_ reason: String) { description = reason }
}
