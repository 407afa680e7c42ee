// JPEG through libjpeg-turbo: baseline and progressive, Huffman and arithmetic; gray, YCbCr, RGB, CMYK and YCCK. Versions
// from 3 on also read lossless files and those of more than 8 bits.
//
// A file is used if all its pixels are there, whatever else is wrong with it. One that breaks off or has damaged codes is
// refused: the decoder fills the missing part with gray, and that is nothing to learn from.

import CJPEG
import Images

enum JPEGReader {
  /// Two bytes only: libjpeg passes over what may be between them and the first segment.
  static func recognises(_ head: [UInt8]) -> Bool { head.starts(with: [0xFF, 0xD8]) && !head.starts(with: jpegLS) }

  /// How JPEG-LS, another format, begins.
  static let jpegLS: [UInt8] = [0xFF, 0xD8, 0xFF, 0xF7]

  /// Decodes, and turns upright by the EXIF orientation unless `asStored`.
  ///
  /// - Parameter shorterSide: the smallest shorter side that is good enough. A larger picture is reduced to a half,
  ///   a quarter or an eighth inside the inverse DCT, as long as this many pixels remain; nil decodes in full.
  static func decode(
    _ data: [UInt8], shorterSide: Int?, limits: PictureLimits, asStored: Bool, note: (String) -> Void
  ) throws(PictureError) -> Picture {
    let markers = JPEGMarkers(data)
    let divisor =
      markers.isLossless ? 1 : reduction(of: min(markers.width, markers.height), to: shorterSide)
    try check(markers, bytes: data.count, divisor: divisor, limits: limits)
    let result = data.withUnsafeBufferPointer { bytes in
      Result { () throws(PictureError) in
        try decode(bytes, markers, divisor: divisor, limits: limits, note: note)
      }
    }
    let picture = try result.get()
    return asStored ? picture : picture.upright(orientation: markers.orientation)
  }

  /// Refuses what is too large, before any memory is taken, and names what the library cannot read.
  private static func check(
    _ markers: JPEGMarkers, bytes: Int, divisor: Int, limits: PictureLimits
  ) throws(PictureError) {
    let size = markers.width * markers.height
    // No size at all is left to the decoder, which says better what is wrong.
    if size > 0 {
      // Several scans are kept as coefficients of two bytes until all are read.
      let bytes = (markers.scans > 1 ? 6 : 0) + (divisor > 1 ? 2 : 8)
      try limits.check(width: markers.width, height: markers.height, bytesPerPixel: bytes)
    }
    guard markers.scans <= limits.scans, markers.scans * size <= limits.scanPixels else {
      throw PictureError("has \(markers.scans) scans of \(markers.width)x\(markers.height) pixels, more than are read")
    }
    // A Huffman code has at least one bit, and some component at least a quarter of the picture's 8x8 blocks.
    guard !markers.isHuffman || size / 2048 <= bytes else {
      throw damaged("\(bytes) bytes cannot hold \(markers.width)x\(markers.height) pixels")
    }
    let kind =
      markers.isHierarchical ? "a hierarchical" : markers.isLossless ? "a lossless" : "a \(markers.precision)-bit"
    let library = Int(cjpeg_library_version())
    let readable = library >= 3_000_000 ? 8...16 : 8...8
    if markers.isHierarchical || (markers.isLossless && readable.count == 1)
      || (markers.process != 0 && !readable.contains(markers.precision))
    {
      let version = "\(library / 1_000_000).\(library / 1000 % 1000)"
      throw PictureError(
        "is \(kind) JPEG, which libjpeg-turbo \(version) does not read; convert it to PNG: magick FILE FILE.png")
    }
    guard markers.scans == 0 || markers.missingComponents.isEmpty else {
      throw damaged("the scans of \(markers.missingComponents.count) of its colours are missing")
    }
  }

  private static func decode(
    _ data: UnsafeBufferPointer<UInt8>, _ markers: JPEGMarkers, divisor: Int, limits: PictureLimits,
    note: (String) -> Void
  ) throws(PictureError) -> Picture {
    guard let decoder = cjpeg_open(data.baseAddress, UInt(data.count), Int32(limits.scans)) else {
      throw PictureError("cannot be decoded: no memory for a decoder")
    }
    defer { cjpeg_close(decoder) }
    if let message = message(decoder) { throw damaged(message) }
    let (width, height) = (Int(decoder.pointee.info.image_width), Int(decoder.pointee.info.image_height))
    guard width == markers.width, height == markers.height else {
      throw damaged("it gives its size twice")
    }
    let (w, h) = ((width + divisor - 1) / divisor, (height + divisor - 1) / divisor)
    let channels = Int(cjpeg_channels(decoder))
    var succeeded = false
    let bytes = [UInt8](unsafeUninitializedCapacity: w * h * channels) { buffer, count in
      succeeded = cjpeg_decode(decoder, Int32(divisor), buffer.baseAddress) != 0
      // A decoder that gave up has left a part unwritten, which must not be looked at.
      count = succeeded ? w * h * channels : 0
    }
    guard succeeded else { throw damaged(message(decoder) ?? "no reason given") }
    for (bit, words) in blemishes where Int(decoder.pointee.blemishes) & bit != 0 { note(words) }
    let samples = Samples(width: w, height: h, model: Samples.Model(rawValue: channels)!, bytes: bytes)
    let profile = UnsafeBufferPointer(start: decoder.pointee.profile, count: Int(decoder.pointee.profile_count))
    return samples.picture(
      coding: profile.isEmpty ? .sRGB : .profile(Array(profile)), background: .midGray, note: note)
  }

  private static let blemishes: [(Int, String)] = [
    (CJPEG_UNKNOWN_REVISION, "states a revision of JFIF that does not exist"),
    (CJPEG_STRAY_BYTES, "has stray bytes between its parts"),
    (CJPEG_NO_END, "lacks its end marker"),
    (CJPEG_UNKNOWN_TRANSFORM, "states a colour transform that does not exist"),
    (CJPEG_SCAN_PARAMETERS, "states scan parameters that a sequential picture does not have"),
    (CJPEG_BROKEN_PROFILE, "has a damaged colour profile, which is passed over"),
  ]

  private static func message(_ decoder: UnsafeMutablePointer<cjpeg_decoder>) -> String? {
    let text = withUnsafeBytes(of: decoder.pointee.escape.message) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    return text.isEmpty ? nil : text
  }

  private static func damaged(_ reason: String) -> PictureError { PictureError("is a damaged JPEG (\(reason))") }

  /// 8, 4, 2 or 1: the largest reduction that leaves `wanted` pixels.
  private static func reduction(of side: Int, to wanted: Int?) -> Int {
    guard let wanted else { return 1 }
    return [8, 4, 2].first { side / $0 >= wanted } ?? 1
  }
}
