// An RGB picture in memory, and why there is none.

/// A picture as bytes [height, width, 3], red first, in sRGB.
public struct Picture: Sendable, Equatable {
  public let width: Int
  public let height: Int
  public var pixels: [UInt8]

  /// - Precondition: both sides are positive and `pixels` has `height * width * 3` bytes.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0 && pixels.count == width * height * 3, "a picture needs h*w*3 bytes")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// The picture as a binary portable pixmap (P6), which bears `OwnMark`.
  public var ppm: [UInt8] { Picture.ppmHeader(width: width, height: height) + pixels }

  /// The header of a binary portable pixmap.
  public static func ppmHeader(width: Int, height: Int) -> [UInt8] {
    Array("P6\n\(OwnMark.comment)\(width) \(height)\n255\n".utf8)
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

/// Why there is no picture: for a file that gives none, a phrase that follows its name ("is cut short ..."); otherwise a
/// sentence.
public struct PictureError: Error, Equatable, CustomStringConvertible, Sendable {
  public let description: String

  public init(_ reason: String) { description = reason }
}
