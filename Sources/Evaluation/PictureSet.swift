// Pictures to compare with others, whether they come from a generator or from files.

/// Square RGB pictures of one size.
public struct PictureSet: Sendable, Equatable {
  /// [count, size, size, 3] bytes.
  public let pixels: [UInt8]
  public let size: Int

  public init(pixels: [UInt8], size: Int) {
    precondition(size > 0 && pixels.count % (size * size * 3) == 0, "no whole pictures of \(size)x\(size)")
    self.pixels = pixels
    self.size = size
  }

  /// Bytes of one picture.
  var bytes: Int { size * size * 3 }
  public var count: Int { pixels.count / bytes }

  /// Some of the pictures, in the order of `indices`.
  public func selected(_ indices: [Int]) -> PictureSet {
    PictureSet(pixels: indices.flatMap { pixels[$0 * bytes..<($0 + 1) * bytes] }, size: size)
  }

  /// The bytes of one picture [size, size, 3], left and right exchanged where `mirrored`.
  public func picture(_ index: Int, mirrored: Bool = false) -> [UInt8] {
    let picture = pixels[index * bytes..<(index + 1) * bytes]
    if !mirrored { return Array(picture) }
    var result = [UInt8](repeating: 0, count: bytes)
    for y in 0..<size {
      for x in 0..<size {
        for c in 0..<3 {
          result[(y * size + x) * 3 + c] = picture[picture.startIndex + (y * size + size - 1 - x) * 3 + c]
        }
      }
    }
    return result
  }

  /// Sum of the squared differences of the bytes of one picture and one of another set.
  func squaredDifference(_ index: Int, _ other: PictureSet, _ otherIndex: Int) -> Int {
    precondition(size == other.size)
    return pixels.withUnsafeBufferPointer { mine in
      other.pixels.withUnsafeBufferPointer { theirs in
        let (a, b) = (mine.baseAddress! + index * bytes, theirs.baseAddress! + otherIndex * bytes)
        var sum = 0
        // A row's sum fits 32 bits, which add up faster.
        for start in stride(from: 0, to: bytes, by: size * 3) {
          var part: Int32 = 0
          for i in start..<start + size * 3 {
            let difference = Int32(a[i]) - Int32(b[i])
            part &+= difference &* difference
          }
          sum += Int(part)
        }
        return sum
      }
    }
  }

  /// Root mean square of the differences of two pictures, with values in [-1, 1], from `squaredDifference`.
  func distance(squares: Int) -> Double { (Double(squares) / Double(bytes)).squareRoot() / 127.5 }
}
