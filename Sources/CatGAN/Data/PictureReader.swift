// From a file of any name to a picture: the format is told by the content.

/// Reads JPEG and PNG files.
public enum PictureReader {
  /// The bytes of a file's head that tell its format.
  static let headLength = 16

  /// Reads and decodes a file.
  ///
  /// - Parameters:
  ///   - shorterSide: if the shorter side has at least twice, four times or eight times this many pixels, a JPEG is
  ///     decoded at reduced size for speed; nil decodes in full.
  ///   - background: the colour under transparent pixels.
  ///   - asStored: whether to leave out the turn that EXIF asks for.
  /// - Throws: `PictureError` with the reason why there is no picture.
  public static func read(
    _ path: BytePath, shorterSide: Int? = nil, background: RGB = .midGray, limits: PictureLimits = PictureLimits(),
    asStored: Bool = false
  ) throws(PictureError) -> Picture {
    try decode(
      path.read(limit: limits.fileBytes), shorterSide: shorterSide, background: background, limits: limits,
      asStored: asStored)
  }

  /// Decodes the bytes of a file; parameters and errors as for `read`.
  public static func decode(
    _ data: [UInt8], shorterSide: Int? = nil, background: RGB = .midGray, limits: PictureLimits = PictureLimits(),
    asStored: Bool = false
  ) throws(PictureError) -> Picture {
    if JPEGReader.recognises(data) {
      return try JPEGReader.decode(data, shorterSide: shorterSide, limits: limits, asStored: asStored)
    }
    if PNGReader.recognises(data) { return try PNGReader.decode(data, background: background, limits: limits) }
    throw PictureError(objection(head: Array(data.prefix(headLength))))
  }

  /// Whether a file that begins like this is worth decoding.
  static func recognises(_ head: [UInt8]) -> Bool { JPEGReader.recognises(head) || PNGReader.recognises(head) }

  /// What is said of a file that begins like this and is neither JPEG nor PNG.
  static func objection(head: [UInt8]) -> String {
    guard !head.isEmpty else { return "is empty" }
    guard let format = otherFormat(head) else { return "is neither JPEG nor PNG" }
    return "is a \(format) picture; convert it to JPEG or PNG"
  }

  /// Picture formats that folders of photographs often hold and that are not read.
  static func otherFormat(_ head: [UInt8]) -> String? {
    func at(_ offset: Int, _ text: String) -> Bool { head.dropFirst(offset).starts(with: text.utf8) }
    if at(0, "GIF8") { return "GIF" }
    if at(0, "RIFF") && at(8, "WEBP") { return "WebP" }
    if at(4, "ftypavif") { return "AVIF" }
    if at(4, "ftyphei") || at(4, "ftypmif1") { return "HEIF" }
    if at(0, "II*\0") || at(0, "MM\0*") { return "TIFF" }
    return nil
  }
}
