// JPEG to RGB through TurboJPEG: baseline and progressive; gray, YCbCr, RGB, CMYK and YCCK.
//
// A file that decodes only with warnings (cut short, damaged Huffman codes) is refused: the decoder fills the
// missing part with gray, and that is nothing to learn from.

import CTurboJPEG

enum JPEGReader {
  static func recognises(_ head: [UInt8]) -> Bool { head.starts(with: [0xFF, 0xD8, 0xFF]) }

  /// Decodes, and turns upright by the EXIF orientation unless `asStored`.
  ///
  /// - Parameter shorterSide: the smallest shorter side that is good enough. A larger picture is reduced to a half,
  ///   a quarter or an eighth inside the inverse DCT, as long as this many pixels remain; nil decodes in full.
  static func decode(_ data: [UInt8], shorterSide: Int?, limits: PictureLimits, asStored: Bool) throws(PictureError)
    -> Picture
  {
    let markers = JPEGMarkers(data)
    let size = markers.width * markers.height
    // No size at all is left to the decoder, which says better what is wrong.
    if size > 0 { try limits.check(width: markers.width, height: markers.height) }
    guard markers.scans <= limits.scans, markers.scans * size <= limits.scanPixels else {
      throw PictureError("has \(markers.scans) scans of \(markers.width)x\(markers.height) pixels, more than are read")
    }
    // A Huffman code has at least one bit, and some component at least a quarter of the picture's 8x8 blocks.
    guard !markers.huffman || size / 2048 <= data.count else {
      throw PictureError(
        "is a damaged JPEG (\(data.count) bytes cannot hold \(markers.width)x\(markers.height) pixels)")
    }
    guard let decoder = tjInitDecompress() else { throw PictureError("cannot be decoded: no memory for a decoder") }
    defer { tjDestroy(decoder) }
    var (width, height, subsampling, colors): (Int32, Int32, Int32, Int32) = (-1, -1, -1, -1)
    // The result is not looked at: it complains of unusual subsampling, too, which the decoder itself can handle.
    _ = tjDecompressHeader3(decoder, data, UInt(data.count), &width, &height, &subsampling, &colors)
    guard width > 0, height > 0, colors >= 0 else { throw damaged(decoder) }
    guard Int(width) == markers.width, Int(height) == markers.height else {
      throw PictureError("is a damaged JPEG (it gives its size twice)")
    }

    let divisor = reduction(of: Int(min(width, height)), to: shorterSide)
    let (w, h) = ((Int(width) + divisor - 1) / divisor, (Int(height) + divisor - 1) / divisor)
    let inks = colors == Int32(TJCS_CMYK.rawValue) || colors == Int32(TJCS_YCCK.rawValue)
    let format = inks ? TJPF_CMYK : TJPF_RGB
    let bytes = w * h * (inks ? 4 : 3)
    var result: Int32 = 0
    let decoded = [UInt8](unsafeUninitializedCapacity: bytes) { buffer, count in
      result = tjDecompress2(
        decoder, data, UInt(data.count), buffer.baseAddress, Int32(w), 0, Int32(h), Int32(format.rawValue),
        TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS | TJFLAG_STOPONWARNING)
      // A decoder that gave up has left a part unwritten, which must not be looked at.
      count = result == 0 ? bytes : 0
    }
    guard result == 0 else { throw damaged(decoder) }
    let picture = Picture(width: w, height: h, pixels: inks ? rgb(fromInks: decoded) : decoded)
    return asStored ? picture : picture.upright(orientation: markers.orientation)
  }

  private static func damaged(_ decoder: tjhandle) -> PictureError {
    PictureError("is a damaged JPEG (\(tjGetErrorStr2(decoder).map { String(cString: $0) } ?? "no reason given"))")
  }

  /// 8, 4, 2 or 1: the largest reduction that leaves `wanted` pixels.
  private static func reduction(of side: Int, to wanted: Int?) -> Int {
    guard let wanted else { return 1 }
    return [8, 4, 2].first { side / $0 >= wanted } ?? 1
  }

  /// CMYK JPEGs store 255 minus the ink, as Adobe's programs began; red is then cyan times black.
  private static func rgb(fromInks inks: [UInt8]) -> [UInt8] {
    inks.withUnsafeBufferPointer { input in
      [UInt8](unsafeUninitializedCapacity: input.count / 4 * 3) { output, count in
        for i in 0..<(input.count / 4) {
          let key = Int(input[4 * i + 3])
          for c in 0..<3 { output[3 * i + c] = UInt8((Int(input[4 * i + c]) * key + 127) / 255) }
        }
        count = input.count / 4 * 3
      }
    }
  }
}
