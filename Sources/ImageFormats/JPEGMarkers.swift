// What a JPEG says about itself before any decoding: size, coding, number of scans, EXIF orientation.
//
// The marker syntax is ITU-T T.81 annex B. Everything is read with bounds checked, because every byte may be hostile; what
// cannot be understood is left to the decoder to refuse.

/// The facts that the limits, the orientation and what is said of a file need.
struct JPEGMarkers: Equatable {
  var width = 0
  var height = 0
  /// Bits of a sample; 0 without a frame.
  var precision = 0
  /// The frame's marker, 0xC0...0xCF; 0 without one.
  var process = 0
  /// Start-of-scan markers up to the end of the image.
  var scans = 0
  /// Numbers of the colour components, and of those of them that no scan holds.
  private(set) var components: Set<UInt8> = []
  private(set) var missingComponents: Set<UInt8> = []
  /// EXIF orientation, 1 through 8; 1 (upright) where none is given.
  var orientation = 1

  /// Whether the samples are Huffman-coded in the lossy way, as in nearly all files.
  var isHuffman: Bool { (0xC0...0xC2).contains(process) }
  /// Whether the samples are coded without loss (annex H).
  var isLossless: Bool { [0xC3, 0xC7, 0xCB, 0xCF].contains(process) }
  /// Whether the frame is one of several that give the picture together (annex J).
  var isHierarchical: Bool { [0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF].contains(process) }

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
      let body = data[(at + 2)..<(at + length)]
      switch marker {
      case 0xC4, 0xC8, 0xCC: break
      case 0xC0...0xCF: if process == 0 { readFrame(marker, body) }
      case 0xDA:
        scans += 1
        // Their number, then two bytes each.
        for i in stride(from: 1, to: min(body.count, 1 + 2 * Int(body.first ?? 0)), by: 2) {
          missingComponents.remove(body[body.startIndex + i])
        }
      case 0xE1 where !sawEXIF:
        if body.starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0]) {  // "Exif"
          sawEXIF = true
          orientation = EXIF.orientation(body)
        }
      default: break
      }
      at += length
    }
  }

  /// Precision, height, width, number of components, three bytes for each.
  private mutating func readFrame(_ marker: UInt8, _ body: ArraySlice<UInt8>) {
    let body = Array(body)
    guard body.count >= 6 else { return }
    process = Int(marker)
    precision = Int(body[0])
    height = body.bigEndian16(1)!
    width = body.bigEndian16(3)!
    components = Set(stride(from: 6, to: min(body.count, 6 + 3 * Int(body[5])), by: 3).map { body[$0] })
    missingComponents = components
  }
}
