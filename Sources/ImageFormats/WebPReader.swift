// WebP through libwebp: lossy and lossless; of an animation the first picture.

import CWebP
import Images

enum WebPReader {
  static func recognises(_ head: [UInt8]) -> Bool {
    head.starts(with: "RIFF".utf8) && head.dropFirst(8).starts(with: "WEBP".utf8)
  }

  /// Decodes, and turns upright by its EXIF chunk unless `asStored`; transparency is laid over `background`.
  static func decode(
    _ data: [UInt8], background: RGB, limits: PictureLimits, asStored: Bool, note: (String) -> Void
  ) throws(PictureError) -> Picture {
    var features = WebPBitstreamFeatures()
    guard WebPGetFeatures(data, data.count, &features) == VP8_STATUS_OK else { throw damaged("its header") }
    let (width, height) = (Int(features.width), Int(features.height))
    try limits.check(width: width, height: height)
    let moves = features.has_animation != 0
    let hasAlpha = moves || features.has_alpha != 0
    let (color, tiff) = try chunks(data)
    var decoded: [UInt8]?
    if moves {
      decoded = firstFrame(data, bytes: width * height * 4)
    } else {
      let stride = width * (hasAlpha ? 4 : 3)
      var succeeded = false
      let bytes = [UInt8](unsafeUninitializedCapacity: stride * height) { buffer, count in
        let output = buffer.baseAddress
        succeeded =
          (hasAlpha
            ? WebPDecodeRGBAInto(data, data.count, output, stride * height, Int32(stride))
            : WebPDecodeRGBInto(data, data.count, output, stride * height, Int32(stride))) != nil
        count = succeeded ? stride * height : 0
      }
      if succeeded { decoded = bytes }
    }
    guard let decoded else { throw damaged("its pixels are cut short or make no sense") }
    let samples = Samples(width: width, height: height, model: .rgb, hasAlpha: hasAlpha, bytes: decoded)
    let picture = samples.picture(coding: color, background: background, note: note)
    return asStored ? picture : picture.upright(orientation: tiff.isEmpty ? 1 : EXIF.orientation(tiff[...]))
  }

  /// Colour profile and EXIF, which are outside of the coded picture.
  private static func chunks(_ data: [UInt8]) throws(PictureError) -> (ColorCoding, exif: [UInt8]) {
    let found = data.withUnsafeBufferPointer { bytes -> [[UInt8]]? in
      var file = WebPData(bytes: bytes.baseAddress, size: bytes.count)
      var state = WEBP_DEMUX_PARSE_ERROR
      // Partial: a file may break off behind its pixels.
      guard let demuxer = WebPDemuxPartial(&file, &state) else { return nil }
      defer { WebPDemuxDelete(demuxer) }
      return ["ICCP", "EXIF"].map { name in
        var chunk = WebPChunkIterator()
        guard WebPDemuxGetChunk(demuxer, name, 1, &chunk) != 0 else { return [] }
        defer { WebPDemuxReleaseChunkIterator(&chunk) }
        return Array(UnsafeBufferPointer(start: chunk.chunk.bytes, count: chunk.chunk.size))
      }
    }
    guard let found else { throw damaged("its parts do not fit together") }
    return (found[0].isEmpty ? .sRGB : .profile(found[0]), found[1])
  }

  /// The first frame [height, width, 4] of an animation, on a transparent canvas.
  private static func firstFrame(_ data: [UInt8], bytes: Int) -> [UInt8]? {
    data.withUnsafeBufferPointer { input in
      var file = WebPData(bytes: input.baseAddress, size: input.count)
      guard let decoder = WebPAnimDecoderNew(&file, nil) else { return nil }
      defer { WebPAnimDecoderDelete(decoder) }
      var (frame, time): (UnsafeMutablePointer<UInt8>?, Int32) = (nil, 0)
      guard WebPAnimDecoderGetNext(decoder, &frame, &time) != 0, let frame else { return nil }
      return Array(UnsafeBufferPointer(start: frame, count: bytes))
    }
  }

  private static func damaged(_ reason: String) -> PictureError { PictureError("is a damaged WebP (\(reason))") }
}
