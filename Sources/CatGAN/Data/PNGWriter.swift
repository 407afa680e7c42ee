// RGB to PNG, by the one writer.

import Generation

enum PNGWriter {
  /// - Parameter isOwnOutput: mark the file as nothing to learn from.
  /// - Throws: `PictureError` if libpng refuses (no memory).
  static func encode(_ picture: Picture, isOwnOutput: Bool = false) throws(PictureError) -> [UInt8] {
    let result = picture.pixels.withUnsafeBytes { bytes in
      Result { () throws(Generation.PictureError) in
        try Generation.PNGWriter.encode(
          bytes, width: picture.width, height: picture.height, isOwnOutput: isOwnOutput)
      }
    }
    do {
      return try result.get()
    } catch {
      throw PictureError("cannot be encoded as PNG (\(error.description))")
    }
  }
}
