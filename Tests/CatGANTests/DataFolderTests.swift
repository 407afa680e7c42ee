// What lies in folders beside pictures: formats that are not read, and what this software itself has made.

import Foundation
import ImageFormats
import Images
import Storage
import Testing

@testable import CatGAN

@Suite struct DataFolders {
  /// Name, first bytes, and words that must be said.
  static let foreign: [(name: String, head: [UInt8], says: String)] = [
    ("a.tif", [0x49, 0x49, 42, 0, 8, 0, 0, 0], "TIFF"), ("a.TIFF", [0x4D, 0x4D, 0, 42, 0, 0, 0, 8], "TIFF"),
    ("big.tif", [0x49, 0x49, 43, 0, 8, 0, 0, 0], "TIFF"), ("heic.jpg", box("ftypheic"), "HEIC"),
    ("a.heif", box("ftypmif1"), "HEIC"), ("a.avif", box("ftypavif"), "AVIF"), ("b.avif", box("ftypavis"), "AVIF"),
    ("a.jp2", box("jP  \r\n"), "JPEG 2000"), ("a.j2k", [0xFF, 0x4F, 0xFF, 0x51], "JPEG 2000"),
    ("a.jxl", box("JXL \r\n"), "JPEG XL"), ("b.jxl", [0xFF, 0x0A, 1, 2], "JPEG XL"),
    ("a.tga", [0, 0, 2, 0, 0, 0], "TGA"), ("a.gif", Array("GIF89a".utf8), "GIF"), ("gif", Array("GIF87a".utf8), "GIF"),
    ("a.ico", [0, 0, 1, 0, 1, 0], "ICO"), ("a.psd", Array("8BPS".utf8), "Photoshop"),
    ("a.nef", [0x4D, 0x4D, 0, 42, 0, 0, 0, 8], "raw photo"), ("a.CR2", [0x49, 0x49, 42, 0, 16, 0, 0, 0], "raw photo"),
    ("a.cr3", box("ftypcrx "), "raw photo"), ("a.dng", [0x49, 0x49, 42, 0, 8, 0, 0, 0], "raw photo"),
    ("a.raf", Array("FUJIFILMCCD-RAW".utf8), "raw photo"), ("a.jls", [0xFF, 0xD8, 0xFF, 0xF7], "JPEG-LS"),
    ("page.jpg", Array("<!DOCTYPE html><html>".utf8), "web page"),
    ("pointer.png", Array("version https://git-lfs.github.com/spec/v1\n".utf8), "git lfs pull"),
    ("empty.jpg", [], "is empty"), ("zeros.png", [0, 0, 0, 0, 0, 0], "is no picture, whatever its name says"),
    ("a.svg", Array("<svg xmlns=".utf8), "SVG"), ("a.pam", Array("P7\nWIDTH 3".utf8), "PAM"),
  ]

  private static func box(_ name: String) -> [UInt8] { [0, 0, 0, 12] + name.utf8 + [0, 0, 0, 0, 0, 0] }

  @Test func foreignFormatsAreNamed() throws {
    let folder = try TemporaryFolder()
    for file in Self.foreign { try folder.write(file.head, to: file.name) }
    let skipped = try FolderScan(folder.bytePath).skipped
    #expect(skipped.count == Self.foreign.count)
    for file in Self.foreign {
      let remark = skipped.first { $0.path.description == "\(folder.path)/\(file.name)" }
      #expect(remark?.reason.contains(file.says) == true, "\(file.name): \(remark?.reason ?? "not named")")
      let isFormat = remark?.reason.contains("not read") == true
      #expect(!isFormat || remark!.reason.contains("convert it: "), "\(file.name)")
    }
  }

  /// Texts that begin as pictures might are none.
  @Test func textsAreNoPictures() throws {
    let folder = try TemporaryFolder()
    for text in ["BMW dealers near me and far away", "P6", "P5 is a kind of picture", "P1\n", "RIFF and raff"] {
      try folder.write(Array(text.utf8), to: "\(text.count).txt")
    }
    let scan = try FolderScan(folder.bytePath)
    #expect(scan.pictures.isEmpty && scan.skipped.isEmpty && scan.otherFiles.count == 5)
  }

  @Test func aFolderWithNothingUsableSaysWhatItHolds() throws {
    let folder = try TemporaryFolder()
    for i in 0..<12 { try folder.write(Self.box("ftypheic"), to: "IMG_\(i).heic") }
    try folder.write([0x49, 0x49, 42, 0], to: "scan.tif")
    for name in ["a.txt", "b.txt", "c.mp4", "README"] { try folder.write(Array("text".utf8), to: name) }
    #expect {
      try Dataset(FolderScan(folder.bytePath), options: DatasetOptions(size: 8, threads: 1))
    } throws: { error in
      [
        "holds no usable picture (JPEG, PNG, WebP, BMP, PPM, PGM and PBM are read)", "IMG_0.heic is a HEIC file",
        "(12 files like this)", "heif-convert", "scan.tif is a TIFF file",
        "4 other files (2 .txt, 1 .mp4, 1 without suffix)",
      ].allSatisfy("\(error)".contains)
    }
    let empty = try TemporaryFolder()
    #expect {
      try Dataset(FolderScan(empty.bytePath), options: DatasetOptions(size: 8, threads: 1))
    } throws: {
      "\($0)".contains("it is empty")
    }
  }

  @Test func remarksAreGrouped() {
    let remarks = (0..<5).map { FileRemark(path: BytePath("\($0).x"), reason: $0 == 2 ? "is odd" : "is even") }
    #expect(remarks.lines(limit: 5).lines == ["0.x is even (4 files like this)", "2.x is odd"])
    let (lines, others) = remarks.lines(limit: 1)
    #expect(lines.count == 1 && others == 1)
  }

  @Test func notesAreKept() throws {
    let folder = try TemporaryFolder()
    try folder.write(Array(Fixtures.bytes("jpeg-444.jpg").dropLast(2)), to: "cut.jpg")
    try folder.write(Fixtures.bytes("jpeg-444.jpg"), to: "good.jpg")
    let data = try Dataset(FolderScan(folder.bytePath), options: DatasetOptions(size: 8, threads: 2))
    #expect(data.count == 2 && data.skipped.isEmpty)
    #expect(data.notes == [FileRemark(path: BytePath(folder.path + "/cut.jpg"), reason: "lacks its end marker")])
    #expect(data.pixels.prefix(192) == data.pixels.suffix(192))
  }

  // MARK: Own output

  /// What `prepare` made of photos is a copy of them where they are, and data where they are not.
  @Test func preparedPicturesBesideTheirPhotos() throws {
    let folder = try TemporaryFolder()
    for i in 0..<3 {
      try folder.write(JPEGWriter.encode(DataPrepare.photo(i, width: 40, height: 40)), to: "photos/sub, 1/\(i).jpg")
    }
    let options = PrepareOptions(size: 16, threads: 1)
    for destination in ["photos/faces", "a", "b"] {
      try Prepare.run(
        BytePath(folder.path + "/photos"), to: BytePath("\(folder.path)/\(destination)"), options: options)
    }
    func count(_ name: String) throws -> [Int] {
      let scan = try FolderScan(BytePath(folder.path + name))
      return [scan.pictures.count, scan.ownOutput.count]
    }
    // Three photos; three copies and a sheet.
    #expect(try count("/photos") == [3, 4])
    #expect(try count("/photos/faces") == [3, 0])
    #expect(try count("") == [3, 12])
    try FileManager.default.removeItem(atPath: folder.path + "/photos")
    #expect(try count("") == [6, 2])
  }

  /// Every kind of file that the commands make, wherever it lies and whatever it is called.
  @Test func ownOutputIsNoData() throws {
    let folder = try TemporaryFolder()
    let photo = DataPrepare.photo(1, width: 40, height: 40)
    try folder.write(JPEGWriter.encode(photo), to: "photo.jpg")
    // What `prepare --format png` makes is data.
    try folder.write(PNGWriter.encode(photo, isOwnOutput: false), to: "prepared.png")
    let sheet = try PNGWriter.encode(photo)
    for name in ["reals.png", "sub/epoch0001.png", "renamed.jpg"] { try folder.write(sheet, to: name) }
    try folder.write(PNGFile.film(sheet, width: 40, height: 40), to: "film.png")
    try folder.write(PNGFile.ppm(width: 8, height: 8), to: "seed0000.ppm")
    // A run of an older version, whose grids bear no mark, by itself and through a link; and an older `prepare`'s sheet.
    for run in ["runs/00000-cats64-w8", "elsewhere/run"] {
      for name in ["config.json", "stats.jsonl", "log.txt", "checkpoints/x.safetensors"] {
        try folder.write([1], to: "\(run)/\(name)")
      }
      try folder.write(PNGWriter.encode(photo, isOwnOutput: false), to: "\(run)/samples/epoch0001.png")
      try folder.write(PNGWriter.encode(photo, isOwnOutput: false), to: "\(run)/reals.png")
    }
    try FileManager.default.moveItem(atPath: folder.path + "/elsewhere", toPath: folder.path + "/.elsewhere")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/link", withDestinationPath: folder.path + "/.elsewhere/run")
    for name in ["kept.csv", "rejected.csv"] { try folder.write([1], to: "faces/\(name)") }
    try folder.write(PNGWriter.encode(photo, isOwnOutput: false), to: "faces/contact-sheet.png")
    try folder.write(JPEGWriter.encode(photo), to: "faces/000001.jpg")
    // Somebody's own picture of that name, and a folder that only looks a little like a run.
    try folder.write(JPEGWriter.encode(photo), to: "contact-sheet.png")
    try folder.write([1], to: "game/config.json")
    try folder.write(JPEGWriter.encode(photo), to: "game/cat.jpg")
    let scan = try FolderScan(folder.bytePath)
    func names(_ paths: [BytePath]) -> [String] {
      paths.map { String($0.description.dropFirst(folder.path.count + 1)) }.sorted()
    }
    #expect(
      names(scan.pictures) == [
        "contact-sheet.png", "faces/000001.jpg", "game/cat.jpg", "photo.jpg", "prepared.png",
      ])
    #expect(
      names(scan.ownOutput) == [
        "faces/contact-sheet.png", "film.png", "link", "reals.png", "renamed.jpg", "runs/00000-cats64-w8",
        "seed0000.ppm", "sub/epoch0001.png",
      ])
    #expect(scan.skipped.isEmpty)
    // Where samples are to be judged they count.
    #expect(try FolderScan(BytePath(folder.path + "/sub"), takingOwnOutput: true).pictures.count == 1)
    #expect {
      try Dataset(FolderScan(BytePath(folder.path + "/sub")), options: DatasetOptions(size: 8, threads: 1))
    } throws: {
      "\($0)".contains("sub/epoch0001.png made by CatGAN itself")
    }
    #expect {
      try FolderScan(BytePath(folder.path + "/runs/00000-cats64-w8"))
    } throws: {
      "\($0)".contains("is the directory of a run")
    }
  }

  /// Samples, and pictures that are none, are told apart by bytes alone; noise must not trip the reader of chunks.
  @Test func markIsReadWithinBounds() throws {
    let photo = DataPrepare.photo(1, width: 8, height: 8)
    let marked = try PNGWriter.encode(photo)
    let folder = try TemporaryFolder()
    for length in 0..<130 { try folder.write(Array(marked.prefix(length)), to: "\(1000 + length).png") }
    var odd = marked
    odd.replaceSubrange(8..<12, with: [255, 255, 255, 255])
    try folder.write(odd, to: "odd.png")
    // The mark ends at byte 56: 8 of signature, 25 of IHDR, 8 of the chunk's head and 15 of its text.
    #expect(try FolderScan(folder.bytePath).ownOutput.count == 130 - 56)
  }
}
