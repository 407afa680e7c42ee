// What a run writes and says: formats against their specifications, judgements against made-up histories.

import Foundation
import Generation
import Testing

@testable import CatGAN

struct RunTests {
  @Test func timeSpans() {
    #expect(TimeSpan("8h")?.seconds == 28_800)
    #expect(TimeSpan("1h30m")?.seconds == 5_400)
    #expect(TimeSpan("90m")?.seconds == 5_400)
    for bad in ["", "8", "8x", "m", "30m1h", "1h1h", "0s", "-1h", "999999999d"] {
      #expect(TimeSpan(bad) == nil, "\(bad)")
    }
    #expect("\(TimeSpan(seconds: 8_105))" == "2h 15m")
  }

  /// The check value of CRC-32C for "123456789" (RFC 3720's polynomial), and its masked form as TFRecord has it.
  @Test func checksums() {
    #expect(CRC32C().checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C().masked(Array("123456789".utf8)) == 0xC78A_B0E5)
  }

  /// On a terminal every refresh stays within one row, so that it overwrites the last one.
  @Test(arguments: [20, 40, 80, 200]) func liveLinesFitTheTerminal(columns: Int) {
    var written: [String] = []
    var progress = Progress(live: true, columns: { columns }) { written.append($0) }
    for step in 0..<3 {
      let line = Progress.line(record(step * 1_000), epochs: 200, steps: 48_600, secondsLeft: 8_000)
      progress.update(line, now: Double(step))
    }
    #expect(written.count == 3)
    for text in written {
      #expect(text.hasPrefix("\repoch 1/200") && text.count <= columns && !text.contains("\n"), "\(text)")
      #expect(columns < 80 || text.hasSuffix("2h 13m left"), "\(text)")
    }
  }

  @Test func checkpointNamesAndRetention() {
    let names = (1...12).map { CheckpointName(epoch: $0 * 5, step: $0 * 100, isEpochEnd: true) }
    #expect(CheckpointName(names[0].description) == names[0] && names[0].epoch == 5)
    #expect(CheckpointName("epoch5-step1.safetensors") == nil)
    func gone(_ retention: Retention, saved: Int = 11, bad: Set<Int> = []) -> [Int] {
      retention.superfluous(names, saved: names[saved]) { !bad.contains(names.firstIndex(of: $0)!) }
        .map { names.firstIndex(of: $0)! }
    }
    let three = Retention(keep: 3, milestoneEvery: 20)
    #expect(gone(three) == [0, 1, 2, 4, 5, 6, 8])
    #expect(gone(Retention(keep: 0, milestoneEvery: 0)).isEmpty)
    // What cannot be read does not count; nor does what is newer than that just saved, and nothing of both goes.
    #expect(gone(three, bad: [9, 10]) == [0, 1, 2, 4, 5, 6])
    #expect(gone(three, saved: 5) == [0, 1, 2])
    #expect(gone(Retention(keep: 1, milestoneEvery: 0), saved: 2, bad: [3, 11]) == [0, 1])
    #expect(gone(Retention(keep: 1, milestoneEvery: 0), bad: Set(0..<12)).isEmpty)
  }

  private func record(_ step: Int, loss: Float = 1.3, real: Float = 0.55, fake: Float = 0.45) -> StepRecord {
    StepRecord(
      step: step, epoch: 1, discriminatorLoss: loss, generatorLoss: 0.8, realProbability: real, fakeProbability: fake,
      imagesPerSecond: 100, seconds: Double(step))
  }

  private func sample(
    _ step: Int, deviation: Float, distance: Float, clipped: Float = 0.02, realClipped: Float = 0.03
  ) -> RunEvent {
    RunEvent(
      .sample, step: step, epoch: 4, file: "a.png",
      samples: PictureSpread(deviation: deviation, distance: distance, clipped: clipped),
      reals: PictureSpread(deviation: 0.4, distance: 0.45, clipped: realClipped))
  }

  /// Runs of a few hundred steps log fewer records than a long run is judged by, and are judged from their half on.
  @Test func verdictsOnShortRuns() {
    for total in [20, 215, 900] {
      var history = History()
      for step in stride(from: 10, through: total / 2 - 1, by: 10) { history.append(record(step)) }
      history.append(sample(max(0, total / 2 - 1), deviation: 0, distance: 0))
      #expect(Verdict(history, totalSteps: total).state == .early, "\(total)")
      for step in [total / 2, total] { history.append(record(step)) }
      #expect(Verdict(history, totalSteps: total).state == .healthy, "\(total)")
      history.append(sample(total, deviation: 0.03, distance: 0.4))
      let verdict = Verdict(history, totalSteps: total)
      #expect(
        verdict.state == .flat
          && verdict.reason.hasSuffix("The run has \(total) steps; more may be all that is missing."))
      history.append(sample(total, deviation: 0.3, distance: 0.1))
      #expect(Verdict(history, totalSteps: total).state == .collapsed, "\(total)")
      // A chaotic beginning is forgotten.
      var winning = History()
      for step in 1...40 { winning.append(record(step, real: step > 20 ? 0.99 : 0.1, fake: 0.01)) }
      #expect(Verdict(winning, totalSteps: 40).state == .discriminatorWinning)
    }
  }

  /// Two pictures of 2 x 1 pixels: one plain, however bright its colour, one whose red goes from -1 to 1.
  @Test func spreadWithinAndBetween() {
    let plain: [Float] = [0.5, -0.5, 0, 0.5, -0.5, 0]
    let striped: [Float] = [-1, 0, 0, 1, 0, 0]
    #expect(PictureSpread(plain, count: 1) == PictureSpread(deviation: 0, distance: 0, clipped: 0))
    let spread = PictureSpread(plain + striped, count: 2)
    // Red deviates by 1 at 2 of 6 values; differences are 1.5, 0.5 and 0, then 0.5, 0.5 and 0.
    #expect(abs(spread.deviation - Float((2.0 / 6).squareRoot() / 2)) < 1e-6)
    #expect(abs(spread.distance - Float((3.0 / 6).squareRoot())) < 1e-6)
    // Both ends of the striped picture's red, of 12 values.
    #expect(spread.clipped == Float(2) / 12)
    #expect(PictureSpread([], count: 0) == PictureSpread(deviation: 0, distance: 0))
  }

  @Test func verdicts() {
    var history = History()
    #expect(Verdict(history).state == .early)
    for step in 1...100 { history.append(record(step * 10)) }
    #expect(Verdict(history).state == .healthy)
    var winning = history
    for step in 101...160 { winning.append(record(step * 10, real: 0.99, fake: 0.01)) }
    #expect(Verdict(winning).state == .discriminatorWinning)
    var collapsed = history
    collapsed.append(sample(1000, deviation: 0.4, distance: 0.05))
    #expect(Verdict(collapsed).state == .collapsed)
    // Plain pictures are alike too; that there is nothing on them says more.
    var flat = winning
    flat.append(sample(1600, deviation: 0.02, distance: 0.03))
    #expect(Verdict(flat).state == .flat)
    #expect(Verdict(flat).reason.contains("deviate by 0.020 on average, within a real picture by 0.400"))
    flat.append(sample(1610, deviation: 0.3, distance: 0.3))
    #expect(Verdict(flat).state == .discriminatorWinning)
    // Varied and full of contrast, and yet nothing but glaring blotches; on white ground photos have such levels too.
    var glaring = history
    glaring.append(sample(1000, deviation: 0.45, distance: 0.6, clipped: 0.25))
    #expect(Verdict(glaring).state == .collapsed)
    #expect(Verdict(glaring).reason.contains("25% of the levels are black or as bright as can be, in real pictures 3%"))
    glaring.append(sample(1010, deviation: 0.45, distance: 0.6, clipped: 0.5, realClipped: 0.3))
    #expect(Verdict(glaring).state == .healthy)
    glaring.append(sample(1020, deviation: 0.45, distance: 0.6, clipped: 0.2))
    #expect(Verdict(glaring).state == .healthy)
    var young = History()
    young.append(record(10))
    young.append(sample(190, deviation: 0.45, distance: 0.6, clipped: 0.3))
    #expect(Verdict(young).state == .early)
    young.append(sample(200, deviation: 0.45, distance: 0.6, clipped: 0.3))
    #expect(Verdict(young).state == .collapsed)
    var diverged = history
    diverged.append(record(1010, loss: .nan))
    #expect(Verdict(diverged).state == .diverged)
  }

  /// A run that ended before its first checkpoint, for want of memory or power, begins again and comes to the same end.
  @Test func aRunWithoutCheckpointBeginsAgain() throws {
    let small = SmallRun(options: SmallRun.options(epochs: 2))
    let folder = try TemporaryFolder()
    _ = try small.begin(in: folder.path + "/runs")
    let run = "\(folder.path)/runs/00000-\(small.options.runName)"
    for checkpoint in SmallRun.checkpoints(run) { try FileManager.default.removeItem(atPath: checkpoint) }
    // Where some were saved they are elsewhere, as on a disk that is not mounted, and nothing is begun again in their place.
    let refused = try #require(throws: RunError.self) { _ = try small.resume(run) }
    #expect(refused.description.contains("its log.txt says that some were saved"), "\(refused)")
    try FileManager.default.removeItem(atPath: run + "/log.txt")
    let (ending, said) = try small.resume(run)
    #expect(ending == .finished && said.contains("holds no checkpoint yet: it begins again"), "\(said)")
    #expect(try fileBytes(SmallRun.checkpoints(run).last!) == small.newestBytes())
  }

  @Test func historyOfATornFileThatWasResumed() throws {
    var lines = try (1...5).map { try jsonLine(record($0)) }
    lines.append(try jsonLine(RunEvent(.resumed, step: 3, epoch: 0)))
    lines.append(try jsonLine(record(4)))
    let history = History(text: lines.joined(separator: "\n") + "\n{\"step\":5,\"epo")
    #expect(history.steps.map(\.step) == [1, 2, 3, 4])
  }

  /// Starts stay, whatever training went back from, and a reader that knows nothing of them sees the rest.
  @Test func startsAreHistory() throws {
    var options = RunOptions(preset: "cats64")
    let data = SmallRun.dataset.summary
    let first = RunConfiguration(version: "1", folder: "cats", data: data, options: options)
    options.batchSize = 32
    options.epochs = 300
    let second = RunConfiguration(version: "2", folder: "cats", data: data, options: options)
    var starts: [StartRecord] = []
    for (earlier, present) in [(nil, first), (first, second)] {
      starts.append(
        StartRecord(
          command: ["cattrain", "my cats", "--seed=1", "it's"], earlier: earlier, configuration: present,
          isForced: true, source: nil, instructionSet: "avx2", threads: 3))
    }
    starts[1].step = 4
    starts[1].ranks = StartRecord.Ranks(
      hosts: ["a", "a", "b"], threads: [2, 2, 1], gradientBytes: [0, 12_340_000, 7])
    #expect(starts[0].changes.isEmpty && starts[0].settings["--batch-size"] == "64")
    #expect(
      starts[1].changes == ["--batch-size 64 -> 32 (forced)", "--epochs 215 -> 300", "version 1 -> 2"],
      "\(starts[1].changes)")
    #expect(first.changes(to: second, isForced: false).first == "--batch-size 64 -> 32")
    #expect(starts[0].commandLine == "cattrain 'my cats' --seed=1 'it'\\''s'")
    var lines = [try jsonLine(starts[0])]
    lines += try (1...8).map { step in
      var logged = record(step)
      logged.bytesSent = 13_400_000
      return try jsonLine(logged)
    }
    lines += [try jsonLine(RunEvent(.resumed, step: 4, epoch: 0)), try jsonLine(starts[1])]
    let history = History(text: lines.joined(separator: "\n"))
    #expect(history.starts == starts && history.steps.count == 4 && history.events.count == 1)
    for start in starts {
      let line = Data(try jsonLine(start).utf8)
      #expect(throws: DecodingError.self) { try JSONDecoder().decode(RunEvent.self, from: line) }
      #expect(throws: DecodingError.self) { try JSONDecoder().decode(StepRecord.self, from: line) }
    }
    let html = Report(
      title: "run", status: "running", isRunning: true, written: "now", history: history, verdict: Verdict(history),
      settings: [], data: [], skipped: [], reals: nil, grids: []
    ).html()
    #expect(html.contains("<td>epoch 0, step 4</td><td>cattrain &#39;my cats&#39;"))
    #expect(html.contains("(forced)") && html.contains("avx2, threads: 3"))
    #expect(
      html.contains("3 ranks: a with 2 x 2 threads, b with 1 x 1 thread; 12.3 MB of gradients per step from each"))
    #expect(html.contains("Rank 0 sent 13.4 MB in step 4."))
  }

  @Test func optionsThatMayChange() throws {
    let old = RunOptions(preset: "cats64")
    var new = old
    new.epochs = 300
    try old.allow(new, force: false)
    new.batchSize = 32
    #expect(throws: RunError.self) { try old.allow(new, force: false) }
    try old.allow(new, force: true)
    for change in [{ $0.width = 32 }, { $0.zDistribution = .normal }] as [(inout RunOptions) -> Void] {
      var other = new
      change(&other)
      #expect(throws: RunError.self) { try old.allow(other, force: true) }
    }
  }

  /// A hinge run's D(x) is no probability: it is judged by its loss.
  @Test func verdictOfHingeLoss() {
    var history = History()
    for step in 1...60 { history.append(record(step * 10, loss: 1.2, real: 0.95, fake: 0.05)) }
    #expect(Verdict(history).state == .discriminatorWinning)
    #expect(Verdict(history, loss: .hinge).state == .healthy)
    for step in 61...120 { history.append(record(step * 10, loss: 0.1)) }
    #expect(Verdict(history, loss: .hinge).state == .discriminatorWinning)
    history.append(record(1210, loss: 1e3))
    #expect(Verdict(history, loss: .hinge).reason.contains("at chance they are 2.0 and 0.0"))
  }

  /// config.json of a version without levers: they are off, and everything else is as it stands there.
  @Test func optionsOfOlderVersions() throws {
    var old = RunOptions(preset: "cats64")
    old.width = 24
    old.averaging = 0.5
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    var text = String(decoding: try encoder.encode(old), as: UTF8.self)
    for new in ["\"beta2\":0.999,", "\"loss\":\"bce\",", "\"discriminatorNorm\":\"batch\",", "\"augmentation\":[],"] {
      let parts = text.split(separator: new, omittingEmptySubsequences: false)
      #expect(parts.count == 2, "\(new)")
      text = parts.joined()
    }
    #expect(try JSONDecoder().decode(RunOptions.self, from: Data(text.utf8)) == old)
    let best = RunOptions(preset: "cats64-best")
    #expect(try JSONDecoder().decode(RunOptions.self, from: JSONEncoder().encode(best)) == best)
    let broken = text.replacing("\"width\":24", with: "\"height\":24")
    #expect(throws: (any Error).self) { try JSONDecoder().decode(RunOptions.self, from: Data(broken.utf8)) }
  }

  @Test func presetsSayWhatTheyStandFor() {
    #expect(RunOptions.flags(ofPreset: "cats64").isEmpty && RunOptions.flags(ofPreset: "cats128").isEmpty)
    let flags = RunOptions.flags(ofPreset: "cats64-best")
    #expect(flags.contains("--width 32") && flags.contains("--mirror") && !flags.contains("--preset"), "\(flags)")
    #expect(RunOptions(preset: "cats64-best").networks.preset == "cats64")
    #expect(RunOptions(preset: "cats128-best").networks.preset == "cats128")
    #expect(RunOptions.flags(ofPreset: "cats128-best").contains("--augment color,translation"))
    #expect(RunOptions(preset: "cats64-best").imageSize == 64 && RunOptions(preset: "cats128").imageSize == 128)
  }

  @Test func reportEscapesAndStaysSmall() {
    var history = History()
    for step in 1...50_000 { history.append(record(step)) }
    let html = Report(
      title: "<b>", status: "running", isRunning: true, written: "now", history: history, verdict: Verdict(history),
      settings: [("--z", "<script>")], data: [], skipped: [("a\"<.png", "broken")], reals: nil,
      grids: [Report.Grid(label: "</script>", path: "samples/a.png", png: nil)]
    ).html()
    #expect(!html.contains("<b>") && !html.contains("<td><script>") && !html.contains("\"</script>"))
    #expect(html.utf8.count < 300_000)
    #expect(Report.embedded(sizes: Array(repeating: 100, count: 100), limit: 1000).count <= 10)
  }
}
