import CatGAN
import Foundation
import Testing

/// What cattrain refuses: one sentence, the right exit code, and no run directory.
@Suite struct CattrainBadInputTests {
  private func refused(_ words: [String], _ status: Int32, _ says: String, in place: Place) throws {
    let before = place.names
    let ended = try Program("cattrain").run(words, in: place.path)
    #expect(ended.status == status, "\(words): \(ended.error)")
    #expect(ended.error.hasSuffix("\n"), "\(words): \(ended.error)")
    let complaint = ended.error.split(separator: "\n").last ?? ""
    #expect(complaint.hasPrefix("cattrain: ") && complaint.contains(says), "\(words): \(ended.error)")
    #expect(place.names == before, "\(words)")
  }

  static let mistakes: [(words: String, says: String)] = [
    ("", "DATA_DIR"), ("pictures --epochs 0", "--epochs 0"), ("pictures --epochs x", "--epochs x"),
    ("pictures --steps -1", "--steps -1"), ("pictures --steps 5 --epochs 2", "--steps and --epochs"),
    ("pictures --width 12", "--width 12"), ("pictures --width 0", "--width 0"), ("pictures --width 512", "--width 512"),
    ("pictures --z-dim 0", "--z-dim 0"), ("pictures --z cauchy", "--z cauchy"),
    ("pictures --batch-size 1", "--batch-size 1"), ("pictures --batch-size 99999", "--batch-size 99999"),
    ("pictures --lr-g 0", "--lr-g 0"), ("pictures --lr-g nan", "--lr-g nan"), ("pictures --lr-d -1", "--lr-d -1"),
    ("pictures --lr-d inf", "--lr-d inf"), ("pictures --beta1 1", "--beta1 1"),
    ("pictures --label-smoothing 0.5", "--label-smoothing 0.5"), ("pictures --seed -1", "--seed -1"),
    ("exprot run file", "did you mean export?"),
    ("pictures --seed 9223372036854775808", "must be at most 9223372036854775807"),
    ("pictures --fit squeeze", "--fit squeeze"), ("pictures --ema 1", "--ema 1"),
    ("pictures --beta2 1", "--beta2 1"), ("pictures --beta2 x", "--beta2 x"),
    ("pictures --d-norm layer", "--d-norm layer"), ("pictures --loss square", "--loss square"),
    ("pictures --augment rotation", "--augment rotation"), ("pictures --augment color,", "--augment color,"),
    ("pictures --augment color,none", "--augment none"),
    ("pictures --loss hinge --label-smoothing 0.1", "--label-smoothing"),
    ("pictures --preset cats64-best --loss hinge --label-smoothing 0.1", "--label-smoothing"),
    ("--resume run --generator file", "--generator"),
    ("pictures --lr-decay 5", "--lr-decay 5"), ("pictures --lr-decay 5-3", "--lr-decay 5-3"),
    ("pictures --keep -1", "--keep -1"), ("pictures --save-every 0", "--save-every 0"),
    ("pictures --on-nan panic", "--on-nan panic"), ("pictures --time-limit 5", "--time-limit 5"),
    ("pictures --time-limit soon", "--time-limit soon"), ("pictures --threads 0", "--threads 0"),
    ("pictures --preset dogs", "--preset dogs"), ("pictures surplus", "surplus"), ("pictures --nope", "--nope"),
    ("--resume run --out runs", "--out"), ("--resume run@4 --out runs", "--out"),
    ("--resume run --dry-run", "--dry-run"),
  ]

  @Test(arguments: mistakes.indices) func mistakesOfUsage(index: Int) throws {
    let (words, says) = Self.mistakes[index]
    try refused(words.split(separator: " ").map(String.init), 2, says, in: Place())
  }

  @Test func foldersThatHoldNothingToTrainOn() throws {
    let place = try Place()
    try refused(["missing"], 1, "missing", in: place)
    try FileManager.default.createDirectory(atPath: place("empty"), withIntermediateDirectories: true)
    try refused(["empty"], 1, "empty", in: place)
    try place.write(Array("no picture".utf8), to: "file.jpg")
    try refused(["file.jpg"], 1, "file.jpg", in: place)
    try place.write(Array("no picture".utf8), to: "empty/broken.jpg")
    try refused(["empty"], 1, "empty", in: place)
    let few = try CattrainTests.pictures(3, in: place, name: "few")
    try refused([few], 1, "--batch-size 64 is more than the 3 usable pictures", in: place)
  }

  @Test func directoriesThatAreNoRuns() throws {
    let place = try Place()
    try refused(["--resume", "missing"], 1, "'missing' is not there", in: place)
    try FileManager.default.createDirectory(atPath: place("folder"), withIntermediateDirectories: true)
    try refused(["--resume", "folder"], 1, "config.json", in: place)
    try place.write(Array("{".utf8), to: "folder/config.json")
    let ended = try Program("cattrain").run(["--resume", "folder"], in: place.path)
    #expect(ended.status == 1 && ended.error.contains("config.json"), "\(ended.error)")
  }

  /// A run's file that somebody has edited.
  @Test(arguments: [
    ("\"logEvery\" : 1", "\"logEvery\" : 0", "impossible --log-every 0"),
    ("\"saveEvery\" : 5", "\"saveEvery\" : 0", "impossible --save-every 0"),
    (
      "\"fit\" : \"crop\",\n    \"gen", "\"fit\" : \"squeeze\",\n    \"gen",
      "is not what cattrain wrote, at options.fit;"
    ),
    ("\"batchSize\" : 2", "\"batchSize\" : 0", "impossible --batch-size 0"),
    ("\"batchSize\" : 2", "\"batchSize\" : 1000000000000000", "impossible --batch-size 1000000000000000"),
    ("\"epochs\" : 215", "\"epochs\" : 1000000000000000000", "impossible --epochs 1000000000000000000"),
    ("\"keep\" : 3", "\"keep\" : -1", "impossible --keep -1"),
    ("\"beta1\" : 0.5", "\"beta1\" : 2", "impossible --beta1 2"),
  ])
  func editedOptions(old: String, new: String, says: String) throws {
    let place = try Place()
    let pictures = try CattrainTests.pictures(4, in: place)
    let began = try Program("cattrain").run([pictures, "--steps", "1"] + CattrainTests.small, in: place.path)
    #expect(began.status == 0, "\(began.error)")
    let path = "\(CattrainTests.run)/config.json"
    let text = String(decoding: try place.bytes(path), as: UTF8.self)
    try #require(text.contains(old), "\(text)")
    try place.write(Array(text.replacing(old, with: new).utf8), to: path)
    try refused(["--resume", CattrainTests.run], 1, says, in: place)
  }

  @Test func unwritableOutput() throws {
    let place = try Place()
    let pictures = try CattrainTests.pictures(4, in: place)
    try place.write([], to: "file")
    try refused([pictures, "--out", "file/runs"] + CattrainTests.small, 1, "file/runs", in: place)
  }

  @Test(.enabled(if: SmallDisk.isAllowed, "\(SmallDisk.remark)")) func aDiskWithoutRoomForACheckpoint() throws {
    let place = try Place()
    let pictures = try CattrainTests.pictures(4, in: place)
    let disk = try SmallDisk(in: place, kilobytes: 1024)
    try refused([pictures, "--out", "disk/runs"] + CattrainTests.small, 1, "each checkpoint takes about", in: place)
    withExtendedLifetime(disk) {}
  }

  /// What an export would be written over is worth more than it, or is a name of something else.
  @Test func placesOfExports() throws {
    let place = try Place()
    let pictures = try CattrainTests.pictures(4, in: place)
    _ = try CattrainTests.cattrain.run([pictures, "--steps", "1"] + CattrainTests.small, in: place.path)
    let checkpoint = try #require(CattrainTests.checkpoints(CattrainTests.run, in: place).last)
    try place.write([1], to: "old.onnx")
    try refused(
      ["export", CattrainTests.run, CattrainTests.run + "/config.json", "--force"], 1, "a file that the run needs",
      in: place)
    for (file, flags, status, says) in [
      (checkpoint, ["--force"], Int32(1), "the name of a run's checkpoint"), ("-", [], 2, "FILE is '-'"),
      ("old.onnx", [], 1, "overwrite it with --force"),
    ] {
      try refused(["export", CattrainTests.run, file] + flags, status, says, in: place)
    }
    try FileManager.default.copyItem(atPath: place(checkpoint), toPath: place("copy.safetensors"))
    try refused(["export", "copy.safetensors", "./copy.safetensors", "--force"], 1, "the checkpoint itself", in: place)
    #expect(try place.bytes("copy.safetensors") == place.bytes(checkpoint))
    try refused(["--resume", CattrainTests.run, "--steps", "0"], 2, "--steps 0", in: place)
    _ = try CattrainTests.cattrain.run(["--resume", CattrainTests.run, "--steps", "3"], in: place.path)
    try refused(["--resume", CattrainTests.run, "--steps", "2"], 2, "the run is at 3 already", in: place)
    // Not where the newest is damaged, and the run is at the one before.
    let newest = try #require(CattrainTests.checkpoints(CattrainTests.run, in: place).last)
    try place.write(try place.bytes(newest).dropLast(100), to: newest)
    let ended = try CattrainTests.cattrain.run(["--resume", CattrainTests.run, "--steps", "2"], in: place.path)
    #expect(ended.status == 0 && ended.text.contains("finished at step 2, "), "\(ended.text) \(ended.error)")
  }

  @Test func generatorsThatDoNotFit() throws {
    let place = try Place()
    let pictures = try CattrainTests.pictures(4, in: place)
    let given = [pictures] + CattrainTests.small
    let shipped = Fixtures.path("cats128.safetensors")
    try refused(given + ["--generator", "missing.safetensors"], 1, "missing.safetensors", in: place)
    try refused(
      given + ["--generator", shipped], 1,
      "whose picture size is 128x128, and this run's is 64x64; give --preset cats128", in: place)
    let words = [pictures, "--preset", "cats128", "--batch-size", "2"]
    try refused(
      words + ["--width", "8", "--generator", shipped], 1, "whose width is 24, and this run's is 8; give --width 24",
      in: place)
    let fitting = words + ["--width", "24", "--generator"]
    try refused(fitting + [shipped, "--z-dim", "5"], 1, "give --z-dim 100", in: place)
    try refused(fitting + [shipped, "--z", "normal"], 1, "give --z uniform", in: place)
    var bytes = try Array(Data(contentsOf: URL(filePath: shipped)))
    bytes[bytes.count - 100] ^= 1
    let damaged = try place.write(bytes, to: "damaged.safetensors")
    try refused(fitting + [damaged], 1, "is damaged", in: place)
    try refused(
      given + ["--generator", Fixtures.path("generators/bare5.safetensors")], 1, "whose width is 5, and", in: place)
    // Its pictures are means of others, which its discriminator saw: no width makes a run of them.
    try refused(
      given + ["--generator", Fixtures.path("cats64.safetensors")], 1,
      "whose width is 24, and this run's is 8; give another file", in: place)
    try refused(
      [pictures, "--width", "24", "--batch-size", "2", "--generator", Fixtures.path("cats64.safetensors")], 1,
      "holds another generator than this run", in: place)
  }
}
