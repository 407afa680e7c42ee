import Foundation
import Testing

/// Folders of pictures as people keep them: with runs inside, moved, or of formats that are not read.
@Suite struct CattrainFolderTests {
  static let cattrain = Program("cattrain")
  private static let steps = ["--steps", "2"] + CattrainTests.small

  /// `cd photos; cattrain .`, and again, and on with both.
  @Test func runsAmongThePictures() throws {
    let place = try Place()
    let pictures = try CattrainTests.pictures(8, in: place)
    for run in 0..<2 {
      let ended = try Self.cattrain.run(["."] + Self.steps, in: pictures)
      #expect(ended.status == 0 && ended.text.contains(": 8 pictures of 64x64"), "\(ended.error)")
      #expect(ended.error.contains("made by CatGAN") == (run == 1), "\(ended.error)")
    }
    for run in 0..<2 {
      let ended = try Self.cattrain.run(["--resume", "runs/0000\(run)-cats64-w8", "--steps", "3"], in: pictures)
      #expect(ended.status == 0 && ended.text.contains("finished"), "\(ended.error)")
    }
    // Samples, grids and eval's sheets do not count either.
    let file = CattrainTests.checkpoints(CattrainTests.run, in: place)
    #expect(file.isEmpty, "the runs lie in the folder of pictures")
    let shipped = Fixtures.path("cats64.safetensors")
    _ = try Program("catgen").run(["--checkpoint", shipped, "--count", "3", "--out", "cats/"], in: pictures)
    _ = try Program("catgen").run(["--checkpoint", shipped, "--out", "cat.ppm"], in: pictures)
    let eight = try CattrainTests.pictures(24, in: place, name: "more")
    let judged = try Self.cattrain.run(
      ["eval", "--checkpoint", shipped, "--data", eight, "--count", "8", "--out", "eval", "--export", "pairs"],
      in: pictures)
    #expect(judged.status == 0, "\(judged.error)")
    let ended = try Self.cattrain.run([".", "--dry-run"] + Self.steps, in: pictures)
    #expect(ended.status == 0 && ended.text.contains("8 pictures of 64x64"), "\(ended.text)")
  }

  @Test func movedPictures() throws {
    let place = try Place()
    let pictures = try CattrainTests.pictures(6, in: place)
    #expect(try Self.cattrain.run([pictures] + Self.steps, in: place.path).status == 0)
    let moved = place("elsewhere")
    try FileManager.default.moveItem(atPath: pictures, toPath: moved)
    let resume = ["--resume", CattrainTests.run, "--steps", "3"]
    let lost = try Self.cattrain.run(resume, in: place.path)
    #expect(
      lost.status == 1 && lost.error.contains("cattrain NEW_DIR --resume \(CattrainTests.run)"), "\(lost.error)")
    // Another folder in the old place is none of it.
    _ = try CattrainTests.pictures(5, in: place)
    let other = try Self.cattrain.run(resume, in: place.path)
    #expect(other.status == 1 && other.error.contains("cattrain NEW_DIR --resume"), "\(other.error)")
    let found = try Self.cattrain.run(resume + [moved], in: place.path)
    #expect(found.status == 0, "\(found.error)")
    // From then on the run knows.
    let later = try Self.cattrain.run(["--resume", CattrainTests.run, "--steps", "4"], in: place.path)
    #expect(later.status == 0, "\(later.error)")
  }

  @Test func whatIsLeftOutIsSaid() throws {
    let place = try Place()
    let pictures = try CattrainTests.pictures(4, in: place)
    for i in 0..<11 { try place.write([0, 0, 0, 12] + "ftypheic".utf8, to: "pictures/\(i).heic") }
    try place.write([0x49, 0x49, 42, 0], to: "pictures/scan.tif")
    var cut = try place.bytes("pictures/cat0000.jpg")
    cut.removeLast(2)
    try place.write(cut, to: "pictures/cat0000.jpg")
    for words in [[pictures, "--dry-run"] + Self.steps, ["prepare", pictures, place("made")]] {
      let ended = try Self.cattrain.run(words, in: place.path)
      #expect(ended.status == 0, "\(ended.error)")
      #expect(ended.error.contains("0.heic is a HEIC file, which is not read; convert it: "), "\(ended.error)")
      #expect(ended.error.contains("(11 files like this)") && ended.error.contains("scan.tif is a TIFF file"))
      #expect(ended.error.contains("cat0000.jpg lacks its end marker"), "\(ended.error)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: place("made")).count == 4)
    for name in ["made.contact-sheet.png", "made.kept.csv", "made.rejected.csv"] { #expect(place.names.contains(name)) }
    try FileManager.default.removeItem(atPath: place("made"))
    let again = try Self.cattrain.run(["prepare", pictures, place("made")], in: place.path)
    #expect(again.status == 1 && again.error.contains("made.contact-sheet.png is there already"), "\(again.error)")
    // Before a photo is read.
    let nowhere = try Self.cattrain.run(["prepare", pictures, "no/where"], in: place.path)
    #expect(nowhere.status == 1 && nowhere.error.split(separator: "\n").count == 1, "\(nowhere.error)")
    #expect(
      nowhere.error.contains("no/where.contact-sheet.png cannot be made")
        && nowhere.error.contains("make the folder around it"))
    // A list that is too long to say it all names the file that has it.
    let twice = try CattrainTests.pictures(10, in: place, name: "twice")
    for i in 0..<10 { try place.write(place.bytes("twice/cat000\(i).jpg"), to: "twice/copy\(i).jpg") }
    let said = try Self.cattrain.run(["prepare", twice, "my faces/"], in: place.path)
    #expect(
      said.status == 0 && said.error.contains("skipped 2 more; my faces.rejected.csv lists them"), "\(said.error)")
  }
}
