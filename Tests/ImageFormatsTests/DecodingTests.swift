// Every kind of picture against pixels that another program found (Fixtures/pictures/make_pictures.py, make_formats.py).

import Images
import Testing

@testable import ImageFormats

@Suite struct DecodingTests {
  /// Pillow decodes with the same inverse DCT and upsampling, so nothing may differ; CMYK is turned into RGB with
  /// different rounding, by one level at most. Versions of Little CMS round differently, by one level at most.
  @Test(arguments: Fixtures.names([".jpg"]))
  func jpegMatchesPillow(_ name: String) throws {
    let mayRound = name.contains("cmyk") || name.contains("ycck") || name.contains("profile")
    let distance = try PictureReader.decode(Fixtures.bytes(name)).distance(to: Fixtures.reference(name))
    #expect(try #require(distance, "size differs") <= (mayRound ? 1 : 0))
  }

  /// The reference is the drawn picture itself, rounded once; with transparency, or from 16 bits, the reader rounds
  /// twice.
  @Test(arguments: Fixtures.names([".png"]))
  func pngMatchesTheDrawing(_ name: String) throws {
    let twice =
      name.contains("alpha") || name.contains("rgba") || name.contains("transparent") || name.contains("16")
      || name.contains("profile") || name.contains("gamma")
    let distance = try PictureReader.decode(Fixtures.bytes(name)).distance(to: Fixtures.reference(name))
    #expect(try #require(distance, "size differs") <= (twice ? 1 : 0), "\(distance!)")
  }

  /// Lossless files and Windows' are as drawn; libwebp's versions may differ by a level in lossy ones.
  @Test(arguments: Fixtures.names([".webp", ".bmp"]))
  func webpAndBMPMatchPillow(_ name: String) throws {
    let mayRound = ["lossy", "alpha", "animated", "profile", "rgb5"].contains { name.contains($0) }
    let distance = try PictureReader.decode(Fixtures.bytes(name)).distance(to: Fixtures.reference(name))
    #expect(try #require(distance, "size differs") <= (mayRound ? 1 : 0), "\(distance!)")
  }

  @Test func fixturesAreThere() {
    #expect(Fixtures.names([".jpg"]).count == 29)
    #expect(Fixtures.names([".png"]).count == 45)
    #expect(Fixtures.names([".webp"]).count == 7)
    #expect(Fixtures.names([".bmp"]).count == 13)
  }

  /// Text and bytes, one and two bytes per sample, comments, and levels of which 255 is no multiple.
  @Test func portableMaps() throws {
    func pixels(_ header: String, _ body: [UInt8] = []) throws -> [UInt8] {
      let picture = try PictureReader.decode(Array(header.utf8) + body)
      #expect(picture.width == 3 && picture.height == 2, "\(header)")
      return picture.pixels
    }
    func gray(_ levels: [UInt8]) -> [UInt8] { levels.flatMap { [$0, $0, $0] } }
    let stripes = gray([0, 255, 0, 255, 0, 255])
    #expect(try pixels("P1\n# a comment\n3 2\n101\n0 1 0\n") == stripes)
    #expect(try pixels("P4 3 2\n", [0b1010_0000, 0b0100_0000]) == stripes)
    #expect(try pixels("P2\n3 2 # so wide\n10\n0 1 2\n3 5 10") == gray([0, 26, 51, 77, 128, 255]))
    #expect(try pixels("P5\n3\n2\n10\n", [0, 1, 2, 3, 5, 10]) == gray([0, 26, 51, 77, 128, 255]))
    #expect(try pixels("P5 3 2 65535\n", [0, 0, 1, 1, 2, 2, 0, 127, 0, 128, 255, 255]) == gray([0, 1, 2, 0, 0, 255]))
    let colors = (0..<18).map { UInt8($0 * 14) }
    #expect(try pixels("P6\n3 2\n255\n", colors) == colors)
    #expect(try pixels("P3\n3 2\n255\n" + colors.map { "\($0)" }.joined(separator: "\n")) == colors)
  }

  @Test func backgroundShowsThroughTransparency() throws {
    let data = try Fixtures.bytes("png-palette4-transparent.png")
    // Its upper left corner is the first palette entry, whose alpha is 0.
    let picture = try PictureReader.decode(data, background: RGB(red: 1, green: 2, blue: 3))
    #expect(picture.pixels.prefix(3) == [1, 2, 3])
  }

  /// Reduced decoding replaces averaging over blocks, so it must agree with averages of the full picture.
  @Test func reducedDecodingKeepsThePicture() throws {
    let side = 256
    let pixels = (0..<(side * side)).flatMap { i -> [UInt8] in
      [UInt8(i % side), UInt8(i / side), UInt8((i % side + i / side) / 2)]
    }
    let data = try JPEGWriter.encode(Picture(width: side, height: side, pixels: pixels))
    #expect(try PictureReader.decode(data, shorterSide: 256).width == 256)
    #expect(try PictureReader.decode(data, shorterSide: 129).width == 256)
    for (wanted, divisor) in [(128, 2), (64, 4), (33, 4), (32, 8), (1, 8)] {
      let small = try PictureReader.decode(data, shorterSide: wanted)
      #expect(small.width == side / divisor && small.height == side / divisor)
      // A slope's block average is its centre's value; 3 levels are left for quantisation in the file.
      for y in 0..<small.height {
        for x in 0..<small.width {
          let red = Double(x * divisor) + Double(divisor - 1) / 2
          #expect(abs(Double(small.pixels[(y * small.width + x) * 3]) - red) <= 3)
        }
      }
    }
  }
}
