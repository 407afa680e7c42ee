// A whole run of the smallest cats64 networks on four drawn pictures, for tests of what befalls runs.

import Foundation
import Generation
import ImageFormats
import Kernels
import Storage

@testable import CatGAN

struct SmallRun {
  /// Four pictures in batches of two: two steps per epoch.
  static let dataset: Dataset = {
    let folder = try! TemporaryFolder()
    for i in 0..<4 {
      try! folder.write(JPEGWriter.encode(DataPrepare.photo(i, width: 64, height: 64)), to: "\(i).jpg")
    }
    return try! Dataset(FolderScan(folder.bytePath), options: DatasetOptions(size: 64, threads: 1))
  }()

  static func options(epochs: Int) -> RunOptions {
    var options = RunOptions(preset: "cats64")
    options.width = 1
    options.zDimension = 2
    options.batchSize = 2
    options.averaging = 0.9
    options.mirror = true
    options.seed = 3
    options.epochs = epochs
    options.saveEvery = 1
    options.logEvery = 1
    options.keep = 2
    options.milestoneEvery = 0
    return options
  }

  let options: RunOptions
  var threads = 1

  private func configuration() -> RunConfiguration {
    RunConfiguration(version: "test", folder: "cats", data: Self.dataset.summary, options: options)
  }

  /// Begins a run inside `parent` and trains to its end. Returns how it ended and what it said.
  func begin(
    in parent: String, fileSystem: any FileSystem = Disk(), prepare: (RunDirectory) -> Void = { _ in }
  ) throws -> (Ending, said: String) {
    let run = try RunDirectory.create(in: parent, name: options.runName, fileSystem: fileSystem)
    try configuration().write(to: run)
    prepare(run)
    return try train(run, resume: false)
  }

  /// Goes on with the run at `path`.
  func resume(_ path: String, fileSystem: any FileSystem = Disk()) throws -> (Ending, said: String) {
    try train(RunDirectory(resuming: path, fileSystem: fileSystem), resume: true)
  }

  private func train(_ run: RunDirectory, resume: Bool) throws -> (Ending, said: String) {
    final class Words { var text = "" }
    let words = Words()
    let model = GANModel(
      options, data: Self.dataset.summary, version: "test", context: Context(threads: threads))
    let trainer = try Trainer(
      model: model, dataset: Self.dataset, configuration: configuration(), run: run,
      session: Session(progress: Progress(live: false) { words.text += $0 }), resume: resume)
    return (try trainer.train(), words.text)
  }

  /// The bytes of the newest checkpoint of an undisturbed run.
  func newestBytes() throws -> [UInt8] {
    let folder = try TemporaryFolder()
    _ = try begin(in: folder.path + "/runs")
    return fileBytes(Self.checkpoints(folder.path + "/runs/00000-\(options.runName)").last ?? "")
  }

  /// Paths of the checkpoints of a run, oldest first.
  static func checkpoints(_ run: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: run + "/checkpoints")) ?? []
    return names.compactMap(CheckpointName.init).sorted().map { "\(run)/checkpoints/\($0)" }
  }

  /// Files of a run that are still under temporary names.
  static func temporaries(_ run: String) -> [String] {
    let names = FileManager.default.enumerator(atPath: run)?.allObjects as? [String] ?? []
    return names.filter { $0.contains(".catgan-") }
  }

  /// Reads a checkpoint to its last byte.
  func check(_ path: String) throws {
    let model = GANModel(options, data: Self.dataset.summary, version: "test", context: Context(threads: 1))
    _ = try model.load(path)
  }
}
