// The loop around the networks, with a model that takes no time and does what a test wants.

import Foundation
import Generation
import Storage
import Testing

@testable import CatGAN

/// Its state is a number that every step's pictures, latents, rate and seed change.
private final class Dummy: TrainingModel {
  let imageSize = 64
  var state: UInt64 = 1
  var steps = 0
  var scale: Float = 1
  /// What the step of this number, at these rates, shows.
  var figures: (Int, Float) -> StepFigures = { _, _ in Dummy.even }
  /// The tensor that is bad after the step of this number, at these rates.
  var bad: (Int, Float) -> String? = { _, _ in nil }
  var drawsOnePicture = false
  /// Whether what is saved at this step turns out to be damaged.
  var spoils: (Int) -> Bool = { _ in false }
  /// What the system says to whoever loads a file.
  var refusal: Int32?
  /// The first value of the first picture of every step.
  var shown: [Float] = []
  var drawsPlainPictures = false
  var drawsNotANumber = false

  static let even = StepFigures(
    discriminatorLoss: 1.386, generatorLoss: 0.693, realProbability: 0.55, fakeProbability: 0.45)
  static let notANumber = StepFigures(
    discriminatorLoss: .nan, generatorLoss: .nan, realProbability: .nan, fakeProbability: .nan)

  func step(
    z: [Float], rateScale: Float, seed: UInt64, reals fill: (Range<Int>, UnsafeMutablePointer<Float>) -> Void
  ) -> StepFigures {
    let count = z.count / SmallRun.options(epochs: 1).zDimension
    var reals = [Float](repeating: .nan, count: count * imageSize * imageSize * 3)
    reals.withUnsafeMutableBufferPointer { fill(0..<count, $0.baseAddress!) }
    for value in [reals[0], reals[reals.count / 2], z[0], rateScale] {
      state = (state ^ UInt64(value.bitPattern)) &* 0x9E37_79B9_7F4A_7C15 &+ seed
    }
    shown.append(reals[0])
    steps += 1
    scale = rateScale
    return figures(steps, rateScale)
  }

  func firstNonFinite(thorough: Bool) -> String? { bad(steps, scale) }

  func samples(z: [Float], count: Int) throws -> [Float] {
    let size = 64 * 64 * 3
    return (0..<count * size).map { i in
      if drawsNotANumber && i == size { return .nan }
      // Stripes, which all pictures share, under a level of its own.
      return (drawsPlainPictures ? 0 : i / 3 % 2 == 0 ? 0.4 : -0.4)
        + (drawsOnePicture ? 0 : z[i / size * (z.count / count)] / 2)
    }
  }

  func save(_ position: Position, to path: String, fileSystem: any FileSystem) throws {
    let text = "\(state) \(position.step) \(position.epoch) \(position.pictureInEpoch) \(position.rateScale)"
    try AtomicFile.write(path, text: spoils(steps) ? "" : text, overwrite: true, fileSystem: fileSystem)
  }

  func check(_ path: String) throws {
    guard fileBytes(path).split(separator: 32).count == 5 else { throw RunError("'\(path)' is damaged") }
  }

  func load(_ path: String) throws -> Position {
    if let refusal { throw StorageError("cannot read '\(path)'", code: refusal) }
    let words = String(decoding: fileBytes(path), as: UTF8.self).split(separator: " ")
    guard words.count == 5 else { throw RunError("'\(path)' is damaged") }
    state = UInt64(words[0])!
    steps = Int(words[1])!
    var position = Position()
    position.step = steps
    position.epoch = Int(words[2])!
    position.pictureInEpoch = Int(words[3])!
    position.rateScale = Float(words[4])!
    return position
  }
}

/// One run of a `Dummy` in a folder of its own, two steps per epoch.
private final class Loop {
  let folder = try! TemporaryFolder()
  var options = SmallRun.options(epochs: 6)
  var dummy = Dummy()
  var said = ""
  var trainer: Trainer!

  var run: String { folder.path + "/runs/00000-\(options.runName)" }
  var newest: [UInt8] { fileBytes(SmallRun.checkpoints(run).last ?? "") }
  var report: String { String(decoding: fileBytes(run + "/report.html"), as: UTF8.self) }

  func train(resume: Bool = false, deadline: Double? = nil, now: @escaping () -> Double = { 0 }) throws -> Ending {
    let directory =
      resume
      ? try RunDirectory(resuming: run) : try RunDirectory.create(in: folder.path + "/runs", name: options.runName)
    let configuration = RunConfiguration(
      version: "test", folder: "cats", data: SmallRun.dataset.summary, options: options)
    if !resume { try configuration.write(to: directory) }
    let progress = Progress(live: false) { [unowned self] in said += $0 }
    trainer = try Trainer(
      model: dummy, dataset: SmallRun.dataset, configuration: configuration, run: directory,
      session: Session(deadline: deadline, now: now, progress: progress), resume: resume)
    defer { trainer = nil }
    return try trainer.train()
  }
}

@Suite struct TrainerLoopTests {
  @Test func rollbackHalvesTheRatesUntilItHolds() throws {
    let loop = Loop()
    loop.options.onNaN = .rollback
    loop.dummy.figures = { step, scale in step == 6 && scale > 0.1 ? Dummy.notANumber : Dummy.even }
    #expect(throws: RunError.self) { try loop.train() }
    #expect(loop.said.contains("3 of 3: on from step 4 with rates times 0.125"), "\(loop.said)")

    let held = Loop()
    held.options.onNaN = .rollback
    held.dummy.figures = { step, scale in step == 6 && scale > 0.3 ? Dummy.notANumber : Dummy.even }
    #expect(try held.train() == .finished)
    #expect(held.said.contains("rollback 2 of 3: on from step 4 with rates times 0.25"), "\(held.said)")
    #expect(!held.said.contains("rollback 3"))
    #expect(String(decoding: held.newest, as: UTF8.self).hasSuffix(" 12 6 0 0.25"))
  }

  /// A gradient that is bad in a step that is not logged, while the losses still look well.
  @Test func stopsInTheStepInWhichItBegins() throws {
    let loop = Loop()
    loop.options.logEvery = 100
    loop.dummy.bad = { step, _ in step == 5 ? "the gradient of generator.trans_conv2.weight" : nil }
    let error = #expect(throws: RunError.self) { try loop.train() }
    let message = error?.description ?? ""
    #expect(
      message.contains("at step 5") && message.contains("it began in the gradient of generator.trans_conv2.weight"))
    #expect(message.contains("--on-nan rollback"), "\(message)")
    // The state of step 4 is there and is what it was.
    let sound = Loop()
    sound.options.epochs = 2
    _ = try sound.train()
    #expect(loop.newest == sound.newest)
    #expect(loop.report.contains("<strong>diverged</strong>"))
  }

  @Test func nothingSavedYet() throws {
    let loop = Loop()
    loop.options.onNaN = .rollback
    loop.dummy.figures = { _, _ in Dummy.notANumber }
    let error = #expect(throws: RunError.self) { try loop.train() }
    #expect(error?.description.contains("no checkpoint had been saved yet") == true)
    #expect(SmallRun.checkpoints(loop.run).isEmpty)
  }

  @Test func stoppedByTheClockAndExtended() throws {
    let whole = Loop()
    _ = try whole.train()
    let parts = Loop()
    parts.options.epochs = 3
    var time = 0.0
    let ending = try parts.train(deadline: 14) {
      time += 1
      return time
    }
    #expect(ending == .timeIsUp)
    #expect(parts.said.contains("to go on: cattrain --resume \(parts.run)"))
    #expect(parts.report.contains("stopped at its time limit"))
    parts.dummy = Dummy()
    #expect(try parts.train(resume: true) == .finished)
    // Totals: six epochs in all, not six more.
    parts.options.epochs = 6
    parts.dummy = Dummy()
    #expect(try parts.train(resume: true) == .finished)
    #expect(parts.newest == whole.newest && !whole.newest.isEmpty)
    let history = History(text: String(decoding: fileBytes(parts.run + "/stats.jsonl"), as: UTF8.self))
    #expect(history.steps.map(\.step) == Array(1...12))
  }

  /// A disk that is full for a night leaves two lines and not one per step.
  @Test func whatCannotBeWrittenIsSaidOnce() throws {
    let loop = Loop()
    loop.dummy.figures = { [unowned loop] step, _ in
      loop.trainer.attempt("a file") { if step < 8 { throw RunError("the disk is full") } }
      return Dummy.even
    }
    _ = try loop.train()
    let warning = "warning: a file could not be written, training goes on: the disk is full\n"
    #expect(loop.said.components(separatedBy: warning).count == 2, "\(loop.said)")
    #expect(loop.said.components(separatedBy: "a file can be written again").count == 2, "\(loop.said)")
  }

  /// Weights can be finite and pictures not, for instance of an average. That ends no run.
  @Test func picturesThatAreNotFinite() throws {
    let loop = Loop()
    loop.dummy.drawsNotANumber = true
    #expect(try loop.train() == .finished)
    let warning = "samples/epoch0001.png could not be written, training goes on: the generator draws values"
    #expect(loop.said.contains(warning), "\(loop.said)")
    let whole = Loop()
    _ = try whole.train()
    #expect(loop.newest == whole.newest)
  }

  @Test func aDamagedCheckpointIsPassedOver() throws {
    let loop = Loop()
    _ = try loop.train()
    let newest = try #require(SmallRun.checkpoints(loop.run).last)
    try Data("garbage".utf8).write(to: URL(filePath: newest))
    loop.options.epochs = 7
    #expect(try loop.train(resume: true) == .finished)
    #expect(loop.said.contains("'\(newest)' is damaged"))
    let whole = Loop()
    whole.options.epochs = 7
    _ = try whole.train()
    #expect(loop.newest == whole.newest)
  }

  /// Of two checkpoints that were to stay the newer one is damaged. What the next sessions save is there when they end,
  /// they go on from it, and the damaged file is kept under a name that nobody goes on from.
  @Test func whatWasJustSavedStays() throws {
    let loop = Loop()
    loop.options.keep = 1
    loop.options.milestoneEvery = 2
    loop.options.epochs = 5
    _ = try loop.train()
    let newest = try #require(SmallRun.checkpoints(loop.run).last)
    #expect(newest.hasSuffix("epoch0005-step00000010.safetensors"))
    try Data("garbage".utf8).write(to: URL(filePath: newest))
    for (steps, name) in [(9, "epoch0004-step00000009-partial"), (10, "epoch0005-step00000010")] {
      loop.said = ""
      loop.dummy = Dummy()
      loop.options.steps = steps
      #expect(try loop.train(resume: true) == .finished)
      #expect(loop.dummy.steps == steps && loop.dummy.shown.count == 1)
      let end = try #require(loop.said.split(separator: "\n").last { $0.contains("finished at step \(steps), ") })
      #expect(end.hasSuffix(": \(loop.run)/checkpoints/\(name).safetensors"))
      #expect(SmallRun.checkpoints(loop.run).last?.hasSuffix("\(name).safetensors") == true)
      #expect(fileBytes(newest + ".unreadable") == Array("garbage".utf8))
    }
    let whole = Loop()
    whole.options.epochs = 5
    _ = try whole.train()
    #expect(loop.newest == whole.newest)
  }

  /// One of three that were to stay is damaged: one more stays, and the damaged one under another name.
  @Test func damagedOnesDoNotCount() throws {
    let loop = Loop()
    loop.options.keep = 3
    loop.options.epochs = 3
    _ = try loop.train()
    try Data().write(to: URL(filePath: SmallRun.checkpoints(loop.run)[1]))
    for (epochs, left) in [(4, [2, 6, 8]), (5, [6, 8, 10])] {
      loop.dummy = Dummy()
      loop.options.epochs = epochs
      _ = try loop.train(resume: true)
      let names = SmallRun.checkpoints(loop.run).map { String($0.split(separator: "/").last!) }
      #expect(names.map { CheckpointName($0)!.step } == left)
    }
    let aside = "\(loop.run)/checkpoints/epoch0002-step00000004.safetensors.unreadable"
    #expect(FileManager.default.fileExists(atPath: aside))
  }

  /// What cannot be read back is not saved, and no reason to remove what is older.
  @Test func aCheckpointThatCannotBeReadBack() throws {
    let loop = Loop()
    loop.options.keep = 1
    loop.options.epochs = 3
    loop.dummy.spoils = { $0 >= 4 }
    let error = #expect(throws: RunError.self) { try loop.train() }
    #expect(error?.description.contains("its last checkpoint could not be written") == true)
    #expect(loop.said.contains("epoch0002-step00000004.safetensors' is damaged"), "\(loop.said)")
    #expect(SmallRun.checkpoints(loop.run).first?.hasSuffix("epoch0001-step00000002.safetensors") == true)
    loop.dummy = Dummy()
    #expect(try loop.train(resume: true) == .finished)
    let whole = Loop()
    whole.options.epochs = 3
    _ = try whole.train()
    #expect(loop.newest == whole.newest)
  }

  /// A checkpoint that the system does not hand out may be sound: it stays where it is, and nobody goes on without it.
  @Test func aCheckpointThatIsNotHandedOut() throws {
    let loop = Loop()
    loop.options.epochs = 2
    _ = try loop.train()
    let there = SmallRun.checkpoints(loop.run)
    loop.options.epochs = 3
    loop.dummy.refusal = EACCES
    let error = #expect(throws: RunError.self) { try loop.train(resume: true) }
    #expect(error?.description.contains("cannot read '\(there.last!)'") == true)
    #expect(error?.description.contains("\(loop.run)@2") == true, "\(error?.description ?? "")")
    #expect(SmallRun.checkpoints(loop.run) == there)
  }

  /// An old checkpoint under the name of a later step is not where the run is.
  @Test func aRenamedCheckpointIsPassedOver() throws {
    let loop = Loop()
    loop.options.epochs = 3
    _ = try loop.train()
    let later = "\(loop.run)/checkpoints/epoch0099-step00000198.safetensors"
    try FileManager.default.copyItem(atPath: SmallRun.checkpoints(loop.run)[0], toPath: later)
    loop.dummy = Dummy()
    loop.options.epochs = 4
    #expect(try loop.train(resume: true) == .finished)
    #expect(loop.dummy.shown.count == 2 && loop.said.contains("it was renamed"), "\(loop.said)")
    #expect(loop.newest.starts(with: Array(String(loop.dummy.state).utf8)))
  }

  /// Single pictures and twos in turn: a session begins with the picture after those shown. An epoch whose rest makes no
  /// batch is over, at the end of a step and when a session begins.
  @Test func anotherBatchSizeGoesOnAtThePicture() throws {
    let whole = Loop()
    whole.options.mirror = false
    whole.options.batchSize = 1
    whole.options.epochs = 2
    _ = try whole.train()
    #expect(whole.dummy.shown.count == 8)
    let parts = Loop()
    parts.options.mirror = false
    var shown: [Float] = []
    for (batch, steps) in [(1, 1), (2, 2), (1, 3), (2, 4), (1, 5), (4, 6)] {
      parts.options.batchSize = batch
      parts.options.steps = steps
      parts.dummy = Dummy()
      #expect(try parts.train(resume: steps > 1) == .finished)
      shown += parts.dummy.shown
    }
    // Twice an epoch's picture 0, then 1 and 2; of the third epoch one picture, then all of the fourth.
    #expect(Array(shown.prefix(4)) == [0, 1, 4, 5].map { whole.dummy.shown[$0] })
    #expect(String(decoding: parts.newest, as: UTF8.self).hasSuffix(" 6 4 0 1.0"))
  }

  @Test func newestAndMilestonesStay() throws {
    let loop = Loop()
    loop.options.keep = 2
    loop.options.milestoneEvery = 3
    loop.options.epochs = 10
    _ = try loop.train()
    let epochs = SmallRun.checkpoints(loop.run).compactMap {
      CheckpointName(String($0.split(separator: "/").last!))?.epoch
    }
    #expect(epochs == [3, 6, 9, 10])
  }

  @Test func alarmsComeOnceWithTheirEvidence() throws {
    let winning = Loop()
    winning.options.epochs = 40
    winning.dummy.figures = { _, _ in
      StepFigures(discriminatorLoss: 0.1, generatorLoss: 5, realProbability: 0.97, fakeProbability: 0.02)
    }
    _ = try winning.train()
    #expect(winning.said.components(separatedBy: "warning: discriminator winning").count == 2, "\(winning.said)")
    #expect(winning.said.contains("D(x) is 0.97 and D(G(z)) 0.02"))

    let collapsed = Loop()
    collapsed.options.steps = 560
    collapsed.options.saveEvery = 1000
    collapsed.options.logEvery = 10
    collapsed.dummy.drawsOnePicture = true
    _ = try collapsed.train()
    #expect(collapsed.said.components(separatedBy: "warning: collapsed").count == 2)
    #expect(collapsed.said.contains("differ by 0 on average") || collapsed.said.contains("differ by 0.000 on average"))
    #expect(collapsed.report.contains("<strong>collapsed</strong>"))

    // A run of twelve steps whose losses look well is judged at its end, by the grid that comes after the last log.
    let flat = Loop()
    flat.dummy.drawsPlainPictures = true
    _ = try flat.train()
    #expect(flat.said.components(separatedBy: "warning: samples nearly plain").count == 2, "\(flat.said)")
    #expect(flat.report.contains("<strong>samples nearly plain</strong>"))
    let history = History(text: String(decoding: fileBytes(flat.run + "/stats.jsonl"), as: UTF8.self))
    let deviations = history.events.filter { $0.event == .sample }.map { $0.sampleDeviation ?? -1 }
    #expect(deviations == [Float](repeating: 0, count: 6))
  }
}
