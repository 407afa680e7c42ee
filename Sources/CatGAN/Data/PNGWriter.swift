// RGB to PNG through libpng's simplified API.

import CPNG

enum PNGWriter {
  /// - Throws: `PictureError` if libpng refuses (no memory).
  static func encode(_ picture: Picture) throws(PictureError) -> [UInt8] {
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    image.width = UInt32(picture.width)
    image.height = UInt32(picture.height)
    image.format = UInt32(PNG_FORMAT_FLAG_COLOR)
    defer { png_image_free(&image) }
    // Deflate's output is never longer than this (PNG_IMAGE_PNG_SIZE_MAX's reasoning, which Swift cannot import).
    let raw = (picture.width * 3 + 1) * picture.height
    var size = raw + raw / 1000 + 4096
    var written: Int32 = 0
    let data = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      written = png_image_write_to_memory(&image, buffer.baseAddress, &size, 0, picture.pixels, 0, nil)
      count = written != 0 ? size : 0
    }
    guard written != 0 else { throw PictureError("cannot be encoded as PNG") }
    return data
  }
}
