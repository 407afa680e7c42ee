import CPNG

/// Pictures as PNG files in memory: 8-bit RGB, not interlaced, compressed for speed.
public enum PNGWriter {
  /// Pixels of a side, at most: libpng's own limit.
  public static let longestSide = 1_000_000

  /// - Parameter isOwnOutput: whether the file bears `OwnMark`, so that it is not taken for training data.
  /// - Throws: `PictureError` with libpng's reason; only the picture's size can be refused.
  public static func encode(_ picture: Picture, isOwnOutput: Bool = true) throws(PictureError) -> [UInt8] {
    let result = picture.pixels.withUnsafeBytes { bytes in
      Result { () throws(PictureError) in
        try encode(bytes, width: picture.width, height: picture.height, isOwnOutput: isOwnOutput)
      }
    }
    return try result.get()
  }

  /// - Parameters:
  ///   - pixels: [height, width, 3].
  ///   - isOwnOutput: whether the file bears `OwnMark`, so that it is not taken for training data.
  public static func encode(
    _ pixels: UnsafeRawBufferPointer, width: Int, height: Int, isOwnOutput: Bool = true
  ) throws(PictureError) -> [UInt8] {
    precondition(pixels.count == width * height * 3 && !pixels.isEmpty)
    var target = cpng_memory()
    var succeeded = false
    let encoded = [UInt8](unsafeUninitializedCapacity: largestSize(pixelBytes: pixels.count, rows: height)) {
      target.bytes = $0.baseAddress
      target.capacity = $0.count
      let first = pixels.bindMemory(to: UInt8.self).baseAddress
      let software = isOwnOutput ? OwnMark.software : nil
      succeeded = cpng_encode_rgb(first, UInt32(width), UInt32(height), software, &target) != 0
      $1 = succeeded ? target.count : 0
    }
    guard succeeded else { throw PictureError("cannot be encoded as PNG (libpng: \(message(of: target)))") }
    return encoded
  }

  /// An upper bound of the file's size: deflate's worst case over rows with their filter byte, and twelve bytes around
  /// each chunk of at least a kilobyte. Asking libpng for the exact size would compress everything twice.
  private static func largestSize(pixelBytes: Int, rows: Int) -> Int {
    let raw = pixelBytes + rows
    let deflated = raw + raw / 8 + raw / 64 + 64
    return deflated + (deflated / 1024 + 1) * 12 + 1024
  }

  private static func message(of target: cpng_memory) -> String {
    withUnsafeBytes(of: target.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
