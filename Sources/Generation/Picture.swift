/// An 8-bit RGB picture: rows top to bottom, pixels left to right, three bytes each.
public struct Picture: Equatable, Sendable {
  public let width: Int
  public let height: Int
  public var pixels: [UInt8]

  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0 && pixels.count == width * height * 3)
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// The picture as a binary portable pixmap (P6), which bears `OwnMark`.
  public var ppm: [UInt8] { Picture.ppmHeader(width: width, height: height) + pixels }

  /// What stands before the pixels of a binary portable pixmap.
  public static func ppmHeader(width: Int, height: Int) -> [UInt8] {
    Array("P6\n\(OwnMark.comment)\(width) \(height)\n255\n".utf8)
  }
}

/// What went wrong with a picture or an output file, in one sentence for the user.
public struct PictureError: Error, CustomStringConvertible, Sendable {
  public let description: String

  public init(_ description: String) {
    self.description = description
  }
}
