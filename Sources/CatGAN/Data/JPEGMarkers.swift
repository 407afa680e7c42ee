// What a JPEG says about itself before any decoding: size, number of scans, EXIF orientation.
//
// The marker syntax is ITU-T T.81 annex B; EXIF is a TIFF structure inside an APP1 segment (JEITA CP-3451).
// Everything is read with bounds checked, because every byte may be hostile; what cannot be understood is left to
// the decoder to refuse.

/// The facts that the limits and the orientation need.
struct JPEGMarkers: Equatable {
  var width = 0
  var height = 0
  /// Start-of-scan markers up to the end of the image.
  var scans = 0
  /// Whether the samples are Huffman-coded in the lossy way, as in nearly all files.
  var huffman = false
  /// EXIF orientation, 1 through 8; 1 (upright) where none is given.
  var orientation = 1

  /// Walks the markers as libjpeg does: bytes that are not a marker are passed over, entropy-coded data among them
  /// (there a 0xFF is followed by 0 or a restart marker).
  init(_ data: [UInt8]) {
    var at = 2
    var sawEXIF = false
    while true {
      while at < data.count && data[at] != 0xFF { at += 1 }
      while at < data.count && data[at] == 0xFF { at += 1 }
      guard at < data.count else { return }
      let marker = data[at]
      at += 1
      switch marker {
      case 0x00, 0x01, 0xD0...0xD8: continue
      case 0xD9: return
      default: break
      }
      guard let length = data.bigEndian16(at), length >= 2, length <= data.count - at else { return }
      let body = (at + 2)..<(at + length)
      switch marker {
      case 0xC4, 0xC8, 0xCC: break
      case 0xC0...0xCF:
        // precision, height, width
        if body.count >= 5 && width == 0 {
          height = data.bigEndian16(body.lowerBound + 1)!
          width = data.bigEndian16(body.lowerBound + 3)!
          huffman = marker <= 0xC2
        }
      case 0xDA: scans += 1
      case 0xE1 where !sawEXIF:
        if data[body].starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0]) {  // "Exif"
          sawEXIF = true
          orientation = Self.orientation(tiff: data[body.dropFirst(6)])
        }
      default: break
      }
      at += length
    }
  }

  /// Tag 0x0112 of the first directory; 1 if it is missing or makes no sense.
  private static func orientation(tiff: ArraySlice<UInt8>) -> Int {
    let bytes = Array(tiff)
    let little = bytes.starts(with: [0x49, 0x49])
    guard little || bytes.starts(with: [0x4D, 0x4D]) else { return 1 }
    func u16(_ at: Int) -> Int? { bytes.bigEndian16(at).map { little ? ($0 & 0xFF) << 8 | $0 >> 8 : $0 } }
    func u32(_ at: Int) -> Int? {
      guard let first = u16(at), let second = u16(at + 2) else { return nil }
      return little ? second << 16 | first : first << 16 | second
    }
    guard u16(2) == 42, let directory = u32(4), let entries = u16(directory) else { return 1 }
    for entry in 0..<entries {
      let at = directory + 2 + 12 * entry
      guard let tag = u16(at) else { return 1 }
      guard tag == 0x0112 else { continue }
      // The standard says SHORT (3); some cameras write LONG (4).
      let value = u16(at + 2) == 3 ? u16(at + 8) : u16(at + 2) == 4 ? u32(at + 8) : nil
      return value.flatMap { (1...8).contains($0) ? $0 : nil } ?? 1
    }
    return 1
  }
}

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
}
