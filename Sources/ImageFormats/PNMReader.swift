// PBM, PGM and PPM, as text and as bytes (netpbm's manual pages pbm(5), pgm(5) and ppm(5)); of several pictures in a file
// the first.
//
// Read here for the same reasons as BMP: libjpeg-turbo's loader takes a path and allocates on the header's word.

import Images

enum PNMReader {
  /// "P6" alone begins many a text; a number or a comment has to follow.
  static func recognises(_ head: [UInt8]) -> Bool {
    guard head.count > 3, head[0] == UInt8(ascii: "P"), (0x31...0x36).contains(head[1]), isSpace(head[2]) else {
      return false
    }
    guard let next = head.dropFirst(2).first(where: { !isSpace($0) }) else { return false }
    return next == UInt8(ascii: "#") || (0x30...0x39).contains(next)
  }

  static func decode(_ data: [UInt8], limits: PictureLimits) throws(PictureError) -> Picture {
    var reader = Numbers(data)
    let kind = Int(data[1]) - 0x30
    let (isText, isBitmap, model) = (kind <= 3, kind % 3 == 1, kind % 3 == 0 ? Samples.Model.rgb : .gray)
    guard let width = reader.next(), let height = reader.next(), let top = isBitmap ? 1 : reader.next(),
      (1...65_535).contains(top)
    else { throw damaged("its header") }
    try limits.check(width: width, height: height)
    let count = width * height * model.rawValue
    // One white space ends the header.
    let start = reader.position + 1
    let size = top > 255 ? 2 : 1
    let rowBytes = isBitmap ? (width + 7) / 8 : width * model.rawValue * size
    // A number of a text has a digit, and a space but in a bitmap.
    let needed = isText ? (isBitmap ? count : 2 * count - 1) : rowBytes * height
    guard needed <= data.count - start else {
      throw damaged("\(data.count) bytes cannot hold \(width)x\(height) pixels")
    }
    var failed = false
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { output, filled in
      func scaled(_ sample: Int) -> UInt8 { UInt8((min(sample, top) * 255 + top / 2) / top) }
      for i in 0..<count {
        if isText {
          guard let sample = isBitmap ? reader.nextDigit() : reader.next() else {
            failed = true
            break
          }
          output[i] = isBitmap ? (sample == 0 ? 255 : 0) : scaled(sample)
        } else if isBitmap {
          let (y, x) = (i / width, i % width)
          output[i] = data[start + y * rowBytes + x / 8] >> (7 - x % 8) & 1 == 0 ? 255 : 0
        } else {
          output[i] = scaled(size == 1 ? Int(data[start + i]) : data.bigEndian16(start + 2 * i)!)
        }
      }
      filled = failed ? 0 : count
    }
    guard !failed else { throw damaged("it is cut short") }
    let samples = Samples(width: width, height: height, model: model, bytes: bytes)
    return samples.picture(coding: .sRGB, background: .midGray) { _ in }
  }

  private static func damaged(_ reason: String) -> PictureError { PictureError("is a damaged PPM (\(reason))") }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

  /// Decimal numbers between white space and comments.
  private struct Numbers {
    private let data: [UInt8]
    /// Behind the number last read.
    private(set) var position = 2

    init(_ data: [UInt8]) { self.data = data }

    private mutating func skip() {
      while position < data.count {
        if data[position] == UInt8(ascii: "#") {
          while position < data.count, data[position] != 10, data[position] != 13 { position += 1 }
        } else if isSpace(data[position]) {
          position += 1
        } else {
          return
        }
      }
    }

    mutating func next() -> Int? {
      skip()
      var (number, digits) = (0, 0)
      while position < data.count, (0x30...0x39).contains(data[position]), digits < 10 {
        number = number * 10 + Int(data[position]) - 0x30
        digits += 1
        position += 1
      }
      return digits > 0 ? number : nil
    }

    mutating func nextDigit() -> Int? {
      skip()
      guard position < data.count, data[position] == 0x30 || data[position] == 0x31 else { return nil }
      position += 1
      return Int(data[position - 1]) - 0x30
    }
  }
}
