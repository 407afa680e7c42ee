// Files with something wrong: those that have all their pixels are used, with a note, those that lack some are not.

import CJPEG
import Images
import Testing

@testable import ImageFormats

@Suite struct BlemishTests {
  /// The picture of `data`, and what is said of it.
  static func read(_ data: [UInt8]) throws -> (picture: Picture, notes: [String]) {
    var notes: [String] = []
    let picture = try PictureReader.decode(data) { notes.append($0) }
    return (picture, notes)
  }

  static func reason(_ data: [UInt8]) -> String {
    do { return "\(try PictureReader.decode(data).width) pixels wide" } catch { return error.description }
  }

  /// Where the marker 0xFF `code` begins for the last time.
  static func marker(_ code: UInt8, in data: [UInt8]) throws -> Int {
    try #require(data.indices.last { $0 + 1 < data.count && data[$0] == 0xFF && data[$0 + 1] == code })
  }

  // MARK: JPEG

  static let plain = ["jpeg-444.jpg", "jpeg-420.jpg", "jpeg-gray.jpg", "jpeg-restarts.jpg", "jpeg-scans.jpg"]

  @Test func unknownRevision() throws {
    for revision: [UInt8] in [[0, 0], [3, 9], [255, 255]] {
      var data = try Fixtures.bytes("jpeg-444.jpg")
      // Behind SOI, APP0, its length and "JFIF\0".
      data.replaceSubrange(11..<13, with: revision)
      let (picture, notes) = try Self.read(data)
      #expect(try picture == Fixtures.reference("jpeg-444.jpg"))
      #expect(notes.count == 1 && notes[0].contains("revision"), "\(notes)")
    }
  }

  @Test(arguments: plain + ["jpeg-progressive.jpg", "jpeg-cmyk.jpg", "jpeg-arithmetic.jpg"])
  func strayBytes(_ name: String) throws {
    let data = try Fixtures.bytes(name)
    let whole = try PictureReader.decode(data)
    func first(_ code: UInt8) throws -> Int {
      try #require(data.indices.first { $0 + 1 < data.count && data[$0] == 0xFF && data[$0 + 1] == code })
    }
    for place in try [2, first(0xDB), first(0xDA), data.count - 2] {
      let stray = Array(data[..<place]) + [1, 2, 3, 0, 255, 0] + data[place...]
      let (picture, notes) = try Self.read(stray)
      #expect(picture == whole, "\(name) at \(place)")
      // Behind a scan they may pass for its last bits.
      #expect(place == data.count - 2 || notes.contains { $0.contains("stray bytes") }, "\(name) at \(place)")
    }
  }

  @Test(arguments: plain + ["jpeg-progressive.jpg", "jpeg-gray-progressive.jpg", "jpeg-cmyk-progressive.jpg"])
  func noEndMarker(_ name: String) throws {
    let data = try Fixtures.bytes(name)
    let (picture, notes) = try Self.read(Array(data.dropLast(2)))
    #expect(try picture == PictureReader.decode(data))
    #expect(notes.contains { $0.contains("end marker") }, "\(notes)")
  }

  /// An arithmetic coder leaves zeros out, so nobody can tell how much is missing.
  @Test func arithmeticCodesNeedTheirEnd() throws {
    for name in ["jpeg-arithmetic.jpg", "jpeg-arithmetic-progressive.jpg"] {
      #expect(try Self.reason(Array(Fixtures.bytes(name).dropLast(2))).contains("is a damaged JPEG"))
    }
  }

  /// Files that were cut between two scans look whole to libjpeg, also where somebody has put an end marker behind them.
  @Test func missingScans() throws {
    for name in ["jpeg-scans.jpg", "jpeg-progressive.jpg", "jpeg-gray-progressive.jpg"] {
      var data = try Fixtures.bytes(name)
      for _ in 1..<JPEGMarkers(data).scans {
        let scan = try Self.marker(0xDA, in: data)
        // A scan's own Huffman table lies before it and may stay.
        data = Array(data[..<scan])
        #expect(Self.reason(data).contains("is a damaged JPEG"), "\(name)")
        #expect(Self.reason(data + [0xFF, 0xD9]).contains("is a damaged JPEG"), "\(name)")
      }
    }
  }

  @Test func scanParametersAndTransforms() throws {
    var data = try Fixtures.bytes("jpeg-444.jpg")
    let scan = try Self.marker(0xDA, in: data)
    // SOS, length, three components of two bytes, then the bands, of which a sequential picture has 0...63.
    data[scan + 12] = 0
    var (picture, notes) = try Self.read(data)
    #expect(try picture == Fixtures.reference("jpeg-444.jpg"))
    #expect(notes.count == 1 && notes[0].contains("scan parameters"), "\(notes)")
    data = try Fixtures.bytes("jpeg-ycck.jpg")
    let adobe = try #require(data.indices.first { data[$0...].starts(with: "Adobe".utf8) })
    data[adobe + 11] = 7
    (picture, notes) = try Self.read(data)
    #expect(try picture == PictureReader.decode(Fixtures.bytes("jpeg-ycck.jpg")))
    #expect(notes.count == 1 && notes[0].contains("transform"), "\(notes)")
  }

  /// What only newer libraries read is named, with a remedy. (These files are none of that kind but by their header, so
  /// a newer library calls them damaged.)
  @Test func kindsThatTheLibraryCannotRead() throws {
    let data = try Fixtures.bytes("jpeg-444.jpg")
    let frame = try Self.marker(0xC0, in: data)
    for (process, precision, name) in [(0xC1, 12, "12-bit"), (0xC3, 8, "lossless"), (0xC5, 8, "hierarchical")] {
      var other = data
      other[frame + 1] = UInt8(process)
      other[frame + 4] = UInt8(precision)
      let reason = Self.reason(other)
      if cjpeg_library_version() < 3_000_000 {
        #expect(reason.contains("\(name) JPEG, which libjpeg-turbo 2.") && reason.contains("convert it"), "\(reason)")
      } else {
        #expect(reason.hasPrefix("is "), "\(reason)")
      }
    }
  }

  // MARK: PNG

  @Test func damagedChunksAroundThePixels() throws {
    let data = try Fixtures.bytes("png-gamma.png")
    var damaged = data
    let chunk = try #require(data.indices.first { data[$0...].starts(with: "gAMA".utf8) })
    damaged[chunk + 8] ^= 1
    let (picture, notes) = try Self.read(damaged)
    #expect(try picture.distance(to: PictureReader.decode(data)) ?? 0 > 10, "the chunk counts for nothing")
    #expect(notes.count == 1 && notes[0].contains("libpng: gAMA: CRC error"), "\(notes)")
    let (whole, end) = try Self.read(Array(data.dropLast(12)))
    #expect(try whole == PictureReader.decode(data))
    #expect(end.count == 1 && end[0].contains("costs no pixel"), "\(end)")
  }

  /// A checksum of the pixels' own chunk is another matter.
  @Test func damagedPixelsAreRefused() throws {
    var data = try Fixtures.bytes("png-rgb8.png")
    let chunk = try #require(data.indices.first { data[$0...].starts(with: "IDAT".utf8) })
    let length = try #require(data.bigEndian32(chunk - 4))
    data[chunk + 4 + length] ^= 1
    #expect(Self.reason(data).contains("is a damaged PNG (IDAT: CRC error)"))
  }

  /// exiftool puts the chunk behind the pixels.
  @Test func orientationBehindThePixels() throws {
    var chunks = PNGFile.chunks(try Fixtures.bytes("png-exif-6.png"))
    let exif = try #require(chunks.firstIndex { $0.type == "eXIf" })
    chunks.insert(chunks.remove(at: exif), at: chunks.count - 1)
    #expect(chunks.map(\.type) == ["IHDR", "IDAT", "eXIf", "IEND"])
    #expect(try Self.read(PNGFile.joined(chunks)).picture == Fixtures.reference("png-exif-6.png"))
  }

  @Test func storedTurnIsKeptForLandmarks() throws {
    for name in ["jpeg-exif-6.jpg", "png-exif-6.png", "webp-exif-6.webp"] {
      let stored = try PictureReader.decode(Fixtures.bytes(name), asStored: true)
      #expect(try stored.upright(orientation: 6) == PictureReader.decode(Fixtures.bytes(name)), "\(name)")
      #expect(stored.width == 23 && stored.height == 17)
    }
  }

  // MARK: Colour profiles

  /// The profile in a JPEG's APP2 segments.
  static func profile(_ name: String) throws -> [UInt8] {
    let data = try Fixtures.bytes(name)
    let start = try #require(data.indices.first { data[$0...].starts(with: "ICC_PROFILE".utf8) })
    return Array(data[(start + 14)..<(start - 2 + (try #require(data.bigEndian16(start - 2))))])
  }

  static func jpeg(_ name: String, profile: [UInt8]) throws -> [UInt8] {
    let data = try Fixtures.bytes(name)
    let body = Array("ICC_PROFILE\0".utf8) + [1, 1] + profile
    return data[..<2] + [0xFF, 0xE2, UInt8((body.count + 2) >> 8), UInt8((body.count + 2) & 255)] + body + data[2...]
  }

  @Test func profilesThatCannotBeUsed() throws {
    let plain = try Fixtures.reference("jpeg-444.jpg")
    let inks = try Self.profile("jpeg-profile-cmyk.jpg")
    let wide = try Self.profile("jpeg-profile-wide.jpg")
    for (profile, word) in [
      ([1, 2, 3], "damaged"), (Array(wide.prefix(100)), "damaged"), (Array(wide.prefix(300)), "damaged"),
      (inks, "another kind"),
    ] {
      let (picture, notes) = try Self.read(Self.jpeg("jpeg-444.jpg", profile: profile))
      #expect(picture == plain && notes.count == 1 && notes[0].contains(word), "\(notes)")
    }
    // A segment that says it is the first of two, without the other.
    var data = try Self.jpeg("jpeg-444.jpg", profile: wide)
    data[6 + 13] = 2
    let (picture, notes) = try Self.read(data)
    #expect(picture == plain && notes == ["has a damaged colour profile, which is passed over"])
    // And a chunk of a PNG that libpng does not take for a profile.
    var chunks = PNGFile.chunks(try Fixtures.bytes("png-profile-wide.png"))
    let index = try #require(chunks.firstIndex { $0.type == "iCCP" })
    chunks[index].data = Array(chunks[index].data.prefix(40))
    let (png, said) = try Self.read(PNGFile.joined(chunks))
    #expect(try png.pixels != Fixtures.reference("png-profile-wide.png").pixels)
    #expect(said.count == 1 && said[0].contains("iCCP"), "\(said)")
  }

  /// Every byte of a profile changed: a picture comes of it, or of the file without it.
  @Test func damagedProfilesDoNoHarm() throws {
    for (name, source) in [("jpeg-profile-wide.jpg", "jpeg-444.jpg"), ("jpeg-profile-cmyk.jpg", "jpeg-cmyk.jpg")] {
      let profile = try Self.profile(name)
      for at in profile.indices {
        var damaged = profile
        damaged[at] ^= 1 << UInt8(at % 8)
        #expect(throws: Never.self) { try Self.read(Self.jpeg(source, profile: damaged)) }
      }
    }
  }

  /// sRGB's own profile changes nothing.
  @Test func profileOfSRGB() throws {
    let made = try Self.profile("jpeg-profile-srgb.jpg")
    let (picture, notes) = try Self.read(Self.jpeg("jpeg-444.jpg", profile: made))
    #expect(try picture == Fixtures.reference("jpeg-444.jpg") && notes.isEmpty)
  }

  /// Reduced pictures are converted as whole ones are.
  @Test func reducedPicturesAreConverted() throws {
    let flat = Picture(width: 64, height: 64, pixels: (0..<64 * 64).flatMap { _ in [200, 60, 90] as [UInt8] })
    let data = try JPEGWriter.encode(flat)
    let body = try Array("ICC_PROFILE\0".utf8) + [1, 1] + Self.profile("jpeg-profile-wide.jpg")
    let segment = [0xFF, 0xE2, UInt8((body.count + 2) >> 8), UInt8((body.count + 2) & 255)] + body
    let wide = Array(data[..<2]) + segment + data[2...]
    let (small, whole) = (try PictureReader.decode(wide, shorterSide: 8), try PictureReader.decode(wide))
    #expect(small.width == 8 && Array(small.pixels.prefix(3)) == Array(whole.pixels.prefix(3)))
    // Adobe's red is redder.
    #expect(whole.pixels[0] > 210)
  }
}
