// Resampling against the formula, evaluated directly in two dimensions in Double.

import Foundation
import Testing

@testable import Images

@Suite struct ResampleTests {
  /// Deterministic noise: the hardest picture for a filter.
  static func noise(_ width: Int, _ height: Int) -> Picture {
    var state: UInt64 = 12345
    let pixels = (0..<(width * height * 3)).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
    return Picture(width: width, height: height, pixels: pixels)
  }

  /// L3(t) = 3 sin(pi t) sin(pi t / 3) / (pi t)^2: the written-out form, not the product of two sincs.
  static func lanczos(_ t: Double) -> Double {
    t == 0 ? 1 : abs(t) >= 3 ? 0 : 3 * sin(.pi * t) * sin(.pi * t / 3) / (.pi * .pi * t * t)
  }

  /// All weights of all pixels of the box, one output sample at a time, before rounding.
  static func reference(_ picture: Picture, _ box: PixelBox, _ width: Int, _ height: Int) -> [Double] {
    let (sx, sy) = (Double(box.width) / Double(width), Double(box.height) / Double(height))
    var result: [Double] = []
    for oy in 0..<height {
      for ox in 0..<width {
        var (sums, total) = ([0.0, 0.0, 0.0], 0.0)
        for y in 0..<box.height {
          for x in 0..<box.width {
            let tx = (Double(x) + 0.5 - (Double(ox) + 0.5) * sx) / max(1, sx)
            let ty = (Double(y) + 0.5 - (Double(oy) + 0.5) * sy) / max(1, sy)
            let weight = lanczos(tx) * lanczos(ty)
            total += weight
            for c in 0..<3 {
              sums[c] += weight * Double(picture.pixels[((box.y + y) * picture.width + box.x + x) * 3 + c])
            }
          }
        }
        result += sums.map { min(255, max(0, $0 / total)) }
      }
    }
    return result
  }

  struct Case: CustomTestStringConvertible, Sendable {
    let source: (Int, Int), box: PixelBox, output: (Int, Int)
    var testDescription: String { "\(source) \(box) -> \(output)" }
  }

  static let cases = [
    Case(source: (40, 30), box: PixelBox(x: 0, y: 0, width: 40, height: 30), output: (8, 8)),
    Case(source: (40, 30), box: PixelBox(x: 5, y: 0, width: 30, height: 30), output: (7, 7)),
    Case(source: (9, 11), box: PixelBox(x: 1, y: 2, width: 7, height: 9), output: (16, 13)),
    Case(source: (5, 64), box: PixelBox(x: 0, y: 0, width: 5, height: 64), output: (9, 3)),
    Case(source: (1, 1), box: PixelBox(x: 0, y: 0, width: 1, height: 1), output: (4, 4)),
    Case(source: (64, 64), box: PixelBox(x: 0, y: 0, width: 64, height: 64), output: (1, 1)),
    Case(source: (31, 17), box: PixelBox(x: 3, y: 1, width: 12, height: 12), output: (12, 12)),
  ]

  /// Half a level for rounding. Float sums of up to 400 terms of at most 255, with absolute weights summing to less
  /// than 2, err by less than 400 * 6e-8 * 510 = 0.013.
  @Test(arguments: cases) func matchesTheFormula(_ sample: Case) {
    let picture = Self.noise(sample.source.0, sample.source.1)
    let (width, height) = sample.output
    let stride = width * 3 + 5
    var output = [UInt8](repeating: 77, count: stride * height)
    output.withUnsafeMutableBufferPointer {
      picture.resample(sample.box, width: width, height: height, into: $0.baseAddress!, stride: stride)
    }
    let expected = Self.reference(picture, sample.box, width, height)
    for y in 0..<height {
      for i in 0..<(width * 3) {
        #expect(abs(Double(output[y * stride + i]) - expected[y * width * 3 + i]) <= 0.513, "\(y) \(i)")
      }
      #expect(output[(y * stride + width * 3)..<((y + 1) * stride)].allSatisfy { $0 == 77 }, "between the rows")
    }
  }

  @Test func flatStaysFlat() {
    let picture = Picture(width: 301, height: 203, pixels: [UInt8](repeating: 200, count: 301 * 203 * 3))
    for fit in [PictureFit.crop, .stretch] {
      #expect(picture.square(64, fit: fit).pixels.allSatisfy { $0 == 200 })
    }
  }

  /// A picture with a red left third, green middle and blue right third, three times as wide as high.
  @Test func fits() {
    let pixels = (0..<12).flatMap { _ in
      (0..<36).flatMap { x in (0..<3).map { UInt8($0 == x / 12 ? 255 : 0) } }
    }
    let picture = Picture(width: 36, height: 12, pixels: pixels)
    func pixel(_ picture: Picture, _ x: Int, _ y: Int) -> [UInt8] {
      Array(picture.pixels[((y * picture.width + x) * 3)...].prefix(3))
    }
    let crop = picture.square(12, fit: .crop)
    #expect((0..<12).allSatisfy { pixel(crop, $0, 5) == [0, 255, 0] })
    let back = RGB(red: 9, green: 8, blue: 7)
    let pad = picture.square(36, fit: .pad, background: back)
    #expect(pixel(pad, 3, 11) == [9, 8, 7] && pixel(pad, 3, 12) == [255, 0, 0] && pixel(pad, 30, 23) == [0, 0, 255])
    #expect(pixel(pad, 3, 24) == [9, 8, 7])
    let stretch = picture.square(12, fit: .stretch)
    #expect(pixel(stretch, 0, 0) == [255, 0, 0] && pixel(stretch, 11, 11) == [0, 0, 255])
    // The longer side decides, so a thin picture keeps at least one pixel.
    let thin = Picture(width: 500, height: 1, pixels: [UInt8](repeating: 255, count: 1500))
    #expect(thin.square(8, fit: .pad, background: back).pixels.filter { $0 == 255 }.count == 24)
  }

  /// Each orientation undone by the turn that a person would make, written as coordinates.
  @Test func orientations() {
    let picture = Self.noise(5, 3)
    func at(_ x: Int, _ y: Int) -> [UInt8] { Array(picture.pixels[((y * 5 + x) * 3)...].prefix(3)) }
    let sources: [Int: (Int, Int) -> (Int, Int)] = [
      1: { ($0, $1) }, 2: { (4 - $0, $1) }, 3: { (4 - $0, 2 - $1) }, 4: { ($0, 2 - $1) },
      5: { ($1, $0) }, 6: { ($1, 2 - $0) }, 7: { (4 - $1, 2 - $0) }, 8: { (4 - $1, $0) },
    ]
    for (orientation, source) in sources {
      let turned = picture.upright(orientation: orientation)
      #expect(turned.width == (orientation < 5 ? 5 : 3))
      for y in 0..<turned.height {
        for x in 0..<turned.width {
          let (sx, sy) = source(x, y)
          #expect(Array(turned.pixels[((y * turned.width + x) * 3)...].prefix(3)) == at(sx, sy), "\(orientation)")
        }
      }
    }
  }
}
