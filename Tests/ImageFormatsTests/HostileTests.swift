// Damaged and hostile picture files: a reason or a picture, never a crash, and nothing allocated on a header's word.

import Images
import Storage
import Testing

@testable import ImageFormats

@Suite struct HostileTests {
  static let all = Fixtures.names([".jpg", ".png", ".webp", ".bmp"])

  /// What can be cut off without being missed lies behind the samples: a JPEG's end marker, a PNG's IEND chunk, what
  /// fills up a BMP's last row. Then the picture must be the whole one. A WebP's EXIF lies there, too, and is missed.
  @Test(arguments: all) func everyTruncation(_ name: String) throws {
    let data = try Fixtures.bytes(name)
    let whole = try PictureReader.decode(data)
    // libpng takes 2 ms to prepare its tables for 16 bits, so there one length in 16 has to do.
    let step = name.contains("16") ? 16 : 1
    var refused = 0
    for length in stride(from: 0, to: data.count, by: step) {
      do {
        let picture = try PictureReader.decode(Array(data.prefix(length)))
        #expect(picture == whole || name == "webp-exif-6.webp", "\(length) of \(data.count) bytes")
      } catch {
        refused += 1
        #expect(error.description.hasPrefix("is "), "\(error)")
      }
    }
    let behind = name == "webp-exif-6.webp" ? 100 : 24
    #expect(refused >= (data.count - behind) / step, "\(refused) of \(data.count)")
  }

  /// Eight flips of each byte (one where decoding is slow). Most damage to samples cannot be told from a picture;
  /// what is promised is an end.
  @Test(
    arguments: ["jpeg-420.jpg", "jpeg-progressive.jpg", "jpeg-cmyk.jpg", "jpeg-exif-6.jpg", "png-rgb8.png"]
      + ["png-rgba8-interlaced.png", "png-rgba16-interlaced.png"]
      + ["png-palette4-transparent.png", "jpeg-arithmetic.jpg", "png-profile-gray.png"]
      + ["webp-lossy-alpha.webp", "webp-animated.webp", "bmp-runs8.bmp", "bmp-v4-alpha.bmp"])
  func everyBitFlip(_ name: String) throws {
    let data = try Fixtures.bytes(name)
    var limits = PictureLimits()
    limits.pixels = 1 << 20
    var (read, refused) = (0, 0)
    for at in data.indices {
      for bit in name.contains("16") ? [at % 8] : Array(0..<8) {
        var damaged = data
        damaged[at] ^= 1 << UInt8(bit)
        do {
          let picture = try PictureReader.decode(damaged, limits: limits)
          #expect(picture.width * picture.height <= limits.pixels)
          read += 1
        } catch {
          refused += 1
        }
      }
    }
    // Most bytes of a BMP and of a profile may be any.
    let isLenient = name.hasPrefix("bmp") || name.contains("profile")
    #expect(read > 0 && (refused > data.count / 2 || isLenient && refused > 0))
  }

  @Test func hugeHeadersAreRefusedUnread() throws {
    func png(_ width: UInt32, _ height: UInt32) throws -> [UInt8] {
      var data = try Fixtures.bytes("png-rgb8.png")
      for (i, value) in [width, height].enumerated() {
        for k in 0..<4 { data[16 + 4 * i + k] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * k)) }
      }
      return data
    }
    func reason(_ data: [UInt8]) -> String {
      do { return "\(try PictureReader.decode(data).width) pixels wide" } catch { return error.description }
    }
    #expect(try reason(png(100_000, 100_000)).contains("is 100000x100000 pixels large; at most 100000000 pixels"))
    #expect(try reason(png(UInt32.max, UInt32.max)).contains("pixels large"))
    #expect(try reason(png(70_000, 1)).contains("sides of 65535"))
    #expect(try reason(png(9_000, 9_000)).contains("bytes cannot hold 9000x9000 pixels"))
    #expect(try reason(png(0, 5)).contains("its size is 0x5"))
    var jpeg = try Fixtures.bytes("jpeg-444.jpg")
    let frame = try #require(jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    jpeg.replaceSubrange((frame + 5)..<(frame + 9), with: [0xFF, 0xDC, 0xFF, 0xDC])
    #expect(reason(jpeg).contains("is 65500x65500 pixels large"))
    jpeg.replaceSubrange((frame + 5)..<(frame + 9), with: [0x20, 0, 0x20, 0])
    #expect(reason(jpeg).contains("bytes cannot hold 8192x8192 pixels"))
    for (name, at) in [("bmp-rgb24.bmp", 18), ("bmp-runs8.bmp", 18)] {
      var bmp = try Fixtures.bytes(name)
      bmp.replaceSubrange(at..<(at + 8), with: [0xA0, 0x86, 1, 0, 0xA0, 0x86, 1, 0])
      #expect(reason(bmp).contains("is 100000x100000 pixels large"))
      bmp.replaceSubrange(at..<(at + 8), with: [0, 0x20, 0, 0, 0, 0x20, 0, 0])
      #expect(reason(bmp).contains("bytes cannot hold 8192x8192 pixels"))
      bmp.replaceSubrange(at..<(at + 4), with: [0, 0, 0, 0x80])
      #expect(reason(bmp).contains("is damaged"))
    }
    for kind in 1...6 {
      let top = kind % 3 == 1 ? "" : " 255"
      #expect(reason(Array("P\(kind) 100000 100000\(top)\n0".utf8)).contains("is 100000x100000 pixels large"))
      #expect(reason(Array("P\(kind) 8192 8192\(top)\n0".utf8)).contains("bytes cannot hold 8192x8192 pixels"))
      #expect(reason(Array("P\(kind) 99999999999999999999 1\(top)\n0".utf8)).contains("pixels large"))
    }
    // VP8X: the canvas in three bytes each, less one.
    var webp = try Fixtures.bytes("webp-animated.webp")
    webp.replaceSubrange(24..<30, with: [0x9F, 0x86, 1, 0x9F, 0x86, 1])
    #expect(reason(webp).contains("is 100000x100000 pixels large") || reason(webp).contains("damaged"))
  }

  /// A scan of a few bytes costs the decoder a pass over the whole picture; a file can hold thousands of them.
  @Test func scansAreCounted() throws {
    let data = try Fixtures.bytes("jpeg-progressive.jpg")
    let scan = try #require(data.indices.last { $0 + 1 < data.count && data[$0] == 0xFF && data[$0 + 1] == 0xDA })
    var bomb = Array(data.dropLast(2))
    for _ in 0..<600 { bomb += data[scan..<(data.count - 2)] }
    bomb += [0xFF, 0xD9]
    #expect(JPEGMarkers(bomb).scans == JPEGMarkers(data).scans + 600)
    #expect {
      try PictureReader.decode(bomb)
    } throws: {
      "\($0)".contains("scans of 23x17 pixels, more than are read")
    }
    var limits = PictureLimits()
    limits.scanPixels = 23 * 17 * JPEGMarkers(data).scans
    #expect(throws: Never.self) { try PictureReader.decode(data, limits: limits) }
    limits.scanPixels -= 1
    #expect(throws: PictureError.self) { try PictureReader.decode(data, limits: limits) }
  }

  @Test func markersOfAGoodFile() throws {
    #expect(try JPEGMarkers(Fixtures.bytes("jpeg-444.jpg")).scans == 1)
    for orientation in 1...8 {
      let markers = try JPEGMarkers(Fixtures.bytes("jpeg-exif-\(orientation).jpg"))
      #expect(markers.orientation == orientation && markers.width == 23 && markers.height == 17)
    }
    #expect(try JPEGMarkers(Fixtures.bytes("jpeg-exif-9.jpg")).orientation == 1)
    #expect(try JPEGMarkers(Fixtures.bytes("jpeg-progressive.jpg")).scans > 2)
  }

  @Test func longFilesAreNotRead() throws {
    let folder = try TemporaryFolder()
    let data = try Fixtures.bytes("png-rgb8.png")
    try folder.write(data, to: "a.png")
    var limits = PictureLimits()
    limits.fileBytes = data.count - 1
    #expect(throws: PictureError("is \(data.count) bytes long; at most \(data.count - 1) are read")) {
      try PictureReader.read(BytePath(folder.path + "/a.png"), limits: limits)
    }
  }

  /// What lies behind the end of a JPEG (phones append a second picture) is not looked at.
  @Test func trailingBytesDoNotMatter() throws {
    let data = try Fixtures.bytes("jpeg-444.jpg")
    #expect(try PictureReader.decode(data + data + [1, 2, 3]) == PictureReader.decode(data))
    let png = try Fixtures.bytes("png-rgb8.png")
    #expect(try PictureReader.decode(png + [1, 2, 3]) == PictureReader.decode(png))
  }
}
