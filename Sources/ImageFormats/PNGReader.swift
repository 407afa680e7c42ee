// PNG through libpng: every colour type and depth, interlaced or not; of an animation the first picture.

import CPNG
import Images

enum PNGReader {
  static func recognises(_ head: [UInt8]) -> Bool { head.starts(with: PNGChunks.signature) }

  /// Decodes, and turns upright by an eXIf chunk unless `asStored`; transparency is laid over `background`.
  static func decode(
    _ data: [UInt8], background: RGB, limits: PictureLimits, asStored: Bool, note: (String) -> Void
  ) throws(PictureError) -> Picture {
    try checkHeader(data, limits: limits)
    let result = data.withUnsafeBufferPointer { bytes in
      Result { () throws(PictureError) in
        try decode(bytes, background: background, asStored: asStored, note: note)
      }
    }
    return try result.get()
  }

  private static func decode(
    _ data: UnsafeBufferPointer<UInt8>, background: RGB, asStored: Bool, note: (String) -> Void
  ) throws(PictureError) -> Picture {
    guard let decoder = cpng_open(data.baseAddress, data.count) else {
      throw PictureError("cannot be decoded: no memory for a decoder")
    }
    defer { cpng_close(decoder) }
    let (png, info) = (decoder.pointee.png, decoder.pointee.info)
    if let message = text(of: decoder.pointee.message) { throw damaged(message) }
    let (width, height) = (Int(png_get_image_width(png, info)), Int(png_get_image_height(png, info)))
    let (channels, depth) = (Int(png_get_channels(png, info)), Int(png_get_bit_depth(png, info)))
    let stride = Int(png_get_rowbytes(png, info))
    guard (1...4).contains(channels), depth == 8 || depth == 16, stride == width * channels * depth / 8 else {
      throw damaged("its samples make no pixels")
    }
    var succeeded = false
    let bytes = [UInt8](unsafeUninitializedCapacity: stride * height) { buffer, count in
      succeeded = cpng_decode(decoder, buffer.baseAddress, stride) != 0
      count = succeeded ? stride * height : 0
    }
    guard succeeded else { throw damaged(text(of: decoder.pointee.message) ?? "no reason given") }
    if let warning = text(of: decoder.pointee.warning) { note("has a fault that costs no pixel (libpng: \(warning))") }
    let samples = Samples(
      width: width, height: height, model: channels < 3 ? .gray : .rgb, hasAlpha: channels % 2 == 0,
      isDeep: depth == 16, bytes: bytes)
    let picture = samples.picture(coding: coding(png, info), background: background, note: note)
    return asStored ? picture : picture.upright(orientation: orientation(png, info))
  }

  /// An iCCP chunk goes before sRGB, and both before gAMA and cHRM (PNG specification, third edition, section 4.3).
  private static func coding(_ png: png_structp?, _ info: png_infop?) -> ColorCoding {
    var (name, profile): (UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<UInt8>?) = (nil, nil)
    var (compression, length, intent): (Int32, UInt32, Int32) = (0, 0, 0)
    if png_get_iCCP(png, info, &name, &compression, &profile, &length) != 0, let profile {
      return .profile(Array(UnsafeBufferPointer(start: profile, count: Int(length))))
    }
    var gamma = 0.0
    guard png_get_sRGB(png, info, &intent) == 0, png_get_gAMA(png, info, &gamma) != 0, gamma > 0 else { return .sRGB }
    var c = [Double](repeating: 0, count: 8)
    let isGiven = c.withUnsafeMutableBufferPointer {
      let c = $0.baseAddress!
      return png_get_cHRM(png, info, c, c + 1, c + 2, c + 3, c + 4, c + 5, c + 6, c + 7) != 0
    }
    if !isGiven { c = [] }
    return .power(exponent: 1 / gamma, chromaticities: c)
  }

  private static func orientation(_ png: png_structp?, _ info: png_infop?) -> Int {
    var (count, bytes): (UInt32, UnsafeMutablePointer<UInt8>?) = (0, nil)
    guard png_get_eXIf_1(png, info, &count, &bytes) != 0, let bytes else { return 1 }
    return EXIF.orientation(Array(UnsafeBufferPointer(start: bytes, count: Int(count)))[...])
  }

  /// Refuses a header that promises too much, before libpng allocates by it.
  private static func checkHeader(_ data: [UInt8], limits: PictureLimits) throws(PictureError) {
    guard let width = data.bigEndian32(16), let height = data.bigEndian32(20), data.count >= 33 else {
      throw damaged("it ends within its header")
    }
    try limits.check(width: width, height: height, bytesPerPixel: data[24] == 16 ? 16 : 10)
    let channels = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][data[25]] ?? 1
    // Deflate cannot expand more than 1032-fold (zlib, "Maximum expansion factor"), so a shorter file cannot hold it.
    guard width * height * channels * Int(data[24]) / 8 / 1032 <= data.count else {
      throw damaged("\(data.count) bytes cannot hold \(width)x\(height) pixels")
    }
  }

  /// The text in a C array of characters; nil where it is empty.
  private static func text<Characters>(of characters: Characters) -> String? {
    let text = withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return text.isEmpty ? nil : text
  }

  private static func damaged(_ reason: String) -> PictureError { PictureError("is a damaged PNG (\(reason))") }
}
