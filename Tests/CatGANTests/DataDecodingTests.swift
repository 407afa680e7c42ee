// Every kind of JPEG and PNG against pixels that another program found (Fixtures/pictures/make_pictures.py).

import Testing

@testable import CatGAN

@Suite struct DataDecoding {
  /// Pillow decodes with the same inverse DCT and upsampling, so nothing may differ; CMYK is turned into RGB with
  /// different rounding, by one level at most.
  @Test(arguments: Fixtures.names([".jpg"]))
  func jpegMatchesPillow(_ name: String) throws {
    let inks = name.contains("cmyk") || name.contains("ycck")
    let distance = try PictureReader.decode(Fixtures.bytes(name)).distance(to: Fixtures.reference(name))
    #expect(try #require(distance, "size differs") <= (inks ? 1 : 0))
  }

  /// The reference is the drawn picture itself, rounded once; with transparency, or from 16 bits, the reader rounds
  /// twice.
  @Test(arguments: Fixtures.names([".png"]))
  func pngMatchesTheDrawing(_ name: String) throws {
    let twice = name.contains("alpha") || name.contains("rgba") || name.contains("transparent") || name.contains("16")
    let distance = try PictureReader.decode(Fixtures.bytes(name)).distance(to: Fixtures.reference(name))
    #expect(try #require(distance, "size differs") <= (twice ? 1 : 0), "\(distance!)")
  }

  @Test func fixturesAreThere() {
    #expect(Fixtures.names([".jpg"]).count == 20)
    #expect(Fixtures.names([".png"]).count == 32)
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
