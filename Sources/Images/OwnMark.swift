/// The mark that samples, grids and sheets bear: they may be among pictures, and must not be learned from.
///
/// A PNG names its maker in a tEXt chunk with the keyword Software (PNG specification, third edition, section 11.3.3.2), a
/// PPM in a comment. Both come before the pixels, where reading the first bytes of a file finds them.
public enum OwnMark {
  static let software = "CatGAN"
  static let comment = "# CatGAN\n"

  /// Whether a file that begins with `head`, at least 128 bytes of it unless it is shorter, bears the mark.
  public static func isIn(_ head: [UInt8]) -> Bool {
    if head.starts(with: "P6\n\(comment)".utf8) { return true }
    guard head.starts(with: PNGChunks.signature) else { return false }
    let wanted = Array("tEXtSoftware\0\(software)".utf8)
    var position = PNGChunks.signature.count
    while position + 8 <= head.count {
      let chunk = head[(position + 4)...]
      let length = head[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      if length == wanted.count - 4, chunk.starts(with: wanted) { return true }
      if chunk.starts(with: "IDAT".utf8) { return false }
      position += length + 12
    }
    return false
  }
}
