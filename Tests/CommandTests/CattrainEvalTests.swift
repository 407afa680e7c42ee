import Foundation
import Testing

/// `cattrain eval` as a person has it.
@Suite struct CattrainEvalTests {
  static let cattrain = Program("cattrain")

  private func checkpoint(in place: Place, pictures: String) throws -> String {
    let ended = try Self.cattrain.run([pictures, "--steps", "2", "--ema", "0.5"] + CattrainTests.small, in: place.path)
    #expect(ended.status == 0, "\(ended.error)")
    return try #require(CattrainTests.checkpoints(CattrainTests.run, in: place).last)
  }

  @Test func figuresSheetAndSamples() throws {
    let place = try Place()
    let pictures = try CattrainTests.pictures(40, in: place)
    let file = try checkpoint(in: place, pictures: pictures)
    let words = ["eval", "--checkpoint", file, "--data", pictures, "--count", "12"]
    let before = place.names
    let first = try Self.cattrain.run(words, in: place.path)
    #expect(first.status == 0 && place.names == before, "without --out it writes nothing: \(first.error)")
    for name in ["distance", "precision", "recall", "variety", "closest pair", "nearest", "copies"] {
      #expect(first.text.contains("\n\(name) "), "\(first.text)")
    }
    let more = words + ["--out", "found", "--export", "pairs", "--threads", "3"]
    let second = try Self.cattrain.run(more, in: place.path)
    #expect(second.status == 0 && second.output == first.output, "\(second.error)")
    let figures = String(decoding: try place.bytes("found/figures.json"), as: UTF8.self)
    #expect(figures.contains("\"count\" : 12"), "\(figures)")
    #expect(try place.bytes("found/neighbours.png").starts(with: [0x89, 0x50, 0x4E, 0x47]))

    // The samples are catgen's pictures.
    _ = try Program("catgen").run(["--checkpoint", file, "--count", "12", "--out", "drawn/"], in: place.path)
    for i in 0..<12 {
      let name = "seed\(i < 10 ? "000" : "00")\(i).png"
      #expect(try place.bytes("pairs/samples/\(name)") == place.bytes("drawn/\(name)"), "\(name)")
    }
    // Beside them as many real pictures, and nothing else that a tool could count.
    #expect(try FileManager.default.contentsOfDirectory(atPath: place("pairs")).sorted() == ["reals", "samples"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: place("pairs/samples")).count == 12)
    #expect(try FileManager.default.contentsOfDirectory(atPath: place("pairs/reals")).count == 12)

    // Nothing is overwritten unasked.
    let third = try Self.cattrain.run(more, in: place.path)
    #expect(third.status == 1 && third.error.contains("figures.json' is there already"), "\(third.error)")
    #expect(try Self.cattrain.run(more + ["--force"], in: place.path).status == 0)
    // A shorter export does not leave the rest of a longer one, and other people's files are left alone.
    let fewer = ["eval", "--checkpoint", file, "--data", pictures, "--count", "8", "--export", "pairs", "--force"]
    #expect(try Self.cattrain.run(fewer, in: place.path).status == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: place("pairs/samples")).count == 8)
    #expect(try FileManager.default.contentsOfDirectory(atPath: place("pairs/reals")).count == 8)
    for name in ["mine.png", "real.png", "real7.png"] {
      try place.write(Array("mine".utf8), to: "pairs/reals/\(name)")
      let mixed = try Self.cattrain.run(fewer, in: place.path)
      #expect(mixed.status == 1 && mixed.error.contains("holds '\(name)'"), "\(mixed.error)")
      try FileManager.default.removeItem(atPath: place("pairs/reals/\(name)"))
    }
    #expect(try Self.cattrain.run(more + ["--force"], in: place.path).status == 0)

    // The folder of samples gives the same figures; the plain generator is another one.
    let again = try Self.cattrain.run(
      ["eval", "--pictures", "pairs/samples", "--data", pictures, "--count", "12"], in: place.path)
    #expect(again.text.split(separator: "\n").dropFirst() == first.text.split(separator: "\n").dropFirst())
    let plain = try Self.cattrain.run(words + ["--no-ema"], in: place.path)
    #expect(plain.status == 0 && plain.output != first.output)
  }

  /// Real pictures are made square as in training, and others are named.
  @Test func sameFitAsInTraining() throws {
    let place = try Place()
    let pictures = try CattrainTests.pictures(0, in: place)
    for i in 0..<24 {
      let ppm = "P6 32 64 255\n".utf8 + (0..<32 * 64 * 3).map { UInt8(truncatingIfNeeded: $0 * (i + 3) / 7) }
      try place.write(ppm, to: "pictures/\(i).ppm")
    }
    let trained = try Self.cattrain.run(
      [pictures, "--steps", "1", "--fit", "pad"] + CattrainTests.small, in: place.path)
    #expect(trained.status == 0, "\(trained.error)")
    let words = ["eval", "--checkpoint", CattrainTests.run, "--data", pictures]
    let (same, padded, cropped) = (
      try Self.cattrain.run(words, in: place.path), try Self.cattrain.run(words + ["--fit", "pad"], in: place.path),
      try Self.cattrain.run(words + ["--fit", "crop"], in: place.path)
    )
    #expect(same.status == 0 && same.output == padded.output && same.output != cropped.output, "\(same.error)")
    #expect(!same.error.contains("--fit") && cropped.error.contains("not made square in the same way (--fit)"))
    // An exported generator says it too.
    let exported = try Self.cattrain.run(["export", CattrainTests.run, "cats.safetensors"], in: place.path)
    #expect(exported.status == 0, "\(exported.error)")
    let again = try Self.cattrain.run(["eval", "--checkpoint", "cats.safetensors", "--data", pictures], in: place.path)
    #expect(again.text.split(separator: "\n").dropFirst() == same.text.split(separator: "\n").dropFirst())
  }

  /// Figures that took long are said although files cannot be written, and written although they cannot be said.
  @Test func figuresThatCannotBeWritten() throws {
    let place = try Place()
    let pictures = try CattrainTests.pictures(20, in: place)
    let words = ["eval", "--pictures", pictures, "--data", pictures, "--count", "8"]
    try place.write([], to: "notes.txt")
    let refused = try Self.cattrain.run(words + ["--out", "notes.txt"], in: place.path)
    #expect(refused.status == 1 && refused.error.contains("'notes.txt' is no folder"), "\(refused.error)")
    #expect(!refused.error.contains("reading"), "before anything is read: \(refused.error)")
    let unwritten = try Self.cattrain.run(words + ["--out", "new"], in: place.path, prelude: "ulimit -f 1")
    #expect(unwritten.status == 1 && unwritten.error.contains("new/"), "\(unwritten.error)")
    #expect(unwritten.text.contains("\nprecision "), "\(unwritten.text)")
    guard let full = FileHandle(forWritingAtPath: "/dev/full") else { return }  // only Linux has this device
    let unsaid = try Self.cattrain.run(words + ["--out", "unsaid"], in: place.path, output: full)
    #expect(unsaid.status == 1 && unsaid.error.contains("cannot write to standard output"), "\(unsaid.error)")
    #expect(place.names.contains("unsaid/figures.json"))
  }

  private static let shipped = Fixtures.path("cats64.safetensors")

  static let mistakes: [(words: String, says: String)] = [
    ("--data pictures", "--checkpoint is missing"), ("--checkpoint file", "--data is missing"),
    ("--checkpoint file --pictures folder --data pictures", "give one of them"),
    ("--pictures folder --data pictures --ema", "--ema"), ("--pictures folder --data pictures --export x", "--export"),
    ("--pictures folder --data pictures --count 7", "--count 7"),
    ("--pictures folder --data pictures --size 8", "--size 8"),
    ("--checkpoint file --data pictures --size 64", "--size does not go with --checkpoint"),
    ("--pictures folder --data pictures --fit squeeze", "--fit squeeze"),
    ("--pictures folder --data pictures --threads 0", "--threads 0"), ("pictures", "'pictures'"),
    ("--checkpoint \(shipped) --data pictures --out a --export a", "two folders"),
    ("--checkpoint \(shipped) --data pictures --out a/b/../samples/ --export ./a", "two folders"),
    ("--checkpoint \(shipped) --data pictures --out a --export a/b", "two folders"),
  ]

  @Test(arguments: mistakes.indices) func mistakesOfUsage(index: Int) throws {
    let (words, says) = Self.mistakes[index]
    let place = try Place()
    let ended = try Self.cattrain.run(["eval"] + words.split(separator: " ").map(String.init), in: place.path)
    #expect(ended.status == 2 && ended.error.contains(says), "\(words): \(ended.error)")
    #expect(place.names.isEmpty)
  }

  @Test func whatCannotBeJudged() throws {
    let place = try Place()
    let pictures = try CattrainTests.pictures(20, in: place)
    let few = try CattrainTests.pictures(7, in: place, name: "few")
    func refused(_ words: [String], _ says: String) throws {
      let before = place.names
      let ended = try Self.cattrain.run(["eval"] + words, in: place.path)
      #expect(ended.status == 1 && ended.error.contains(says), "\(words): \(ended.error)")
      #expect(place.names == before, "\(words)")
    }
    let shipped = Self.shipped
    try refused(["--checkpoint", shipped, "--data", pictures, "--count", "11"], "at most 10 can be given")
    try refused(["--checkpoint", shipped, "--data", few], "holds 7 usable pictures, and 16 are the fewest")
    try refused(["--pictures", few, "--data", pictures], "holds 7 usable pictures, and 8 are the fewest")
    try refused(["--checkpoint", shipped, "--data", "missing"], "missing")
    try refused(["--checkpoint", "missing", "--data", pictures], "missing")
    try refused(["--checkpoint", shipped, "--data", pictures, "--ema"], "no averaged generator")
    try refused(["--checkpoint", "\(pictures)/cat0000.jpg", "--data", pictures], ".jpg")
  }
}
