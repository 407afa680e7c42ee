// Running statistics on their way through files, and grids against the sampler's pictures.

import Foundation
import Generation
import ImageFormats
import Images
import Kernels
import Layers
import Storage
import Testing

@testable import CatGAN

@Suite struct StatisticsTests {
  /// What a file of version 0.1.0 held in place of `path`'s: no counters, and moving averages from 0 and 1 over one batch
  /// of the generator per step and three of the discriminator.
  private func writeAsBefore(_ path: String, to old: String, half: Bool = false) throws {
    let file = try SafeTensors(path: path)
    let steps = try #require(Double(file.metadata["catgan.step"] ?? ""))
    let sources = try file.names.filter { !$0.hasSuffix("num_batches_tracked") }.map { name in
      let start = name.hasPrefix("generator_ema.") ? 0 : pow(0.99, name.hasPrefix("generator.") ? steps : 3 * steps)
      let values = try file.floats(name).map { value in
        if name.hasSuffix("running_mean") { return Float(Double(value) * (1 - start)) }
        if name.hasSuffix("running_var") { return Float(Double(value) * (1 - start) + start) }
        return value
      }
      return TensorSource(name, floats: values, shape: file.shape(of: name)!, half: half)
    }
    try SafeTensors.write(sources, metadata: file.metadata, to: old, overwrite: true)
  }

  private func counts(_ path: String) throws -> [String: UInt64] {
    let file = try SafeTensors(path: path)
    let names = file.names.filter { $0.hasSuffix(".num_batches_tracked") }
    return try Dictionary(uniqueKeysWithValues: names.map { ($0, try file.integers($0, shape: [])[0]) })
  }

  @Test func countersAreKept() throws {
    let folder = try TemporaryFolder()
    let training = SmallTraining(seed: 5)
    training.train(3)
    let path = folder.path + "/new.safetensors"
    try training.save(path)
    let counts = try counts(path)
    #expect(counts["generator.batch_trans_conv1.num_batches_tracked"] == 3)
    #expect(counts["discriminator.batch_conv2.num_batches_tracked"] == 9)
    #expect(counts.count == 4 + 4 + 4)
    let other = SmallTraining(seed: 6)
    _ = try other.load(path)
    #expect(other.trainer.generator.batchNorms.map(\.batchesTracked.value) == [3, 3, 3, 3])
    try Checkpoint.exportGenerator(
      of: path, half: false, note: "", to: folder.path + "/export.safetensors", overwrite: false)
    #expect(try self.counts(folder.path + "/export.safetensors").count == 4)
  }

  /// A count that is missing, negative, of another type or of another shape.
  @Test func countersAreChecked() throws {
    let folder = try TemporaryFolder()
    let training = SmallTraining(seed: 5)
    training.train(1)
    let path = folder.path + "/new.safetensors"
    try training.save(path)
    let file = try SafeTensors(path: path)
    let name = "generator.batch_trans_conv2.num_batches_tracked"
    let others = try file.names.filter { $0 != name }.map { other in
      file.dtype(of: other) == .int64
        ? TensorSource(other, integers: try file.integers(other), shape: [])
        : TensorSource(other, floats: try file.floats(other), shape: file.shape(of: other)!)
    }
    let before = try training.bytes()
    for (source, says) in [
      (nil, "lacks the tensor"), (TensorSource(name, integers: [.max], shape: []), "is -1"),
      (TensorSource(name, floats: [1], shape: []), "I64 is needed"),
      (TensorSource(name, integers: [1], shape: [1]), "has the shape [1]"),
    ] as [(TensorSource?, String)] {
      try SafeTensors.write(
        others + (source.map { [$0] } ?? []), metadata: file.metadata, to: path, overwrite: true)
      let error = #expect(throws: StorageError.self) { _ = try training.load(path) }
      #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
      #expect(try training.bytes() == before)
    }
  }

  /// The averages of what was seen are found again in files that hold the start too. Rounding the old variances, which are
  /// near 1, by 6e-8 costs 1 / (1 - 0.99^t) times that.
  @Test(arguments: [1, 4]) func oldCheckpointsAreCorrected(steps: Int) throws {
    let folder = try TemporaryFolder()
    let (new, old) = (folder.path + "/new.safetensors", folder.path + "/old.safetensors")
    let training = SmallTraining(seed: 5)
    training.train(steps)
    try training.save(new)
    try writeAsBefore(new, to: old)
    let resumed = SmallTraining(seed: 6)
    _ = try resumed.load(old)
    let bound = 2 * 6e-8 / (1 - pow(0.99, Double(steps)))
    func compare(_ found: ParameterStore, _ expected: ParameterStore, batches: Int) {
      for (found, expected) in zip(found.parameters, expected.parameters) {
        for (a, e) in zip(found.fileValues(), expected.fileValues()) {
          #expect(
            found.name.contains("running") ? abs(Double(a) - Double(e)) <= bound * max(1, Double(abs(e))) : a == e,
            "\(found.name): \(a), not \(e)")
        }
      }
      #expect(found.counters.allSatisfy { $0.value == batches })
    }
    compare(resumed.trainer.generator.store, training.trainer.generator.store, batches: steps)
    compare(resumed.trainer.discriminator.store, training.trainer.discriminator.store, batches: 3 * steps)

    let generator = SmallTraining(seed: 7).trainer.generator
    try Checkpoint.loadGenerator(try SafeTensors(path: old), into: generator.store)
    compare(generator.store, training.trainer.generator.store, batches: steps)
    // An average's statistics were always its own.
    try Checkpoint.loadGenerator(try SafeTensors(path: old), into: generator.store, prefix: "generator_ema.")
    #expect(
      generator.store.parameters.map { $0.fileValues() } == training.average.store.parameters.map { $0.fileValues() })
  }

  private static func run(_ distribution: LatentDistribution, averaging: Float, steps: Int? = nil) -> SmallRun {
    var options = SmallRun.options(epochs: 2)
    options.zDistribution = distribution
    options.averaging = averaging
    options.steps = steps
    return SmallRun(options: options)
  }

  /// The sampler's pictures of seeds 0 to 63 as one grid.
  private func sampled(_ path: String, averaged: Bool? = nil) throws -> [UInt8] {
    let file = try SafeTensors(path: path)
    let description = try CheckpointDescription(file, averaged: averaged)
    let model = try GeneratorModel(file, description, batchSize: 16, context: Context(threads: 2))
    let side = description.generator.output.h
    var grid = try Grid(columns: 8, rows: 8, cellWidth: side, cellHeight: side)
    let z = (0..<64).map {
      Latent.vector(
        seed: $0, dimension: description.generator.input.c, distribution: description.distribution!)
    }
    for (index, picture) in try model.pictures(z).enumerated() { grid.place(picture.pixels, at: index) }
    return grid.picture.pixels
  }

  private func largestDifference(_ a: [UInt8], _ b: [UInt8]) -> Int {
    a.count == b.count ? zip(a, b).map { abs(Int($0) - Int($1)) }.max() ?? 0 : .max
  }

  /// The newest grid and checkpoint of a run that ended in mid-epoch: the same step.
  private func compare(_ run: String) throws {
    let grids = try FileManager.default.contentsOfDirectory(atPath: run + "/samples").sorted()
    let grid = try PictureReader.decode(fileBytes("\(run)/samples/\(try #require(grids.last))"))
    let checkpoint = try #require(SmallRun.checkpoints(run).last)
    let difference = largestDifference(grid.pixels, try sampled(checkpoint))
    // The trainer normalises after the convolution, the sampler within its weights: a value may round to the next level.
    #expect(difference <= 1, "\(difference) levels apart in \(grids.last!)")
  }

  /// The trainer's grid shows catgen's pictures of the checkpoint beside it.
  @Test(arguments: LatentDistribution.allCases, [0, 0.9] as [Float])
  func gridsAreTheSamplersPictures(distribution: LatentDistribution, averaging: Float) throws {
    let folder = try TemporaryFolder()
    _ = try Self.run(distribution, averaging: averaging, steps: 3).begin(in: folder.path)
    let run = folder.path + "/00000-cats64-w1"
    try compare(run)
    _ = try Self.run(distribution, averaging: averaging, steps: 5).resume(run)
    #expect(SmallRun.checkpoints(run).count == 2)
    try compare(run)
  }

  /// Pictures of old files are those of new ones: checkpoints, exported generators, halves, averages.
  @Test func oldFilesAreSampledAsNewOnes() throws {
    let folder = try TemporaryFolder()
    _ = try Self.run(.uniform, averaging: 0.9, steps: 3).begin(in: folder.path)
    let new = try #require(SmallRun.checkpoints(folder.path + "/00000-cats64-w1").last)
    let old = folder.path + "/old.safetensors"
    try writeAsBefore(new, to: old)
    for averaged in [false, true] {
      #expect(largestDifference(try sampled(old, averaged: averaged), try sampled(new, averaged: averaged)) <= 1)
    }
  }
}
