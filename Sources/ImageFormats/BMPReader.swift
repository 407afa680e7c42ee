// BMP: all uncompressed and run-length coded kinds, from OS/2's to Windows' version 5.
//
// Read here, because the one loader in the libraries that are used for the other formats (libjpeg-turbo's) takes
// neither the headers that ImageMagick and GIMP write (versions 4 and 5) nor 1, 4 and 16 bits, and allocates on the
// header's word. Source: Microsoft's documentation of BITMAPCOREHEADER, BITMAPINFOHEADER, BITMAPV4HEADER and
// BITMAPV5HEADER, and "Bitmap Compression" for the run lengths.

import Images

enum BMPReader {
  /// "BM" alone begins many a text, so the header's length counts as well.
  static func recognises(_ head: [UInt8]) -> Bool {
    head.starts(with: "BM".utf8) && Header.lengths.contains(head.littleEndian32(14) ?? 0)
  }

  static func decode(
    _ data: [UInt8], background: RGB, limits: PictureLimits, note: (String) -> Void
  ) throws(PictureError) -> Picture {
    let header = try Header(data)
    try limits.check(width: header.width, height: header.height)
    try header.checkLength(data)
    let palette = header.palette(data)
    let samples: Samples
    switch header.coding {
    case .plain where header.bits <= 8: samples = header.indexed(data, palette)
    case .plain: samples = header.masked(data)
    case .runs: samples = try header.runs(data, palette)
    }
    return samples.picture(coding: header.color(data), background: background, note: note)
  }

  private static func damaged(_ reason: String) -> PictureError { PictureError("is a damaged BMP (\(reason))") }

  private enum Coding { case plain, runs }

  private struct Header {
    static let lengths = [12, 16, 40, 52, 56, 64, 108, 124]

    let length: Int
    let width: Int
    let height: Int
    let isTopDown: Bool
    let bits: Int
    let coding: Coding
    /// Where red, green, blue and alpha are in a pixel of 16 or 32 bits; 0 where there is none.
    let masks: [UInt32]
    let pixels: Int
    private let paletteStart: Int
    private let paletteCount: Int
    private let entry: Int

    init(_ data: [UInt8]) throws(PictureError) {
      guard let length = data.littleEndian32(14), Header.lengths.contains(length), data.count >= 14 + length else {
        throw damaged("it ends within its header")
      }
      self.length = length
      pixels = data.littleEndian32(10)!
      func u32(_ at: Int) -> Int { data.littleEndian32(at) ?? 0 }
      func signed(_ at: Int) -> Int { Int(Int32(truncatingIfNeeded: u32(at))) }
      let isOld = length == 12
      width = isOld ? data.littleEndian16(18)! : signed(18)
      let rows = isOld ? data.littleEndian16(20)! : signed(22)
      height = abs(rows)
      isTopDown = rows < 0
      bits = data.littleEndian16(isOld ? 24 : 28)!
      let compression = length < 40 ? 0 : u32(30)
      // OS/2's version 2 uses 3 and 4 for codings of its own.
      let hasMasks = (compression == 3 && length != 64) || compression == 6
      // Behind a header of version 3 the masks are no part of it.
      let outside = hasMasks && length == 40 ? (compression == 6 ? 16 : 12) : 0
      switch (compression, bits) {
      case (0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (0, 24), (0, 32): coding = .plain
      case (3, 16), (3, 32), (6, 16), (6, 32):
        guard hasMasks else { throw PictureError(unread) }
        coding = .plain
      case (1, 8), (2, 4): coding = .runs
      case (4, 0), (5, 0): throw PictureError("is a BMP around a JPEG or PNG; convert it to PNG: magick FILE FILE.png")
      default: throw PictureError(unread)
      }
      if hasMasks {
        masks = (0..<4).map { i in
          let isThere = i < 3 || outside == 16 || length >= 56
          return isThere ? UInt32(u32(54 + 4 * i)) : 0
        }
      } else {
        masks = bits == 16 ? [0x7C00, 0x3E0, 0x1F, 0] : [0xFF_0000, 0xFF00, 0xFF, 0]
      }
      entry = isOld ? 3 : 4
      paletteStart = 14 + length + outside
      let used = length < 40 ? 0 : u32(46)
      let most = bits <= 8 ? 1 << bits : 0
      paletteCount = used == 0 ? most : min(used, most)
    }

    /// Bytes of a row, which is filled up to a multiple of four.
    private var stride: Int { (width * bits + 31) / 32 * 4 }

    /// Refuses a size that the file is too short to hold, before memory is taken for it.
    func checkLength(_ data: [UInt8]) throws(PictureError) {
      // A run of two bytes is at most 255 pixels long.
      let needed = coding == .runs ? width * height / 128 : stride * (height - 1) + (width * bits + 7) / 8
      guard pixels >= 14 + length, needed <= data.count - pixels else {
        throw damaged("\(data.count) bytes cannot hold \(width)x\(height) pixels")
      }
    }

    /// RGB; entries that the file does not have are black.
    func palette(_ data: [UInt8]) -> [UInt8] {
      (0..<(bits <= 8 ? 1 << bits : 0)).flatMap { i -> [UInt8] in
        let at = paletteStart + i * entry
        guard i < paletteCount, at + 3 <= data.count else { return [0, 0, 0] }
        return [data[at + 2], data[at + 1], data[at]]
      }
    }

    /// A profile inside the file; version 5's own description of colours is left alone, as viewers do.
    func color(_ data: [UInt8]) -> ColorCoding {
      guard length == 124, data.littleEndian32(70) == 0x4D42_4544, let start = data.littleEndian32(126),
        let count = data.littleEndian32(130), count > 0, start <= data.count - 14 - min(count, data.count)
      else { return .sRGB }
      return .profile(Array(data[(14 + start)..<(14 + start + count)]))
    }

    private func row(_ y: Int) -> Int { isTopDown ? y : height - 1 - y }

    func indexed(_ data: [UInt8], _ palette: [UInt8]) -> Samples {
      let bytes = [UInt8](unsafeUninitializedCapacity: width * height * 3) { output, count in
        for y in 0..<height {
          let from = pixels + row(y) * stride
          for x in 0..<width {
            let byte = Int(data[from + x * bits / 8])
            let color = 3 * (byte >> (8 - bits - x * bits % 8) & (1 << bits - 1))
            for c in 0..<3 { output[(y * width + x) * 3 + c] = palette[color + c] }
          }
        }
        count = width * height * 3
      }
      return Samples(width: width, height: height, model: .rgb, bytes: bytes)
    }

    func masked(_ data: [UInt8]) -> Samples {
      let size = bits / 8
      let fields = masks.map { (shift: UInt32($0 == 0 ? 0 : $0.trailingZeroBitCount), mask: $0) }
      var hasAlpha = bits != 24 && masks[3] != 0
      func pixel(_ x: Int, _ y: Int) -> UInt32 {
        let at = pixels + row(y) * stride + x * size
        return (0..<size).reduce(0) { $0 | UInt32(data[at + $1]) << UInt32(8 * $1) }
      }
      // Some programs state a place for alpha and leave it at zero, which cannot be meant.
      if hasAlpha {
        hasAlpha = (0..<height).contains { y in (0..<width).contains { x in pixel(x, y) & masks[3] != 0 } }
      }
      let channels = hasAlpha ? 4 : 3
      let bytes = [UInt8](unsafeUninitializedCapacity: width * height * channels) { output, count in
        for y in 0..<height {
          for x in 0..<width {
            let value = pixel(x, y)
            for c in 0..<channels {
              let (shift, mask) = fields[c]
              let top = UInt64(mask >> shift)
              let sample = UInt64((value & mask) >> shift)
              output[(y * width + x) * channels + c] = top == 0 ? 0 : UInt8((sample * 255 + top / 2) / top)
            }
          }
        }
        count = width * height * channels
      }
      return Samples(width: width, height: height, model: .rgb, hasAlpha: hasAlpha, bytes: bytes)
    }

    /// Run lengths of 8 or 4 bits. What they pass over has the palette's first colour.
    func runs(_ data: [UInt8], _ palette: [UInt8]) throws(PictureError) -> Samples {
      var indices = [UInt8](repeating: 0, count: width * height)
      var (at, x, y) = (pixels, 0, 0)
      func put(_ index: UInt8) {
        if x < width, y < height { indices[row(y) * width + x] = index }
        x += 1
      }
      reading: while true {
        guard at + 1 < data.count else { throw damaged("it is cut short") }
        let (count, value) = (Int(data[at]), data[at + 1])
        at += 2
        if count > 0 {
          for i in 0..<count { put(bits == 8 ? value : i % 2 == 0 ? value >> 4 : value & 15) }
          continue
        }
        switch value {
        case 0: (x, y) = (0, y + 1)
        case 1: break reading
        case 2:
          guard at + 1 < data.count else { throw damaged("it is cut short") }
          (x, y) = (x + Int(data[at]), y + Int(data[at + 1]))
          at += 2
        default:
          let length = (Int(value) * bits + 7) / 8
          guard at + length <= data.count else { throw damaged("it is cut short") }
          for i in 0..<Int(value) {
            let byte = data[at + i * bits / 8]
            put(bits == 8 ? byte : i % 2 == 0 ? byte >> 4 : byte & 15)
          }
          at += (length + 1) / 2 * 2
        }
        if y > height { throw damaged("its runs leave the picture") }
      }
      let bytes = [UInt8](unsafeUninitializedCapacity: 3 * indices.count) { output, count in
        for (i, index) in indices.enumerated() {
          for c in 0..<3 { output[3 * i + c] = palette[3 * Int(index) + c] }
        }
        count = 3 * indices.count
      }
      return Samples(width: width, height: height, model: .rgb, bytes: bytes)
    }

    private let unread = "is a BMP of a rare kind; convert it to PNG: magick FILE FILE.png"
  }
}
