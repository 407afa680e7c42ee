// RGB to JPEG through libjpeg-turbo.

import CJPEG
import Images

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Encodes pictures as baseline JPEG.
public enum JPEGWriter {
  /// - Parameters:
  ///   - quality: 1 through 100. At 95 the loss is below what can be seen; colour is kept at full resolution,
  ///     because small pictures cannot spare any.
  /// - Throws: `PictureError` if the encoder refuses (a side above 65,500, or no memory).
  public static func encode(_ picture: Picture, quality: Int = 95) throws(PictureError) -> [UInt8] {
    var file = cjpeg_file()
    defer { free(file.bytes) }
    let succeeded = cjpeg_encode_rgb(
      picture.pixels, UInt32(picture.width), UInt32(picture.height), Int32(quality), &file)
    guard succeeded != 0 else {
      let reason = withUnsafeBytes(of: file.escape.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      throw PictureError("cannot be encoded as JPEG (\(reason))")
    }
    return Array(UnsafeBufferPointer(start: file.bytes, count: Int(file.count)))
  }
}
