// Numbers within the bytes of a file.

extension [UInt8] {
  /// The big-endian 16-bit number at `at`, or nil outside the array.
  func bigEndian16(_ at: Int) -> Int? {
    guard at >= 0, at <= count - 2 else { return nil }
    return Int(self[at]) << 8 | Int(self[at + 1])
  }

  /// The big-endian 32-bit number at `at`, or nil outside the array.
  func bigEndian32(_ at: Int) -> Int? {
    guard let high = bigEndian16(at), let low = bigEndian16(at + 2) else { return nil }
    return high << 16 | low
  }

  /// The little-endian 16-bit number at `at`, or nil outside the array.
  func littleEndian16(_ at: Int) -> Int? { bigEndian16(at).map { ($0 & 0xFF) << 8 | $0 >> 8 } }

  /// The little-endian 32-bit number at `at`, or nil outside the array.
  func littleEndian32(_ at: Int) -> Int? {
    guard let low = littleEndian16(at), let high = littleEndian16(at + 2) else { return nil }
    return high << 16 | low
  }
}
