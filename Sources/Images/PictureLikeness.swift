// Whether two pictures are copies of each other: the same photo at another size, compression, brightness.

/// What is kept of a picture to compare it with others.
///
/// Two steps: a 64-bit difference hash (Krawetz, "Kind of like that", 2013) finds candidates with one exclusive-or
/// per pair, and the correlation of two small gray copies decides, because pictures of one subject (levelled cat
/// faces) share much of the hash.
package struct PictureLikeness: Sendable {
  static let side = 16
  /// Bits of the hash in which copies may differ.
  package static let copyDistance = 10
  /// Below this correlation of the gray copies two pictures are different ones.
  static let sameCorrelation: Float = 0.98

  /// Bit 8y+x: pixel (x,y) of the 9x8 reduction is darker than its right neighbour.
  let hash: UInt64
  /// `side` x `side` brightness, mean 0 and sum of squares 1.
  let gray: [Float]
  /// Standard deviation of the whole picture's brightness, in levels of 0...255.
  package let deviation: Double

  package init(_ picture: Picture) {
    let rows = Self.brightness(picture, width: 9, height: 8)
    var hash: UInt64 = 0
    for y in 0..<8 {
      for x in 0..<8 where rows[9 * y + x] < rows[9 * y + x + 1] { hash |= 1 << UInt64(8 * y + x) }
    }
    self.hash = hash
    let small = Self.brightness(picture, width: Self.side, height: Self.side)
    let mean = small.reduce(0, +) / Double(small.count)
    let norm = small.map { ($0 - mean) * ($0 - mean) }.reduce(0, +).squareRoot()
    gray = small.map { Float(norm > 0 ? ($0 - mean) / norm : 0) }
    var (sum, squares) = (0.0, 0.0)
    picture.pixels.withUnsafeBufferPointer { pixels in
      for i in 0..<(picture.width * picture.height) {
        let light = Self.luma(pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2])
        sum += light
        squares += light * light
      }
    }
    let count = Double(picture.width * picture.height)
    deviation = max(0, squares / count - (sum / count) * (sum / count)).squareRoot()
  }

  /// Whether the other picture is taken for a copy.
  /// - Parameter distance: most bits of the hash that may differ.
  package func isCopy(of other: PictureLikeness, distance: Int) -> Bool {
    guard (hash ^ other.hash).nonzeroBitCount <= distance else { return false }
    var correlation: Float = 0
    for i in gray.indices { correlation += gray[i] * other.gray[i] }
    return correlation >= Self.sameCorrelation
  }

  private static func brightness(_ picture: Picture, width: Int, height: Int) -> [Double] {
    let small = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
      let whole = PixelBox(x: 0, y: 0, width: picture.width, height: picture.height)
      picture.resample(whole, width: width, height: height, into: buffer.baseAddress!, stride: width * 3)
      count = width * height * 3
    }
    return (0..<(width * height)).map { luma(small[3 * $0], small[3 * $0 + 1], small[3 * $0 + 2]) }
  }

  /// ITU-R BT.601, as in JPEG.
  private static func luma(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Double {
    0.299 * Double(red) + 0.587 * Double(green) + 0.114 * Double(blue)
  }
}
