import Foundation
import Storage
import Testing

/// A file, a run's directory and RUN@STEP name a checkpoint to every command.
@Suite struct CheckpointNamingTests {
  static let run = CattrainTests.run
  static let oldest = "\(run)/checkpoints/epoch0001-step00000004.safetensors"

  /// A run of three epochs, each with its checkpoint: steps 4, 8 and 12.
  private func trained(in place: Place) throws -> String {
    let pictures = try CattrainTests.pictures(16, in: place)
    let words = [pictures, "--epochs", "3", "--save-every", "1", "--width", "8", "--z-dim", "4", "--batch-size", "4"]
    let ended = try Program("cattrain").run(words, in: place.path)
    #expect(ended.status == 0, "\(ended.error)")
    return pictures
  }

  private func cattrain(_ words: [String], in place: Place) throws -> String {
    let ended = try Program("cattrain").run(words, in: place.path)
    #expect(ended.status == 0, "\(words): \(ended.error)")
    return ended.text
  }

  @Test func allCommandsTakeAllNames() throws {
    let place = try Place()
    let pictures = try trained(in: place)
    let newest = "\(Self.run)/checkpoints/epoch0003-step00000012.safetensors"
    for (name, file) in [
      (Self.run, newest), ("\(Self.run)/", newest), ("./\(Self.run)@4", Self.oldest),
      ("\(Self.run)/@00004", Self.oldest),
      (Self.oldest, Self.oldest),
    ] {
      let said = try Program("catgen").run(["--checkpoint", name, "--inspect"], in: place.path).text
      #expect(said.contains("step            \(file == newest ? 12 : 4)\n"), "\(name): \(said)")
      _ = try cattrain(["export", name, "named.safetensors", "--force"], in: place)
      _ = try cattrain(["export", file, "file.safetensors", "--force"], in: place)
      #expect(try place.bytes("named.safetensors") == place.bytes("file.safetensors"), "\(name)")
    }
    let judged = try cattrain(
      ["eval", "--checkpoint", "\(Self.run)@4", "--data", pictures, "--count", "8"], in: place)
    #expect(judged.hasPrefix(Self.oldest), "\(judged)")
    let still = ["--width", "8", "--z-dim", "4", "--batch-size", "4", "--steps", "1"]
    _ = try cattrain([pictures, "--generator", "\(Self.run)@8"] + still, in: place)
    let configuration = String(decoding: try place.bytes("runs/00001-cats64-w8/config.json"), as: UTF8.self)
    let digest = try SafeTensors(path: place("\(Self.run)/checkpoints/epoch0002-step00000008.safetensors")).digest()
    #expect(configuration.contains(digest), "\(configuration)")
  }

  /// One sentence says which names would have done, and nothing is made or changed.
  @Test func namesThatDoNotDo() throws {
    let place = try Place()
    let pictures = try trained(in: place)
    let commands: [(program: String, before: [String], after: [String])] = [
      ("catgen", ["--checkpoint"], ["--out", "x.png"]), ("cattrain", ["export"], ["x.safetensors"]),
      ("cattrain", ["eval", "--data", pictures, "--checkpoint"], []), ("cattrain", ["--resume"], []),
      ("cattrain", [pictures, "--width", "8", "--z-dim", "4", "--batch-size", "4", "--generator"], []),
    ]
    let steps = [12, 8, 4].map { "\(Self.run)@\($0)" }.joined(separator: ", ")
    let before = place.names
    for (name, says) in [
      ("\(Self.run)@5", "no checkpoint of step 5; name one that is there: \(steps)"),
      ("\(Self.run)@x", "name one that is there: \(steps)"),
      ("\(Self.run)/checkpoints/epoch0001-step00000005.safetensors", "name one that is there: \(steps)"),
      ("runs", "name one of the runs in it: \(Self.run)"), ("\(Self.run)/checkpoints", "name the run, \(Self.run)"),
      ("missing.safetensors", "No such file"), ("missing", "name a checkpoint or a run's directory"),
    ] {
      for command in commands {
        let words = command.before + [name] + command.after
        let ended = try Program(command.program).run(words, in: place.path)
        #expect(ended.status == 1 && ended.error.contains(says), "\(words): \(ended.error)")
        #expect(place.names == before, "\(words)")
      }
    }
    // A checkpoint by itself does not say how its run was made.
    try FileManager.default.copyItem(atPath: place(Self.oldest), toPath: place("lone.safetensors"))
    let lone = try Program("cattrain").run(["--resume", "lone.safetensors"], in: place.path)
    #expect(lone.status == 1 && lone.error.contains("lies in no run directory"), "\(lone.error)")
  }

  /// Where the newest checkpoint of a run is damaged, every command refuses it and names the older ones.
  @Test func aDamagedNewestCheckpoint() throws {
    let place = try Place()
    let pictures = try trained(in: place)
    let newest = "\(Self.run)/checkpoints/epoch0003-step00000012.safetensors"
    try place.write(place.bytes(newest).dropLast(1000), to: newest)
    let small = ["--width", "8", "--z-dim", "4", "--batch-size", "4"]
    for (program, words) in [
      ("catgen", ["--checkpoint", Self.run, "--out", "x.png"]), ("cattrain", ["export", Self.run, "x.safetensors"]),
      ("cattrain", ["export", Self.run, "x.onnx"]),
      ("cattrain", ["eval", "--data", pictures, "--checkpoint", Self.run]),
      ("cattrain", [pictures, "--generator", Self.run] + small),
    ] {
      let ended = try Program(program).run(words, in: place.path)
      #expect(
        ended.status == 1 && ended.error.contains(newest)
          && ended.error.contains("an older one may do: \(Self.run)@8, \(Self.run)@4"), "\(words): \(ended.error)")
    }
    #expect(!place.names.contains { $0.hasPrefix("x.") })
  }

  /// What no checkpoint of a run has, an older one has not either.
  @Test func whatAFlagAsksForInVain() throws {
    let place = try Place()
    _ = try trained(in: place)
    let ended = try Program("catgen").run(["--checkpoint", Self.run, "--ema", "--out", "x.png"], in: place.path)
    #expect(ended.status == 1 && ended.error.contains("no averaged generator"), "\(ended.error)")
    #expect(!ended.error.contains("older"), "\(ended.error)")
  }

  /// A run from an older checkpoint says where it came from, comes to the bytes of the old run, and can go on at any
  /// moment; the old run is as it was, to the last byte.
  @Test func anOlderCheckpointBeginsANewRun() throws {
    let place = try Place()
    _ = try trained(in: place)
    func files() throws -> [String: [UInt8]] {
      let names = place.names.filter { $0.hasPrefix(Self.run) && $0.contains(".") }
      return Dictionary(uniqueKeysWithValues: try names.map { ($0, try place.bytes($0)) })
    }
    let before = try files()
    let said = try cattrain(["--resume", "\(Self.run)@4"], in: place)
    let new = "runs/00001-cats64-w8"
    #expect(said.contains("\(new): begins at step 4, the end of epoch 1, of "), "\(said)")
    let made = CattrainTests.checkpoints(new, in: place)
    #expect(made.count == 3)
    #expect(try place.bytes(made[0]) == place.bytes(Self.oldest))
    #expect(try place.bytes(made[2]) == place.bytes(Self.oldest.replacing("1-step00000004", with: "3-step00000012")))
    for name in ["stats.jsonl", "log.txt", "report.html"] {
      #expect(String(decoding: try place.bytes("\(new)/\(name)"), as: UTF8.self).contains(Self.oldest), "\(name)")
    }
    // By a link, elsewhere, with other rates, which need no --force in a run that is new; then on as any run.
    try FileManager.default.createSymbolicLink(atPath: place("link.safetensors"), withDestinationPath: Self.oldest)
    let flags = ["--lr-g", "1e-4", "--epochs", "2", "--out", "others"]
    _ = try cattrain(["--resume", "link.safetensors"] + flags, in: place)
    let other = "others/00000-cats64-w8"
    #expect(try place.bytes(#require(CattrainTests.checkpoints(other, in: place).last)) != place.bytes(made[1]))
    _ = try cattrain(["--resume", other, "--epochs", "3"], in: place)
    #expect(CattrainTests.checkpoints(other, in: place).last?.contains("step00000012") == true)
    #expect(try files() == before)
    // From within the old run's directory the new one lies beside it too.
    for name in [".@8", "checkpoints/epoch0002-step00000008.safetensors"] {
      let inside = try Program("cattrain").run(["--resume", name], in: place(Self.run))
      #expect(inside.status == 0, "\(inside.error)")
    }
    #expect(place.names.contains("runs/00003-cats64-w8") && !place.names.contains("runs/00004-cats64-w8"))
    #expect(try files() == before)
    // What would not fit is refused still.
    let wide = try Program("cattrain").run(["--resume", "\(Self.run)@4", "--width", "16"], in: place.path)
    #expect(wide.status == 1 && wide.error.contains("--width"), "\(wide.error)")
    #expect(!place.names.contains("runs/00004-cats64-w8"))
  }
}
