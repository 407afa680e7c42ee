// RGB to JPEG through TurboJPEG.

import CTurboJPEG

/// Encodes pictures as baseline JPEG.
public enum JPEGWriter {
  /// - Parameters:
  ///   - quality: 1 through 100. At 95 the loss is below what can be seen; colour is kept at full resolution,
  ///     because small pictures cannot spare any.
  /// - Throws: `PictureError` if the encoder refuses (a side above 65,500, or no memory).
  public static func encode(_ picture: Picture, quality: Int = 95) throws(PictureError) -> [UInt8] {
    guard let encoder = tjInitCompress() else { throw PictureError("cannot be encoded: no memory for an encoder") }
    defer { tjDestroy(encoder) }
    var data: UnsafeMutablePointer<UInt8>?
    var size: UInt = 0
    defer { tjFree(data) }
    let result = tjCompress2(
      encoder, picture.pixels, Int32(picture.width), 0, Int32(picture.height), Int32(TJPF_RGB.rawValue), &data, &size,
      Int32(TJSAMP_444.rawValue), Int32(quality), TJFLAG_ACCURATEDCT)
    guard result == 0 else {
      throw PictureError(
        "cannot be encoded (\(tjGetErrorStr2(encoder).map { String(cString: $0) } ?? "no reason given"))")
    }
    return Array(UnsafeBufferPointer(start: data, count: Int(size)))
  }
}
