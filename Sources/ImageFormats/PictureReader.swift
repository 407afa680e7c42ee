// From a file of any name to a picture: the format is told by the content.

import Images
import Storage

/// Reads JPEG, PNG, WebP, BMP, PPM, PGM and PBM files.
public enum PictureReader {
  /// The formats, for people.
  public static let formats = "JPEG, PNG, WebP, BMP, PPM, PGM and PBM"

  /// The bytes of a file's head that tell its format.
  package static let headLength = 128

  /// Reads and decodes a file.
  ///
  /// - Parameters:
  ///   - shorterSide: if the shorter side has at least twice, four times or eight times this many pixels, a JPEG is
  ///     decoded at reduced size for speed; nil decodes in full.
  ///   - background: the colour under transparent pixels.
  ///   - asStored: whether to leave out the turn that EXIF asks for.
  ///   - note: called with what is wrong with a file that is used nevertheless: phrases that follow the file's name.
  /// - Throws: `PictureError` with the reason why there is no picture.
  public static func read(
    _ path: BytePath, shorterSide: Int? = nil, background: RGB = .midGray, limits: PictureLimits = PictureLimits(),
    asStored: Bool = false, note: (String) -> Void = { _ in }
  ) throws(PictureError) -> Picture {
    let data = try path.read(limit: limits.fileBytes)
    guard recognises(data) else { throw PictureError(objection(head: data, name: path)) }
    return try decode(
      data, shorterSide: shorterSide, background: background, limits: limits, asStored: asStored, note: note)
  }

  /// Decodes the bytes of a file; parameters and errors as for `read`.
  public static func decode(
    _ data: [UInt8], shorterSide: Int? = nil, background: RGB = .midGray, limits: PictureLimits = PictureLimits(),
    asStored: Bool = false, note: (String) -> Void = { _ in }
  ) throws(PictureError) -> Picture {
    if JPEGReader.recognises(data) {
      return try JPEGReader.decode(data, shorterSide: shorterSide, limits: limits, asStored: asStored, note: note)
    }
    if PNGReader.recognises(data) {
      return try PNGReader.decode(data, background: background, limits: limits, asStored: asStored, note: note)
    }
    if WebPReader.recognises(data) {
      return try WebPReader.decode(data, background: background, limits: limits, asStored: asStored, note: note)
    }
    if BMPReader.recognises(data) {
      return try BMPReader.decode(data, background: background, limits: limits, note: note)
    }
    if PNMReader.recognises(data) { return try PNMReader.decode(data, limits: limits) }
    throw PictureError(objection(head: data, name: BytePath("")))
  }

  /// Whether a file that begins like this is worth decoding.
  package static func recognises(_ head: [UInt8]) -> Bool {
    JPEGReader.recognises(head) || PNGReader.recognises(head) || WebPReader.recognises(head)
      || BMPReader.recognises(head) || PNMReader.recognises(head)
  }

  /// What is said of a file that begins like this and is not recognised.
  private static func objection(head: [UInt8], name: BytePath) -> String {
    if head.isEmpty { return "is empty" }
    return PictureFormat.objection(head: Array(head.prefix(headLength)), name: name)
      ?? "is none of the formats that are read: \(formats)"
  }
}
