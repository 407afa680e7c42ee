// What a file is, by its first bytes or, where a format has none of its own, by its name; and what is said of those that
// are not read.

import Storage

/// A picture format that folders of photographs may hold and that is not read.
package struct PictureFormat {
  let name: String
  /// A command that makes a PNG or JPEG of FILE.
  let remedy: String

  /// The format of a file that begins with `head` and is named `name`, or nil where it is none that is known.
  init?(head: [UInt8], name: BytePath) {
    let suffix = String(decoding: name.fileExtension, as: UTF8.self)
    func at(_ offset: Int, _ bytes: some Sequence<UInt8>) -> Bool { head.dropFirst(offset).starts(with: bytes) }
    func at(_ offset: Int, _ text: String) -> Bool { at(offset, text.utf8) }
    func brand(_ names: String...) -> Bool { at(4, "ftyp") && names.contains { at(8, $0) } }
    let isTIFF = ["II\u{2A}\0", "MM\0\u{2A}", "II\u{2B}\0", "MM\0\u{2B}"].contains { at(0, $0) }
    let isRaw =
      ["FUJIFILMCCD-RAW", "IIRO", "IIRS", "MMOR", "IIU\0", "FOVb", "\0MRM"].contains { at(0, $0) } || brand("crx ")
    let decodedBy = (
      magick: "magick FILE FILE.png", heif: "heif-convert FILE FILE.jpg", raw: "darktable-cli FILE FILE.jpg"
    )
    if isRaw || (isTIFF && (at(8, "CR") || Self.rawSuffixes.contains(suffix))) {
      (self.name, remedy) = ("raw photo", decodedBy.raw)
    } else if isTIFF {
      (self.name, remedy) = ("TIFF", decodedBy.magick)
    } else if brand("avif", "avis") {
      (self.name, remedy) = ("AVIF", decodedBy.heif)
    } else if brand("heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1") {
      (self.name, remedy) = ("HEIC", decodedBy.heif)
    } else if at(4, "jP  \r\n") || at(0, [0xFF, 0x4F, 0xFF, 0x51]) {
      (self.name, remedy) = ("JPEG 2000", "opj_decompress -i FILE -o FILE.png")
    } else if at(4, "JXL \r\n") || at(0, [0xFF, 0x0A]) {
      (self.name, remedy) = ("JPEG XL", "djxl FILE FILE.png")
    } else if let (name, _) = Self.withoutMark.first(where: { $0.suffixes.contains(suffix) }), !head.isEmpty {
      (self.name, remedy) = (name, decodedBy.magick)
    } else if let (name, _) = Self.others.first(where: { at(0, $0.head) }) {
      (self.name, remedy) = (name, decodedBy.magick)
    } else if Self.rawSuffixes.contains(suffix), !head.isEmpty {
      (self.name, remedy) = ("raw photo", decodedBy.raw)
    } else {
      return nil
    }
  }

  private static let others: [(name: String, head: [UInt8])] =
    [
      ("GIF", "GIF8"), ("Photoshop", "8BPS"), ("GIMP", "gimp xcf"), ("QOI", "qoif"), ("DirectDraw", "DDS "),
      ("Radiance HDR", "#?RADIANCE"), ("PFM", "PF\n"), ("PFM", "Pf\n"), ("PAM", "P7\n"), ("Apple icon", "icns"),
    ].map { ($0.0, Array($0.1.utf8)) } + [
      ("icon (ICO)", [0, 0, 1, 0]), ("OpenEXR", [0x76, 0x2F, 0x31, 0x01]),
      ("JPEG XR", [0x49, 0x49, 0xBC, 0x01]), ("JPEG-LS", JPEGReader.jpegLS),
    ]

  private static let rawSuffixes: Set<String> = [
    "3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "iiq", "kdc", "mef", "mos", "mrw", "nef", "nrw", "orf",
    "pef",
    "raf", "rw2", "rwl", "sr2", "srf", "srw", "x3f",
  ]

  private static let withoutMark: [(name: String, suffixes: [String])] = [
    ("TGA", ["tga", "icb", "vda", "vst"]), ("PCX", ["pcx"]), ("PICT", ["pict", "pct"]), ("SVG", ["svg", "svgz"]),
    ("WBMP", ["wbmp"]), ("cursor (CUR)", ["cur"]),
  ]

  /// Suffixes of pictures: a file of such a name that is none is worth a word.
  private static let suffixes: Set<String> = [
    "jpg", "jpeg", "jpe", "jfif", "jif", "png", "apng", "webp", "bmp", "dib", "pnm", "pbm", "pgm", "ppm", "tif", "tiff",
    "heic", "heif", "hif", "avif", "jp2", "j2k", "jpf", "jpx", "jxl", "gif", "ico", "psd", "xcf", "qoi", "exr",
    "hdr",
    "dds", "jxr", "jls", "mpo",
  ]

  /// Why a file gives no picture that none of the readers recognises; nil where its name is not that of a picture.
  package static func objection(head: [UInt8], name: BytePath) -> String? {
    if let format = PictureFormat(head: head, name: name) {
      let article = ["AVIF", "Apple icon", "OpenEXR", "SVG", "icon (ICO)"].contains(format.name) ? "an" : "a"
      return "is \(article) \(format.name) file, which is not read; convert it: \(format.remedy)"
    }
    let suffix = String(decoding: name.fileExtension, as: UTF8.self)
    let isNamedLikeOne = [suffixes, rawSuffixes].contains { $0.contains(suffix) }
    guard isNamedLikeOne || withoutMark.contains(where: { $0.suffixes.contains(suffix) }) else { return nil }
    if head.isEmpty { return "is empty" }
    let text = String(decoding: head, as: UTF8.self).lowercased()
    let begin = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
    if begin.hasPrefix("<!doctype html") || begin.hasPrefix("<html") {
      return "is a web page and no picture; download the picture itself"
    }
    if begin.hasPrefix("version https://git-lfs") { return "stands for a file that was not fetched; run: git lfs pull" }
    return "is no picture, whatever its name says; remove it or get it anew"
  }
}
