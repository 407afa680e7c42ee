// What a run leaves to look at: grids of samples and of real pictures, and the report that shows them.

import Generation
import Images
import Layers
import Text

extension Trainer {
  /// Draws the samples of the fixed z, which are those of catgen's seeds 0 to 63, and measures what they show.
  func sample(name: String) {
    let file = "samples/\(name).png"
    attempt(file) {
      let count = Trainer.sampleCount
      let z = (0..<count).flatMap {
        Latent.vector(seed: UInt64($0), dimension: options.zDimension, distribution: options.zDistribution)
      }
      let pictures = try model.samples(z: z, count: count)
      guard pictures.allSatisfy(\.isFinite) else {
        throw RunError("the generator draws values that are not finite numbers; go on from an earlier checkpoint")
      }
      var bytes = [UInt8](repeating: 0, count: pictures.count)
      Context.convertToBytes(pictures, count: pictures.count, bytes: &bytes)
      let picture = try grid(bytes, count: count)
      let png = try PNGWriter.encode(picture, isOwnOutput: true)
      try run.write(file, bytes: png)
      record(
        RunEvent(
          .sample, step: position.step, epoch: position.epoch, file: file,
          samples: PictureSpread(pictures, count: count), reals: realSpread))
      if let tensorboard {
        attempt("the TensorBoard file") {
          try tensorboard.write(grid: png, step: position.step)
        }
      }
      writeReport(status: "running", isRunning: true)
    }
    raiseAlarm()
  }

  private var chosenReals: [Int] { randomness.choice(of: Trainer.sampleCount, from: dataset.count) }

  func writeReals() throws {
    let size = dataset.size * dataset.size * 3
    let bytes = chosenReals.flatMap { dataset.pixels[$0 * size..<($0 + 1) * size] }
    try run.write("reals.png", bytes: PNGWriter.encode(try grid(bytes, count: chosenReals.count), isOwnOutput: true))
  }

  func measureReals() -> PictureSpread {
    let chosen = chosenReals
    var pictures = [Float](repeating: 0, count: chosen.count * dataset.size * dataset.size * 3)
    pictures.withUnsafeMutableBufferPointer { dataset.fillBatch(chosen, into: $0.baseAddress!) }
    return PictureSpread(pictures, count: chosen.count)
  }

  /// Pictures side by side, eight to a row; places left over stay black.
  private func grid(_ bytes: [UInt8], count: Int) throws(PictureError) -> Picture {
    let (side, columns) = (model.imageSize, min(count, 8))
    var grid = try Grid(columns: columns, rows: (count + columns - 1) / columns, cellWidth: side, cellHeight: side)
    let size = side * side * 3
    for i in 0..<count { grid.place(bytes[i * size..<(i + 1) * size], at: i) }
    return grid.picture
  }

  /// Writes `report.html` anew.
  func writeReport(status: String, isRunning: Bool) {
    lastReport = session.now()
    attempt("report.html") {
      let samples = history.events.filter { $0.event == .sample }
      let embedded = Report.embedded(sizes: samples.map { event in event.file.flatMap { run.size($0) } ?? 0 })
      let grids = samples.indices.map { i in
        Report.Grid(
          label: "epoch \(samples[i].epoch), step \(grouped(samples[i].step))", path: samples[i].file ?? "",
          png: embedded.contains(i) ? { [run] in samples[i].file.flatMap { run.read($0) } } : nil)
      }
      let summary = dataset.summary
      let report = Report(
        title: run.path.split(separator: "/").last.map(String.init) ?? run.path, status: status,
        place: history.steps.isEmpty ? nil : position.words, isRunning: isRunning,
        written: currentTime(), history: history,
        verdict: verdict,
        settings: options.choices.map { ($0.flag, $0.value) } + [("version", configuration.version)],
        data: [
          ("folder", configuration.folder), ("pictures", grouped(summary.pictures)),
          ("size", "\(summary.size)x\(summary.size)"), ("fit", summary.fit.rawValue),
          ("skipped files", grouped(summary.skipped)), ("digest", summary.digest),
        ],
        skipped: dataset.skipped.map { ($0.path.description, $0.reason) },
        notes: dataset.notes.map { ($0.path.description, $0.reason) }, reals: run.read("reals.png"), grids: grids,
        loss: options.loss)
      try run.write("report.html", pieces: report.write)
    }
  }
}
