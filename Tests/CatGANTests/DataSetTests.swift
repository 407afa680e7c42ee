// Searching folders, decoding them, and handing out batches.

import Foundation
import ImageFormats
import Images
import Storage
import Synchronization
import Testing

@testable import CatGAN

@Suite struct DataSet {
  /// A flat colour, as PNG-free as possible: the JPEG of one colour decodes to within a level of it.
  static func flat(_ red: UInt8, _ green: UInt8, _ blue: UInt8, width: Int = 16, height: Int = 16) throws -> [UInt8] {
    let pixels = (0..<(width * height)).flatMap { _ in [red, green, blue] }
    return try JPEGWriter.encode(Picture(width: width, height: height, pixels: pixels))
  }

  @Test func contentDecidesNotTheName() throws {
    let folder = try TemporaryFolder()
    try folder.write(Fixtures.bytes("jpeg-444.jpg"), to: "a.png")
    try folder.write(Fixtures.bytes("png-rgb8.png"), to: "b.jpg")
    let data = try Dataset(FolderScan(folder.bytePath), options: DatasetOptions(size: 8, threads: 1))
    #expect(data.count == 2 && data.skipped.isEmpty)
  }

  @Test func folderIsSearchedInOrder() throws {
    let folder = try TemporaryFolder()
    let picture = try Self.flat(10, 20, 30)
    let names = [
      "b/2.jpg", "b/1.jpg", "a.jpeg", "c.JPG", "b/deeper/x.png", "with space.jpg", "new\nline.jpg", "noextension",
    ]
    for name in names { try folder.write(picture, to: name) }
    try folder.write(picture, to: BytePath(bytes: [0xFF, 0xFE, 0x2E, 0x6A]))
    try folder.write(Array("a note".utf8), to: "note.txt")
    try folder.write(Array("a note".utf8), to: "misnamed.jpg")
    try folder.write([], to: "empty.png")
    try folder.write(Array("GIF89a".utf8), to: "moving.gif")
    try folder.write(picture, to: ".hidden.jpg")
    let scan = try FolderScan(folder.bytePath)
    let found = scan.pictures.map { String(describing: $0).dropFirst(folder.path.count + 1) }
    #expect(
      found == [
        "a.jpeg", "c.JPG", "new\\x0Aline.jpg", "noextension", "with space.jpg", "\\xFF\\xFE.j", "b/1.jpg", "b/2.jpg",
        "b/deeper/x.png",
      ])
    #expect(
      scan.skipped.map { $0.description.dropFirst(folder.path.count + 1) } == [
        "empty.png is empty", "misnamed.jpg is no picture, whatever its name says; remove it or get it anew",
        "moving.gif is a GIF file, which is not read; convert it: magick FILE FILE.png",
      ])
    #expect(scan.otherFiles.count == 1)
    #expect(try Dataset(scan, options: DatasetOptions(size: 8, threads: 2)).count == 9)
  }

  @Test func linksMayLoop() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.flat(1, 2, 3), to: "a/one.jpg")
    for (link, target) in [("a/up", ".."), ("a/self", "self"), ("b", "a"), ("broken.jpg", "nowhere")] {
      try FileManager.default.createSymbolicLink(atPath: folder.path + "/" + link, withDestinationPath: target)
    }
    let scan = try FolderScan(folder.bytePath)
    #expect(scan.pictures.count == 1)
    #expect(scan.skipped.count == 2)
  }

  @Test func specialFilesAreNotRead() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.flat(1, 2, 3), to: "one.jpg")
    try #require(mkfifo(folder.path + "/pipe.jpg", 0o600) == 0)
    let scan = try FolderScan(folder.bytePath)
    #expect(scan.pictures.count == 1)
    #expect(throws: PictureError("is not a regular file")) {
      try PictureReader.read(BytePath(folder.path + "/pipe.jpg"))
    }
  }

  /// In a process of its own that gives up root's right to read everything.
  @Test func unreadableIsNamed() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      for name in ["one.jpg", "closed.jpg", "closed/two.jpg"] { try folder.write(Self.flat(1, 2, 3), to: name) }
      chmod(folder.path + "/closed.jpg", 0)
      chmod(folder.path + "/closed", 0)
      let root = geteuid() == 0
      if root { seteuid(65_534) }
      let scan = try FolderScan(folder.bytePath)
      if root { seteuid(0) }
      chmod(folder.path + "/closed", 0o700)
      folder.remove()
      let refused = scan.skipped.filter { $0.reason.contains("Permission denied") }
      // Not exit: the leak checker of `make sanitize` would look for what nobody had the time to release.
      _exit(scan.pictures.count == 1 && scan.skipped.count == 2 && refused.count == 2 ? 0 : 1)
    }
  }

  @Test func nothingUsableIsAnError() throws {
    #expect(throws: DatasetError.self) { try FolderScan(BytePath("/nonexistent/cats")) }
    let folder = try TemporaryFolder()
    #expect(throws: DatasetError.self) {
      try Dataset(FolderScan(folder.bytePath), options: DatasetOptions(size: 8, threads: 1))
    }
    try folder.write([0xFF, 0xD8, 0xFF, 0xD9], to: "broken.jpg")
    #expect {
      try Dataset(FolderScan(folder.bytePath), options: DatasetOptions(size: 8, threads: 1))
    } throws: {
      "\($0)".contains("no usable") && "\($0)".contains("broken.jpg is a damaged JPEG")
    }
    #expect(throws: DatasetError.self) { try FolderScan(BytePath(folder.path + "/broken.jpg")) }
  }

  @Test func brokenFilesLeaveNoGap() throws {
    let folder = try TemporaryFolder()
    for i in 0..<40 {
      let whole = try Self.flat(UInt8(i * 6), 100, 50)
      try folder.write(i % 3 == 1 ? Array(whole.prefix(whole.count / 2)) : whole, to: String(1000 + i) + ".jpg")
    }
    let scan = try FolderScan(folder.bytePath)
    let calls = Mutex<[Int]>([])
    let one = try Dataset(scan, options: DatasetOptions(size: 5, threads: 1)) { done, total in
      #expect(total == 40)
      calls.withLock { $0.append(done) }
    }
    #expect(calls.withLock { $0 } == Array(1...40))
    #expect(one.count == 27 && one.skipped.count == 13)
    #expect(one.pixels.count == 27 * 5 * 5 * 3)
    #expect(one.pixels.count == Dataset.bytesNeeded(count: 27, size: 5))
    for (n, i) in (0..<40).filter({ $0 % 3 != 1 }).enumerated() {
      #expect(one.paths[n].description.hasSuffix("\(1000 + i).jpg"))
      #expect(abs(Int(one.pixels[n * 75]) - i * 6) <= 2)
    }
    let four = try Dataset(scan, options: DatasetOptions(size: 5, threads: 4))
    #expect(four.pixels == one.pixels && four.digest == one.digest && four.skipped == one.skipped)
  }

  @Test func digestSeesEveryByteAndTheOrder() throws {
    func digest(_ colors: [UInt8], size: Int = 4) throws -> String {
      let folder = try TemporaryFolder()
      for (i, color) in colors.enumerated() { try folder.write(Self.flat(color, 0, 0), to: "\(i).jpg") }
      return try Dataset(FolderScan(folder.bytePath), options: DatasetOptions(size: size, threads: 2)).digest
    }
    let base = try digest([10, 60, 200])
    #expect(try digest([10, 60, 200]) == base)
    #expect(try digest([60, 10, 200]) != base)
    #expect(try digest([10, 60]) != base)
    #expect(try digest([10, 60, 204]) != base)
    #expect(try digest([10, 60, 200], size: 3) != base)
  }

  /// The published values of FNV-1a, 64 bits, for "" and "a" and "foobar".
  @Test func digestIsFNV1a() {
    func hash(_ text: String) -> UInt64 { Array(text.utf8).withUnsafeBytes { Digest64.hash($0) } }
    #expect(hash("") == 0xCBF2_9CE4_8422_2325)
    #expect(hash("a") == 0xAF63_DC4C_8601_EC8C)
    #expect(hash("foobar") == 0x8594_4171_F739_67E8)
  }

  @Test func batchesAreScaledAndMirrored() throws {
    let folder = try TemporaryFolder()
    try folder.write(Fixtures.bytes("png-rgb8.png"), to: "a.png")
    try folder.write(Fixtures.bytes("png-palette8.png"), to: "b.png")
    let size = 7
    let data = try Dataset(FolderScan(folder.bytePath), options: DatasetOptions(size: size, threads: 2))
    let pixels = size * size * 3
    var batch = [Float](repeating: .nan, count: 3 * pixels + 1)
    batch.withUnsafeMutableBufferPointer {
      data.fillBatch([1, 0, 1], mirrored: [false, true, true], into: $0.baseAddress!)
    }
    for (n, (index, mirrored)) in [(1, false), (0, true), (1, true)].enumerated() {
      for y in 0..<size {
        for x in 0..<size {
          for c in 0..<3 {
            let from = index * pixels + (y * size + (mirrored ? size - 1 - x : x)) * 3 + c
            let expected = Float(Double(data.pixels[from]) / 127.5 - 1)
            #expect(abs(batch[n * pixels + (y * size + x) * 3 + c] - expected) <= 1.2e-7)
          }
        }
      }
    }
    #expect(batch.last!.isNaN)
    #expect(batch.dropLast().min()! >= -1 && batch.dropLast().max()! <= 1)
  }
}
