// PNG to RGB through libpng's simplified API: every colour type and depth, interlaced or not.
//
// The simplified API is the only one without setjmp, which Swift cannot call. Chunks that colour-manage (iCCP) are
// not applied; a gAMA chunk is, by libpng.

import CPNG

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

enum PNGReader {
  private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  static func recognises(_ head: [UInt8]) -> Bool { head.starts(with: signature) }

  /// Decodes; transparency is laid over `background`.
  static func decode(_ data: [UInt8], background: RGB, limits: PictureLimits) throws(PictureError) -> Picture {
    try checkHeader(data, limits: limits)
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    defer { png_image_free(&image) }
    // The image keeps a pointer into the data between the two calls, so both happen while the array is held.
    let result = data.withUnsafeBytes { bytes -> Result<[UInt8], PictureError> in
      guard png_image_begin_read_from_memory(&image, bytes.baseAddress, bytes.count) != 0 else {
        return .failure(damaged(image))
      }
      let alpha = image.format & UInt32(PNG_FORMAT_FLAG_ALPHA) != 0
      let deep = data[24] == 16
      image.format = UInt32(PNG_FORMAT_FLAG_COLOR) | (alpha ? UInt32(PNG_FORMAT_FLAG_ALPHA) : 0)
      if deep {
        // 16 bits are read as 16 and reduced here: libpng mixes up the rows when it reduces an interlaced picture,
        // and some versions write past them (pnggroup/libpng issues 853 and 755). Samples that state no gamma are
        // sRGB, not linear.
        image.format |= UInt32(PNG_FORMAT_FLAG_LINEAR)
        image.flags |= UInt32(PNG_IMAGE_FLAG_16BIT_sRGB)
      }
      let count = Int(image.width) * Int(image.height) * (alpha ? 4 : 3)
      let pixels =
        deep
        ? finish(&image, count, of: UInt16.self).map { coded(light: $0, alpha: alpha) }
        : finish(&image, count, of: UInt8.self)
      return pixels.map { alpha ? lay($0, over: background) : $0 }
    }
    return Picture(width: Int(image.width), height: Int(image.height), pixels: try result.get())
  }

  private static func finish<Sample: FixedWidthInteger>(
    _ image: inout png_image, _ size: Int, of: Sample.Type
  ) -> Result<[Sample], PictureError> {
    var finished: Int32 = 0
    let samples = [Sample](unsafeUninitializedCapacity: size) { buffer, count in
      finished = png_image_finish_read(&image, nil, buffer.baseAddress, 0, nil)
      count = finished != 0 ? size : 0
    }
    return finished != 0 ? .success(samples) : .failure(damaged(image))
  }

  /// libpng's 16-bit samples, which are linear light with alpha multiplied in, as 8-bit codes beside their
  /// alpha.
  private static func coded(light: [UInt16], alpha: Bool) -> [UInt8] {
    let channels = alpha ? 4 : 3
    return codes.withUnsafeBufferPointer { codes in
      [UInt8](unsafeUninitializedCapacity: light.count) { output, count in
        for i in stride(from: 0, to: light.count, by: channels) {
          let cover = alpha ? Int(light[i + 3]) : 65_535
          for c in 0..<3 {
            let sample = cover == 0 ? 0 : min(65_535, (Int(light[i + c]) * 65_535 + cover / 2) / cover)
            output[i + c] = codes[sample]
          }
          if alpha { output[i + 3] = UInt8((cover + 128) / 257) }
        }
        count = light.count
      }
    }
  }

  /// Linear light (0...65535) to an 8-bit code. libpng takes sRGB for a power of 2.2, and this undoes what it did.
  private static let codes: [UInt8] = (0...65_535).map { level in
    UInt8((pow(Double(level) / 65_535, 1 / 2.2) * 255).rounded())
  }

  /// Refuses a header that promises too much, before libpng allocates by it.
  private static func checkHeader(_ data: [UInt8], limits: PictureLimits) throws(PictureError) {
    guard let width = data.bigEndian32(16), let height = data.bigEndian32(20), data.count >= 33 else {
      throw PictureError("is a damaged PNG (it ends within its header)")
    }
    try limits.check(width: width, height: height)
    let channels = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][data[25]] ?? 1
    // Deflate cannot expand more than 1032-fold (zlib, "Maximum expansion factor"), so a shorter file cannot hold it.
    guard width * height * channels * Int(data[24]) / 8 / 1032 <= data.count else {
      throw PictureError("is a damaged PNG (\(data.count) bytes cannot hold \(width)x\(height) pixels)")
    }
  }

  private static func damaged(_ image: png_image) -> PictureError {
    let message = withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return PictureError("is a damaged PNG (\(message))")
  }

  /// RGBA to RGB, mixing the coded values (not linear light) as browsers do.
  private static func lay(_ pixels: [UInt8], over background: RGB) -> [UInt8] {
    let below = [Int(background.red), Int(background.green), Int(background.blue)]
    return pixels.withUnsafeBufferPointer { input in
      [UInt8](unsafeUninitializedCapacity: input.count / 4 * 3) { output, count in
        for i in 0..<(input.count / 4) {
          let alpha = Int(input[4 * i + 3])
          for c in 0..<3 {
            output[3 * i + c] = UInt8((Int(input[4 * i + c]) * alpha + below[c] * (255 - alpha) + 127) / 255)
          }
        }
        count = input.count / 4 * 3
      }
    }
  }
}
