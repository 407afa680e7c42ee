import Foundation
import Storage
import Testing

/// Whole runs of the built cattrain, as a person has them.
@Suite struct CattrainTests {
  static let cattrain = Program("cattrain")

  /// Flags of a run that takes a second or two: four steps per epoch.
  static let small = ["--width", "8", "--z-dim", "4", "--batch-size", "2", "--seed", "1", "--log-every", "1"]

  /// A folder with the first drawn cats.
  static func pictures(_ count: Int, in place: Place, name: String = "pictures") throws -> String {
    let source = Fixtures.path("drawn-cats")
    let names = try FileManager.default.contentsOfDirectory(atPath: source).filter { $0.hasSuffix(".jpg") }.sorted()
    try FileManager.default.createDirectory(atPath: place(name), withIntermediateDirectories: true)
    for file in names.prefix(count) {
      try FileManager.default.copyItem(atPath: "\(source)/\(file)", toPath: place("\(name)/\(file)"))
    }
    return place(name)
  }

  static func checkpoints(_ run: String, in place: Place) -> [String] {
    place.names.filter { $0.hasPrefix("\(run)/checkpoints/") && $0.hasSuffix(".safetensors") }
  }

  static let run = "runs/00000-cats64-w8"

  /// Rates that move nothing: what comes out of a step is what went in, but for `stillMoves`.
  static let still = ["--lr-g", "1e-8", "--lr-d", "1e-8"]
  /// Adam's first move is the rate times g / (|g| + epsilon), at most the rate but for ten roundings of 2^-24. Rounding the
  /// moved value adds as much again at most: what is less than half its last place changes nothing. Averages lie between.
  static let stillMoves: Float = 2 * 1e-8 * (1 + 10 * 0x1p-24)

  private func succeed(_ words: [String], in place: Place, prelude: String? = nil) throws -> String {
    let ended = try Self.cattrain.run(words, in: place.path, prelude: prelude)
    #expect(ended.status == 0, "\(words): \(ended.error)")
    return ended.text
  }

  /// Steps in one go, and the same in three sessions with other numbers of threads: the same bytes.
  @Test(arguments: [
    "--mirror --ema 0.9 --lr-decay 1-3 --z normal",
    "--mirror --ema 0.9 --d-norm spectral --augment color,translation,cutout --loss hinge --beta2 0.99 --lr-d 2e-4",
  ])
  func stoppingLeavesNoTrace(levers: String) throws {
    let place = try Place()
    let pictures = try Self.pictures(8, in: place)
    let flags = Self.small + levers.split(separator: " ").map(String.init)
    _ = try succeed([pictures, "--out", "whole", "--epochs", "3", "--threads", "1"] + flags, in: place)
    _ = try succeed([pictures, "--steps", "3", "--threads", "2"] + flags, in: place)
    _ = try succeed(["--resume", Self.run, "--steps", "6", "--threads", "3"], in: place)
    _ = try succeed(["--resume", Self.run, "--epochs", "3", "--threads", "8"], in: place)
    let whole = try #require(Self.checkpoints("whole/00000-cats64-w8", in: place).last)
    let parts = try #require(Self.checkpoints(Self.run, in: place).last)
    #expect(try place.bytes(whole) == place.bytes(parts))
    let log = String(decoding: try place.bytes("\(Self.run)/log.txt"), as: UTF8.self)
    for step in ["0 of 3", "3 of 6", "6 of 12"] {
      #expect(log.contains("begins at step \(step): 8 pictures"), "\(log)")
    }
    let lines = String(decoding: try place.bytes("\(Self.run)/stats.jsonl"), as: UTF8.self)
    for step in 1...12 { #expect(lines.contains("\"step\":\(step)"), "step \(step)") }
  }

  @Test func aRunLeavesWhatIsPromisedAndNothingElse() throws {
    let place = try Place()
    let pictures = try Self.pictures(8, in: place)
    let before = place.names
    let said = try succeed([pictures, "--epochs", "2", "--save-every", "1"] + Self.small, in: place)
    let made = Set(place.names).subtracting(before)
    let expected = [
      "runs", Self.run, "\(Self.run)/config.json", "\(Self.run)/stats.jsonl", "\(Self.run)/log.txt",
      "\(Self.run)/report.html", "\(Self.run)/reals.png", "\(Self.run)/samples", "\(Self.run)/samples/epoch0001.png",
      "\(Self.run)/samples/epoch0002.png", "\(Self.run)/checkpoints",
      "\(Self.run)/checkpoints/epoch0001-step00000004.safetensors",
      "\(Self.run)/checkpoints/epoch0002-step00000008.safetensors",
    ]
    #expect(made.sorted() == expected.sorted())
    #expect(said.contains("finished at step 8, the end of epoch 2"), "\(said)")
    // Another run gets another directory, also after the first one is gone.
    _ = try succeed([pictures, "--steps", "1"] + Self.small, in: place)
    #expect(place.names.contains("runs/00001-cats64-w8"))
  }

  /// A signal as soon as the first step is logged: the run saves, says how to go on, and goes on to the same bytes.
  @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGUSR1]) func signalsSaveWithinAStep(signal: Int32) throws {
    let place = try Place()
    let pictures = try Self.pictures(8, in: place)
    let output = Pipe()
    let process = try Self.cattrain.start(
      [pictures, "--steps", "100000"] + Self.small, in: place.path, output: output.fileHandleForWriting)
    try output.fileHandleForWriting.close()
    while place.bytesOrEmpty("\(Self.run)/stats.jsonl").isEmpty {
      try #require(process.isRunning)
      usleep(2000)
    }
    kill(process.processIdentifier, signal)
    let said = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.outcome == 0)
    #expect(said.contains("to go on: cattrain --resume \(Self.run)"), "\(said)")
    let saved = Self.checkpoints(Self.run, in: place)
    let last = try #require(saved.last?.split(separator: "step").last?.prefix { $0.isNumber }).description
    let step = try #require(Int(last))
    _ = try succeed(["--resume", Self.run, "--steps", "\(step + 2)"], in: place)
    _ = try succeed([pictures, "--out", "whole", "--steps", "\(step + 2)"] + Self.small, in: place)
    let whole = try #require(Self.checkpoints("whole/00000-cats64-w8", in: place).last)
    let parts = try #require(Self.checkpoints(Self.run, in: place).last)
    #expect(try place.bytes(whole) == place.bytes(parts))
  }

  @Test func timeLimitStopsCleanly() throws {
    let place = try Place()
    let pictures = try Self.pictures(8, in: place)
    let said = try succeed([pictures, "--steps", "1000000", "--time-limit", "1s"] + Self.small, in: place)
    #expect(said.contains("stopped at its time limit") && said.contains("to go on: cattrain --resume"), "\(said)")
    let newest = try #require(Self.checkpoints(Self.run, in: place).last)
    #expect(said.contains(newest), "\(said)")
  }

  /// Time is up before the first step: there is a state to go on from all the same, and it is that of a run's beginning.
  @Test func stoppingBeforeTheFirstStep() throws {
    let place = try Place()
    let pictures = try Self.pictures(8, in: place)
    let said = try succeed([pictures, "--steps", "3", "--time-limit", "0.001s"] + Self.small, in: place)
    #expect(said.contains(" at step 0: ") && said.contains("to go on: cattrain --resume"), "\(said)")
    _ = try succeed(["--resume", Self.run], in: place)
    _ = try succeed([pictures, "--out", "whole", "--steps", "3"] + Self.small, in: place)
    let whole = try #require(Self.checkpoints("whole/00000-cats64-w8", in: place).last)
    #expect(try place.bytes(whole) == place.bytes(#require(Self.checkpoints(Self.run, in: place).last)))
  }

  @Test func dryRunLeavesNothing() throws {
    let place = try Place()
    let pictures = try Self.pictures(8, in: place)
    let before = place.names
    let said = try succeed([pictures, "--dry-run", "--epochs", "5"] + Self.small, in: place)
    #expect(place.names == before)
    for part in ["8 pictures", "parameters", "MB of memory", "4 steps per epoch", "20 steps in all"] {
      #expect(said.contains(part), "\(part) is not in: \(said)")
    }
  }

  @Test func answersThatCannotBeWritten() throws {
    let place = try Place()
    let pictures = try Self.pictures(8, in: place)
    guard let full = FileHandle(forWritingAtPath: "/dev/full") else { return }  // only Linux has this device
    for words in [[pictures, "--dry-run"] + Self.small, ["prepare", pictures, "made", "--size", "8"]] {
      let unsaid = try Self.cattrain.run(words, in: place.path, output: full)
      #expect(unsaid.status == 1 && unsaid.error.contains("cannot write to standard output"), "\(unsaid.error)")
    }
  }

  /// What does not fit a run is refused by name and changes nothing; `--force` lets data change.
  @Test func changedDataAndFlags() throws {
    let place = try Place()
    let pictures = try Self.pictures(8, in: place)
    _ = try succeed([pictures, "--steps", "2"] + Self.small, in: place)
    let checkpoint = try #require(Self.checkpoints(Self.run, in: place).last)
    let bytes = try place.bytes(checkpoint)
    func refuse(_ words: [String], _ says: [String]) throws {
      let ended = try Self.cattrain.run(["--resume", Self.run] + words, in: place.path)
      #expect(ended.status != 0, "\(words)")
      for part in says { #expect(ended.error.contains(part), "\(words): \(ended.error)") }
      #expect(try place.bytes(checkpoint) == bytes)
    }
    try refuse(["--width", "16", "--steps", "4"], ["--width"])
    try refuse(["--batch-size", "4", "--steps", "4"], ["--batch-size", "--force"])
    try FileManager.default.removeItem(atPath: pictures)
    try refuse(["--steps", "4"], [pictures])
    _ = try Self.pictures(7, in: place)
    try refuse(["--steps", "4"], ["--force", "8 pictures of '\(pictures)'", "7 of '\(pictures)'"])
    _ = try succeed(["--resume", Self.run, "--steps", "4", "--force", "--threads", "1"], in: place)
    // Both starts are in the run's history, with what was forced.
    let starts = String(decoding: try place.bytes("\(Self.run)/stats.jsonl"), as: UTF8.self).split(separator: "\n")
      .filter { $0.contains("\"event\":\"started\"") }
    #expect(starts.count == 2 && starts[1].contains("\"step\":2") && starts[1].contains("\"threads\":1"), "\(starts)")
    #expect(starts[0].contains("\"--seed\",\"1\"") && starts[1].contains("\"--steps 2 -> 4\""), "\(starts)")
    #expect(starts[1].contains("data of 8 pictures") && starts[1].contains("(forced)"), "\(starts)")
    let page = String(decoding: try place.bytes("\(Self.run)/report.html"), as: UTF8.self)
    #expect(page.contains("<table id=\"history\">") && page.contains("data of 8 pictures"))
  }

  /// A run with a preset is its flags' run, where flags that are given win; its networks are those of cats64.
  @Test func bestPreset() throws {
    let place = try Place()
    let pictures = try Self.pictures(8, in: place)
    let changes = ["--width", "8", "--loss", "hinge", "--augment", "cutout", "--no-mirror", "--steps", "2"]
    let small = Array(Self.small.dropFirst(2))
    _ = try succeed([pictures, "--preset", "cats64-best"] + changes + small, in: place)
    let flags = ["--ema", "0.9995", "--lr-d", "2e-4"]
    _ = try succeed([pictures] + flags + changes + small, in: place)
    let best = try #require(Self.checkpoints("runs/00000-cats64-best-w8", in: place).last)
    let plain = try #require(Self.checkpoints("runs/00001-cats64-w8", in: place).last)
    #expect(try place.bytes(best) == place.bytes(plain))
    let said = try Program("catgen").run(["--checkpoint", best, "--inspect"], in: place.path).text
    #expect(said.contains("preset          cats64\n"), "\(said)")
    _ = try succeed(["--resume", "runs/00000-cats64-best-w8", "--steps", "3"], in: place)
  }

  /// A run that begins with a generator: of a checkpoint, its average, and of an export in 16 bits.
  @Test func givenGenerator() throws {
    let place = try Place()
    let pictures = try Self.pictures(8, in: place)
    _ = try succeed([pictures, "--steps", "3", "--ema", "0.5"] + Self.small, in: place)
    let donor = try #require(Self.checkpoints(Self.run, in: place).last)
    _ = try succeed(["export", donor, "half.safetensors", "--half"], in: place)
    _ = try succeed(["export", donor, "whole.safetensors"], in: place)
    let still = Self.small + Self.still + ["--steps", "1", "--ema", "0.5"]
    var runs = 0
    for name in [donor, "half.safetensors", "whole.safetensors"] {
      runs += 1
      let ended = try Self.cattrain.run([pictures, "--generator", name] + still, in: place.path)
      #expect(ended.status == 0 && ended.error.contains("warning: --generator \(name) without"), "\(ended.error)")
      let run = "runs/0000\(runs)-cats64-w8"
      let made = try SafeTensors(path: place(try #require(Self.checkpoints(run, in: place).last)))
      let given = try SafeTensors(path: place(name))
      let prefix = name == donor ? "generator_ema" : "generator"
      for key in ["dense.weight", "trans_conv3.weight", "batch_trans_conv2.bias", "logits.weight"] {
        let wanted = try given.floats("\(prefix).\(key)")
        for copy in ["generator", "generator_ema"] {
          let apart = zip(try made.floats("\(copy).\(key)"), wanted).map { abs($0 - $1) }.max()!
          #expect(apart <= Self.stillMoves, "\(name), \(copy).\(key): \(apart)")
        }
      }
      let configuration = String(decoding: try place.bytes("\(run)/config.json"), as: UTF8.self)
      #expect(configuration.contains("\"generator\" : \"\(given.digest())\""), "\(configuration)")
      _ = try succeed(["--resume", run, "--steps", "2"], in: place)
    }
  }

  /// Both networks of a checkpoint, or of another program's file, are begun from.
  @Test func beginsFromDiscriminator() throws {
    let place = try Place()
    let pictures = try Self.pictures(16, in: place)
    _ = try succeed([pictures, "--steps", "2"] + Self.small, in: place)
    let donor = try #require(Self.checkpoints(Self.run, in: place).last)
    let given = try SafeTensors(path: place(donor))
    let names = given.names.filter { $0.hasPrefix("discriminator.") && !$0.hasSuffix(".num_batches_tracked") }
    try SafeTensors.write(
      names.map {
        TensorSource("netD.\($0.dropFirst(14))", floats: try given.floats($0), shape: given.shape(of: $0)!)
      }, metadata: [:], to: place("foreign"), overwrite: false)
    let still = Self.small + Self.still + ["--steps", "1"]
    var runs = 0
    for words in [["--generator", donor, "--discriminator", donor], ["--discriminator", "foreign"]] {
      runs += 1
      let ended = try Self.cattrain.run([pictures] + words + still, in: place.path)
      #expect(ended.status == 0 && !ended.error.contains("warning: --generator"), "\(ended.error)")
      let run = "runs/0000\(runs)-cats64-w8"
      let made = try SafeTensors(path: place(try #require(Self.checkpoints(run, in: place).last)))
      for name in names where !name.contains("running") {
        let apart = zip(try made.floats(name), try given.floats(name)).map { abs($0 - $1) }.max()!
        #expect(apart <= Self.stillMoves, "\(name): \(apart)")
      }
      let configuration = String(decoding: try place.bytes("\(run)/config.json"), as: UTF8.self)
      #expect(configuration.contains("\"discriminator\" : \""), "\(configuration)")
      _ = try succeed(["--resume", run, "--steps", "2"], in: place)
    }
    let before = place.names
    for (words, says) in [
      (
        ["--width", "16", "--z-dim", "4", "--discriminator", "foreign"], "'netD.conv1.weight' is of shape [8, 3, 5, 5]"
      ),
      (["--width", "8", "--z-dim", "4", "--d-norm", "spectral", "--discriminator", donor], "another discriminator"),
      (["--width", "8", "--z-dim", "4", "--discriminator", SmallGenerator.path], "holds no discriminator"),
    ] {
      let ended = try Self.cattrain.run([pictures, "--batch-size", "2"] + words, in: place.path)
      #expect(ended.status == 1 && ended.error.contains(says), "\(ended.error)")
    }
    #expect(place.names == before)
  }

  /// Another program's generator, under a wrapper's prefix and without metadata, is begun from, exported and judged like
  /// our own.
  @Test(arguments: ["cats64", "dcgan64"]) func foreignGenerator(preset: String) throws {
    let place = try Place()
    let pictures = try Self.pictures(16, in: place)
    let small = ["--preset", preset] + Self.small
    _ = try succeed([pictures, "--steps", "2"] + small, in: place)
    let donor = try SafeTensors(path: place(try #require(Self.checkpoints("runs/00000-\(preset)-w8", in: place).last)))
    let ours = donor.names.filter {
      $0.hasPrefix("generator.") && $0 != "generator.trans_conv1.bias" && !$0.hasSuffix(".num_batches_tracked")
    }
    try SafeTensors.write(
      ours.map {
        TensorSource("_orig_mod.netG.\($0.dropFirst(10))", floats: try donor.floats($0), shape: donor.shape(of: $0)!)
      } + [TensorSource("netD.count", integers: [7])], metadata: [:], to: place("foreign"), overwrite: false)

    _ = try succeed(["export", "foreign", "export.safetensors"], in: place)
    let export = try SafeTensors(path: place("export.safetensors"))
    #expect(export.names.filter { !$0.hasSuffix(".num_batches_tracked") }.sorted() == ours.sorted())
    for name in ours { #expect(try export.floats(name) == donor.floats(name)) }
    let still = small + Self.still + ["--steps", "1"]
    for name in ["foreign", "export.safetensors"] {
      _ = try succeed([pictures, "--generator", name] + still, in: place)
    }
    for run in ["runs/00001-\(preset)-w8", "runs/00002-\(preset)-w8"] {
      let made = try SafeTensors(path: place(try #require(Self.checkpoints(run, in: place).last)))
      for name in ours where !name.contains("running") {
        let apart = zip(try made.floats(name), try donor.floats(name)).map { abs($0 - $1) }.max()!
        #expect(apart <= Self.stillMoves, "\(name): \(apart)")
      }
    }
    _ = try succeed(["eval", "--checkpoint", "foreign", "--data", pictures], in: place)
    let before = place.names
    for (words, says) in [
      ("--preset \(preset) --width 16 --z-dim 4", "--width 8"),
      ("--preset cats128 --width 8 --z-dim 4", "--preset \(preset)"),
      ("--preset \(preset) --width 8 --z-dim 7", "--z-dim 4"),
    ] {
      let ended = try Self.cattrain.run(
        [pictures, "--generator", "foreign", "--batch-size", "2"] + words.split(separator: " ").map(String.init),
        in: place.path)
      #expect(ended.status == 1 && ended.error.contains(says), "\(ended.error)")
    }
    #expect(place.names == before)
  }

  /// The directory of a run that is under way belongs to it.
  @Test func oneProcessPerRun() throws {
    let place = try Place()
    let pictures = try Self.pictures(8, in: place)
    let process = try Self.cattrain.start(
      [pictures, "--steps", "1000000", "--save-every", "1"] + Self.small, in: place.path)
    defer { process.terminate() }
    while Self.checkpoints(Self.run, in: place).isEmpty {
      try #require(process.isRunning)
      usleep(2000)
    }
    let ended = try Self.cattrain.run(["--resume", Self.run], in: place.path)
    #expect(ended.status == 1)
    #expect(ended.error.contains("in use by another cattrain"), "\(ended.error)")
  }
}

extension Place {
  fileprivate func bytesOrEmpty(_ name: String) -> [UInt8] {
    FileManager.default.contents(atPath: self(name)).map(Array.init) ?? []
  }
}
