// The landmark files of the CAT data set (Zhang, Sun, Tang 2008), and the square around a face whose eyes they level.
//
// `NAME.jpg.cat` holds one line, "9 x1 y1 ... x9 y9": left eye, right eye, mouth, three points of the left ear, three
// of the right, in pixels of the stored picture (before any EXIF turn).

import Images
import Text

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A position in a picture, in pixels from the upper left corner.
struct Point: Equatable {
  var x: Double
  var y: Double
}

/// The nine landmarks of one cat.
struct CatLandmarks: Equatable {
  /// Left eye, right eye, mouth, left ear (3), right ear (3).
  let points: [Point]

  /// - Throws: `PictureError` for anything but nine points.
  init(parsing bytes: [UInt8]) throws(PictureError) {
    let words = bytes.split { $0 == 32 || (9...13).contains($0) }
    let numbers = words.map { Double(String(decoding: $0, as: UTF8.self)) ?? .nan }
    guard numbers.first == 9, numbers.count >= 19, numbers.prefix(19).allSatisfy(\.isFinite) else {
      throw PictureError("has a landmark file that does not hold nine points (9 x1 y1 ... x9 y9)")
    }
    points = (0..<9).map { Point(x: numbers[1 + 2 * $0], y: numbers[2 + 2 * $0]) }
  }

  /// The square around the face, with the eyes level and above the mouth.
  /// - Parameters:
  ///   - width: the picture's, in pixels, as is `height`.
  /// - Throws: `PictureError` if the points cannot belong to a cat's face in a picture of this size.
  func face(width: Int, height: Int) throws(PictureError) -> FaceSquare {
    for (index, point) in points.enumerated() {
      guard point.x >= 0, point.y >= 0, point.x <= Double(width), point.y <= Double(height) else {
        throw PictureError(
          "has landmark \(index + 1) at \(decimal(point.x, 0)),\(decimal(point.y, 0)), outside its "
            + "\(width)x\(height) pixels; the landmark file may belong to another picture")
      }
    }
    // The mouth tells where down is: then neither an upside-down cat nor exchanged eyes matter.
    var (dx, dy) = (points[1].x - points[0].x, points[1].y - points[0].y)
    let eyes = (dx * dx + dy * dy).squareRoot()
    guard eyes >= 2 else { throw PictureError("has landmarks with both eyes in one place") }
    let middle = Point(x: (points[0].x + points[1].x) / 2, y: (points[0].y + points[1].y) / 2)
    if dx * (points[2].y - middle.y) - dy * (points[2].x - middle.x) < 0 { (dx, dy) = (-dx, -dy) }
    let (cosine, sine) = (dx / eyes, dy / eyes)
    /// Seen upright, from the middle of the eyes, in units of their distance.
    let upright = points.map { point in
      let (x, y) = (point.x - middle.x, point.y - middle.y)
      return Point(x: (x * cosine + y * sine) / eyes, y: (y * cosine - x * sine) / eyes)
    }
    // Wide bounds: faces half turned away are still faces; points of another picture or order seldom pass.
    let mouth = upright[2]
    guard abs(mouth.x) <= 1, (0.3...3).contains(mouth.y), upright[3...].allSatisfy({ $0.y < mouth.y }),
      upright[3...].map(\.y).min()! < 0, upright.allSatisfy({ abs($0.x) <= 4 && $0.y >= -5 })
    else { throw PictureError("has landmarks that make no face: the mouth is not below the eyes and ears") }
    // The points reach from ear to ear and from ear tips to mouth; the chin is a little below.
    let (left, right) = (upright.map(\.x).min()!, upright.map(\.x).max()!)
    let (top, bottom) = (upright.map(\.y).min()!, mouth.y + 0.4)
    let (x, y) = ((left + right) / 2 * eyes, (top + bottom) / 2 * eyes)
    return FaceSquare(
      centre: Point(x: middle.x + x * cosine - y * sine, y: middle.y + x * sine + y * cosine),
      side: max(right - left, bottom - top) * 1.05 * eyes, cosine: cosine, sine: sine)
  }
}

/// A square in a picture, turned by an angle.
struct FaceSquare: Equatable {
  let centre: Point
  /// In pixels of the picture.
  let side: Double
  /// Cosine and sine of the angle by which the square's upper edge is turned clockwise from level.
  let cosine: Double
  let sine: Double

  /// The position in the picture of a position in the square, both from 0 to 1 over the square.
  func position(_ u: Double, _ v: Double) -> Point {
    let (x, y) = ((u - 0.5) * side, (v - 0.5) * side)
    return Point(x: centre.x + x * cosine - y * sine, y: centre.y + x * sine + y * cosine)
  }

  /// The share of the square that is outside a picture of this size, from 32 x 32 samples.
  func shareOutside(width: Int, height: Int) -> Double {
    var outside = 0
    for v in 0..<32 {
      for u in 0..<32 {
        let point = position((Double(u) + 0.5) / 32, (Double(v) + 0.5) / 32)
        if point.x < 0 || point.y < 0 || point.x > Double(width) || point.y > Double(height) { outside += 1 }
      }
    }
    return Double(outside) / 1024
  }
}

extension Picture {
  /// The picture in `square`, turned level, at the picture's own resolution: `square.side` pixels, rounded up, on each
  /// side.
  ///
  /// Interpolated by cubic convolution with a = -1/2 (Keys 1981). Beyond the picture its edge goes on.
  func levelled(_ square: FaceSquare) -> Picture {
    let side = max(1, Int(square.side.rounded(.up)))
    func weights(_ t: Double) -> [Double] {
      // At distances 1+t, t, 1-t, 2-t from the four neighbours.
      [
        -0.5 * t + t * t - 0.5 * t * t * t, 1 - 2.5 * t * t + 1.5 * t * t * t,
        0.5 * t + 2 * t * t - 1.5 * t * t * t, 0.5 * t * t * t - 0.5 * t * t,
      ]
    }
    var output: [UInt8] = []
    output.reserveCapacity(side * side * 3)
    for v in 0..<side {
      for u in 0..<side {
        let point = square.position((Double(u) + 0.5) / Double(side), (Double(v) + 0.5) / Double(side))
        let (left, top) = ((point.x - 0.5).rounded(.down), (point.y - 0.5).rounded(.down))
        let (across, down) = (weights(point.x - 0.5 - left), weights(point.y - 0.5 - top))
        var sums = SIMD3<Double>(repeating: 0.5)
        for j in 0..<4 {
          let y = min(max(Int(top) + j - 1, 0), height - 1)
          for i in 0..<4 {
            let at = (y * width + min(max(Int(left) + i - 1, 0), width - 1)) * 3
            sums += across[i] * down[j] * SIMD3(Double(pixels[at]), Double(pixels[at + 1]), Double(pixels[at + 2]))
          }
        }
        for c in 0..<3 { output.append(UInt8(max(0, min(255, sums[c])))) }
      }
    }
    return Picture(width: side, height: side, pixels: output)
  }
}
