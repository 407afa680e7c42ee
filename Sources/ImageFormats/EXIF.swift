// Of EXIF only the orientation is read.
//
// EXIF is a TIFF structure (JEITA CP-3451) that JPEG, PNG and WebP carry in places of their own. Everything is read with
// bounds checked, because every byte may be hostile.

enum EXIF {
  /// Orientation, 1 through 8; 1 (upright) where none is given or it makes no sense: tag 0x0112 of the first directory.
  /// - Parameter tiff: the structure, also with "Exif", 0, 0 before it, as JPEG has it and some writers of WebP.
  static func orientation(_ tiff: ArraySlice<UInt8>) -> Int {
    let marked = tiff.starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0])
    let bytes = Array(marked ? tiff.dropFirst(6) : tiff)
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
