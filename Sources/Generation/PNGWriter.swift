import CPNG

/// Pictures as PNG files in memory: 8-bit RGB, not interlaced, compressed for speed.
public enum PNGWriter {
  /// - Throws: `PictureError` with libpng's reason; the picture's size is the only thing it can dislike.
  public static func encode(_ picture: Picture) throws -> [UInt8] {
    try picture.pixels.withUnsafeBytes { bytes in
      try encode(bytes, width: picture.width, height: picture.height)
    }
  }

  /// - Parameter pixels: [height, width, 3].
  public static func encode(
    _ pixels: UnsafeRawBufferPointer, width: Int, height: Int
  ) throws(PictureError) -> [UInt8] {
    precondition(pixels.count == width * height * 3 && !pixels.isEmpty)
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    image.width = UInt32(width)
    image.height = UInt32(height)
    image.format = UInt32(PNG_FORMAT_FLAG_COLOR)
    image.flags = UInt32(PNG_IMAGE_FLAG_FAST)
    var size = largestSize(pixelBytes: pixels.count, rows: height)
    var failure: PictureError?
    let encoded = [UInt8](unsafeUninitializedCapacity: size) { output, count in
      let succeeded = png_image_write_to_memory(&image, output.baseAddress, &size, 0, pixels.baseAddress, 0, nil)
      if succeeded == 0 { failure = PictureError("libpng: \(message(of: image))") }
      count = succeeded == 0 ? 0 : size
    }
    png_image_free(&image)
    if let failure { throw failure }
    return encoded
  }

  /// An upper bound of the file's size: deflate's worst case over rows with their filter byte, and twelve bytes around
  /// each chunk of at least a kilobyte. Asking libpng for the exact size would compress everything twice.
  private static func largestSize(pixelBytes: Int, rows: Int) -> Int {
    let raw = pixelBytes + rows
    let deflated = raw + raw / 8 + raw / 64 + 64
    return deflated + (deflated / 1024 + 1) * 12 + 1024
  }

  private static func message(of image: png_image) -> String {
    withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
