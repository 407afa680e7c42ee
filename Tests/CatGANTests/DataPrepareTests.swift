// Preparing a data set from drawn photos, with and without landmark files.

import Foundation
import ImageFormats
import Images
import Storage
import Testing

@testable import CatGAN

@Suite struct DataPrepare {
  /// A photo of slopes, blobs and a checkerboard; different for every seed.
  static func photo(_ seed: Int, width: Int, height: Int, gain: Double = 1) -> Picture {
    let (a, b, c) = (Double(seed * 37 % 11), Double(seed * 53 % 13), Double(seed * 71 % 17))
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        let (u, v) = (Double(x) / Double(width), Double(y) / Double(height))
        let values = [sin(a + u * (3 + b)) + cos(c + v * 9), sin(b + (u + v) * (2 + c)), cos(a * u + b * v * 2)]
        pixels += values.map { UInt8(max(0, min(255, (128 + 55 * $0) * gain))) }
      }
    }
    return Picture(width: width, height: height, pixels: pixels)
  }

  /// The rows of a list that lies beside the folder `made` within `folder`.
  static func rows(_ folder: TemporaryFolder, _ name: String) throws -> [String] {
    let text = try String(decoding: Data(contentsOf: URL(filePath: folder.path + "/made." + name)), as: UTF8.self)
    return text.split(separator: "\r\n").map(String.init)
  }

  @Test func cleansAFolder() throws {
    let (source, target) = (try TemporaryFolder(), try TemporaryFolder())
    let original = Self.photo(1, width: 150, height: 110)
    try source.write(JPEGWriter.encode(original), to: "a.jpg")
    try source.write(JPEGWriter.encode(original), to: "b exact.jpg")
    // The same photo smaller, coarser and darker, and one with more pixels, which is the one to keep.
    let darker = Self.photo(1, width: 75, height: 55, gain: 0.8)
    try source.write(JPEGWriter.encode(darker, quality: 50), to: "c near.jpg")
    try source.write(JPEGWriter.encode(Self.photo(2, width: 70, height: 70)), to: "sub/d.jpg")
    try source.write(PNGWriter.encode(Self.photo(2, width: 140, height: 140), isOwnOutput: false), to: "sub/e.png")
    try source.write(JPEGWriter.encode(Self.photo(3, width: 64, height: 47)), to: "small.jpg")
    try source.write(DataSet.flat(200, 190, 180, width: 80, height: 80), to: "blank.jpg")
    try source.write(Array(JPEGWriter.encode(original).prefix(500)), to: "cut, \"short\".jpg")
    let made = target.bytePath.appending(Array("made".utf8))
    let report = try Prepare.run(source.bytePath, to: made, options: PrepareOptions(size: 48, threads: 2))
    #expect(report.kept.map(\.name) == ["000001.jpg", "000002.jpg"])
    #expect(report.kept.map(\.source.description) == ["a.jpg", "sub/e.png"])
    let rejected = try Self.rows(target, "rejected.csv")
    #expect(rejected.count == 7)
    #expect(
      rejected.filter { !$0.hasPrefix("\"") } == [
        "file,reason", "b exact.jpg,is a copy of a.jpg", "blank.jpg,is blank: its brightness hardly varies",
        "c near.jpg,is a copy of a.jpg", "small.jpg,\"is too small: 64x47 pixels, less than 48\"",
        "sub/d.jpg,is a copy of sub/e.png",
      ])
    #expect(rejected.contains { $0.hasPrefix("\"cut, \"\"short\"\".jpg\",is a damaged JPEG (") })
    #expect(try Self.rows(target, "kept.csv") == ["name,source", "000001.jpg,a.jpg", "000002.jpg,sub/e.png"])
    // The result is a data set as it stands, and nothing else lies in it; neither does the sheet beside it count.
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: made.description).sorted() == ["000001.jpg", "000002.jpg"])
    let scan = try FolderScan(target.bytePath)
    #expect(scan.ownOutput.map(\.description) == [target.path + "/made.contact-sheet.png"])
    let data = try Dataset(scan, options: DatasetOptions(size: 48, threads: 2))
    #expect(data.count == 2 && data.skipped.isEmpty)
    let expected = try PictureReader.read(source.bytePath.appending(Array("a.jpg".utf8))).square(48, fit: .crop)
    let first = Picture(width: 48, height: 48, pixels: Array(data.pixels.prefix(48 * 48 * 3)))
    // Quality 95 keeps smooth pictures within a few levels.
    #expect(try #require(first.distance(to: expected)) <= 6)
    let sheet = try PictureReader.read(target.bytePath.appending(Array("made.contact-sheet.png".utf8)))
    #expect(sheet.width == 128 && sheet.height == 64)
  }

  @Test func threadsDoNotMatterAndCopiesMayStay() throws {
    let source = try TemporaryFolder()
    for i in 0..<12 {
      try source.write(JPEGWriter.encode(Self.photo(i % 7, width: 60, height: 50)), to: "\(10 + i).jpg")
    }
    func made(threads: Int, distance: Int?) throws -> [[UInt8]] {
      let target = try TemporaryFolder()
      var options = PrepareOptions(size: 32, threads: threads)
      options.duplicateDistance = distance
      options.format = .png
      let folder = target.bytePath.appending(Array("made".utf8))
      try Prepare.run(source.bytePath, to: folder, options: options)
      let names = try FileManager.default.subpathsOfDirectory(atPath: target.path).sorted().filter { $0 != "made" }
      return try names.map { try Array(Data(contentsOf: URL(filePath: target.path + "/" + $0))) }
    }
    let one = try made(threads: 1, distance: 10)
    #expect(one.count == 7 + 3)
    #expect(try made(threads: 3, distance: 10) == one)
    #expect(try made(threads: 2, distance: nil).count == 12 + 3)
  }

  // MARK: Landmarks

  /// A face seen upright around (0,0): eyes 80 apart, mouth, three points of each ear.
  static let face = [(-40, 0), (40, 0), (0, 60), (-70, -20), (-60, -90), (-30, -50), (30, -50), (60, -90), (70, -20)]

  /// A photo with that face turned clockwise by `degrees` around `centre`, and its landmark file.
  static func cat(_ degrees: Double, size: Int = 420, centre: (Double, Double) = (210, 200), seed: Int = 1) -> (
    Picture, String
  ) {
    let angle = degrees * .pi / 180
    let points = face.map { x, y in
      (
        centre.0 + Double(x) * cos(angle) - Double(y) * sin(angle),
        centre.1 + Double(x) * sin(angle) + Double(y) * cos(angle)
      )
    }
    var pixels = photo(seed, width: size, height: size).pixels.map { $0 / 4 }
    for (index, (px, py)) in points.enumerated() where index < 3 {
      for y in max(0, Int(py) - 9)..<min(size, Int(py) + 11) {
        for x in max(0, Int(px) - 9)..<min(size, Int(px) + 11) {
          let (dx, dy) = (Double(x) + 0.5 - px, Double(y) + 0.5 - py)
          guard dx * dx + dy * dy < 64 else { continue }
          // Left eye red, right eye green, mouth blue.
          for c in 0..<3 { pixels[(y * size + x) * 3 + c] = c == index ? 255 : 0 }
        }
      }
    }
    let numbers = points.map { " \(Int($0.0.rounded())) \(Int($0.1.rounded()))" }.joined()
    return (Picture(width: size, height: size, pixels: pixels), "9" + numbers + " ")
  }

  /// The centre of what is mostly of one colour, in pixels.
  static func spot(_ picture: Picture, _ channel: Int) -> (Double, Double) {
    var (x, y, sum) = (0.0, 0.0, 0.0)
    for i in 0..<(picture.width * picture.height) {
      let others = (0..<3).filter { $0 != channel }.map { Int(picture.pixels[3 * i + $0]) }.max()!
      let weight = Double(max(0, Int(picture.pixels[3 * i + channel]) - others - 60))
      x += weight * (Double(i % picture.width) + 0.5)
      y += weight * (Double(i / picture.width) + 0.5)
      sum += weight
    }
    return (x / sum, y / sum)
  }

  /// The points span 140 x 150, with the chin (0.4 eye distances) 140 x 182; 5% more is a square of 191.1 whose
  /// centre lies 1 below the eyes. In 96 pixels the eyes are then at 48 -+ 20.09, 47.50 and the mouth at 48, 77.64.
  /// Landmarks are whole pixels, half a pixel of the photo off at most, which is 0.5 degrees and half a pixel of the
  /// result.
  @Test(arguments: [0.0, 25, -40, 90, 180]) func levelsTheEyes(_ degrees: Double) throws {
    let (source, target) = (try TemporaryFolder(), try TemporaryFolder())
    let (picture, landmarks) = Self.cat(degrees)
    try source.write(JPEGWriter.encode(picture), to: "CAT_00/1.jpg")
    try source.write(Array(landmarks.utf8), to: "CAT_00/1.jpg.cat")
    var options = PrepareOptions(size: 96, threads: 1)
    options.format = .png
    try Prepare.run(source.bytePath, to: BytePath(target.path + "/made"), options: options)
    let made = try PictureReader.read(target.bytePath.appending(Array("made/000001.png".utf8)))
    for (channel, expected) in [(0, (27.91, 47.50)), (1, (68.09, 47.50)), (2, (48.0, 77.64))] {
      let (x, y) = Self.spot(made, channel)
      #expect(abs(x - expected.0) < 0.8 && abs(y - expected.1) < 0.8, "\(channel): \(x), \(y)")
    }
  }

  @Test func exchangedEyesStayUpright() throws {
    let points = try CatLandmarks(parsing: Array(Self.cat(20).1.utf8)).points
    let words = [points[1], points[0]] + points[2...]
    let text = "9" + words.map { " \(Int($0.x)) \(Int($0.y))" }.joined()
    let exchanged = try CatLandmarks(parsing: Array(text.utf8)).face(width: 420, height: 420)
    let square = try CatLandmarks(parsing: Array(Self.cat(20).1.utf8)).face(width: 420, height: 420)
    #expect(abs(exchanged.sine - square.sine) < 1e-12 && abs(exchanged.side - square.side) < 1e-9)
  }

  @Test func badLandmarksAreRejected() throws {
    let (source, target) = (try TemporaryFolder(), try TemporaryFolder())
    let (good, landmarks) = Self.cat(10)
    func add(_ name: String, _ picture: Picture, _ text: String?) throws {
      try source.write(JPEGWriter.encode(picture), to: name + ".jpg")
      if let text { try source.write(Array(text.utf8), to: name + ".jpg.cat") }
    }
    try add("good", good, landmarks)
    try add("eight", good, "8" + landmarks.dropFirst())
    try add("words", good, "9 a b c d e f g h i j k l m n o p q r")
    try add("empty", good, "")
    try add("outside", Self.photo(5, width: 200, height: 300), landmarks)
    try add("one eye", good, "9 50 50 50 50 " + landmarks.split(separator: " ")[5...].joined(separator: " "))
    try add("far", good, "9" + String(repeating: " 1e300 -1e300", count: 9))
    try add("no face", good, "9" + (1...9).map { " \($0 * 20) \($0 * 20)" }.joined())
    try add("edge", Self.cat(0, centre: (100, 95)).0, Self.cat(0, centre: (80, 95)).1)
    try add("without", Self.photo(7, width: 200, height: 200), nil)
    try source.write(Array(landmarks.utf8), to: "misfiled.jpg.cat")
    let made = BytePath(target.path + "/made")
    let report = try Prepare.run(source.bytePath, to: made, options: PrepareOptions(size: 64, threads: 2))
    // A photo without landmarks is one like any other.
    #expect(report.kept.map(\.source.description) == ["good.jpg", "without.jpg"] && report.faces == 1)
    let reasons = Dictionary(uniqueKeysWithValues: report.rejected.map { ($0.path.description, $0.reason) })
    for name in ["eight", "words", "empty"] { #expect(reasons[name + ".jpg"]?.contains("does not hold nine") == true) }
    #expect(reasons["outside.jpg"]?.contains("outside its 200x300 pixels; the landmark file may belong") == true)
    #expect(reasons["one eye.jpg"]?.contains("both eyes in one place") == true)
    #expect(reasons["no face.jpg"]?.contains("make no face") == true)
    #expect(reasons["edge.jpg"]?.contains("leaves the picture") == true)
    #expect(reasons["misfiled.jpg.cat"]?.contains("has no picture of the same name") == true)
    #expect(reasons["far.jpg"]?.contains("outside its") == true)
    #expect(reasons.count == 9)
    // Faces are measured, not photos: this one is 191 pixels wide in a photo of 420.
    var options = PrepareOptions(size: 193, threads: 2)
    #expect(try Prepare.run(source.bytePath, to: BytePath(target.path + "/a"), options: options).faces == 0)
    options.size = 189
    #expect(try Prepare.run(source.bytePath, to: BytePath(target.path + "/b"), options: options).faces == 1)
    options.landmarks = .ignore
    // Then the eight photos of the same drawing are copies of one another.
    #expect(try Prepare.run(source.bytePath, to: BytePath(target.path + "/all"), options: options).kept.count == 4)
  }

  // MARK: Where it writes

  @Test func destinationMustBeNewOrEmpty() throws {
    let (source, target) = (try TemporaryFolder(), try TemporaryFolder())
    try source.write(JPEGWriter.encode(Self.photo(1, width: 40, height: 40)), to: "a.jpg")
    try target.write([1], to: "mine.txt")
    let options = PrepareOptions(size: 32, threads: 1)
    for bad in [target.path, target.path + "/mine.txt", target.path + "/no/such", source.path + "/a.jpg/x"] {
      #expect(throws: DatasetError.self) { try Prepare.run(source.bytePath, to: BytePath(bad), options: options) }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: target.path) == ["mine.txt"])
    #expect(throws: DatasetError.self) {
      try Prepare.run(BytePath(target.path), to: BytePath(target.path + "/new"), options: options)
    }
    #expect(!FileManager.default.fileExists(atPath: target.path + "/new"))
  }

  /// In a process of its own, where files may not grow beyond 3,000 bytes: the pictures fit, the contact sheet does
  /// not.
  @Test func failedWritesLeaveNothing() async {
    await #expect(processExitsWith: .success) {
      let (source, target) = (try TemporaryFolder(), try TemporaryFolder())
      for i in 0..<9 { try source.write(JPEGWriter.encode(Self.photo(i, width: 32, height: 32)), to: "\(i).jpg") }
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 3_000, rlim_max: 3_000)
      setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      var message = ""
      do {
        try Prepare.run(
          source.bytePath, to: BytePath(target.path + "/new"), options: PrepareOptions(size: 16, threads: 1))
      } catch { message = "\(error)" }
      let left = try FileManager.default.contentsOfDirectory(atPath: target.path)
      source.remove()
      target.remove()
      exit(message.contains("cannot be written") && left.isEmpty ? 0 : 1)
    }
  }
}
