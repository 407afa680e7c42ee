/// The container format of PNG: a signature, then chunks of length, type, data and checksum (PNG specification, third
/// edition, section 5). Compression is libpng's business.
package enum PNGChunks {
  package static let signature: [UInt8] = [137, 80, 78, 71, 13, 10, 26, 10]

  /// The chunks of a file that libpng has just made.
  package static func split(_ file: [UInt8]) -> [(type: String, data: ArraySlice<UInt8>)] {
    var chunks: [(type: String, data: ArraySlice<UInt8>)] = []
    var position = signature.count
    while position + 12 <= file.count {
      let length = file[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      let type = String(decoding: file[position + 4..<position + 8], as: UTF8.self)
      chunks.append((type, file[position + 8..<position + 8 + length]))
      position += length + 12
    }
    return chunks
  }

  package static func append(_ type: String, _ data: some Collection<UInt8>, to file: inout [UInt8]) {
    appendBigEndian(UInt32(data.count), to: &file)
    let start = file.count
    file += type.utf8
    file += data
    appendBigEndian(crc32(file[start...]), to: &file)
  }

  static func appendBigEndian<Number: FixedWidthInteger>(_ number: Number, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
  }

  /// The checksum of ISO 3309: polynomial 0xEDB88320 reflected, begun and ended with all ones.
  static func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    ~bytes.reduce(~0) { crc, byte in table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ (crc >> 8) }
  }

  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
  }
}
