// Where values stop being finite in real networks, and what a run needs of memory.

import Foundation
import Generation
import Kernels
import Testing

@testable import CatGAN

@Suite struct HealthTests {
  private static func model(_ norm: DiscriminatorNorm = .batch) -> GANModel {
    var options = SmallRun.options(epochs: 1)
    options.discriminatorNorm = norm
    return GANModel(options, data: SmallRun.dataset.summary, version: "test", context: Context(threads: 1))
  }

  private static func step(_ model: GANModel) -> StepFigures {
    model.step(z: [0.1, -1.4, 0.7, 0.9], rateScale: 1, seed: 0) { pictures, place in
      SmallRun.dataset.fillBatch(Array(pictures), into: place)
    }
  }

  /// Weights so large that a layer's output overflows: that layer is named, not the many that it spoils, and losses that
  /// are not finite update nothing. (A discriminator that spectral normalisation divides by infinity has finite ones.)
  @Test(
    arguments: [
      "generator.dense", "generator.trans_conv1", "generator.trans_conv3", "generator.logits", "discriminator.conv1",
      "discriminator.conv2", "discriminator.conv4", "discriminator.dense",
    ], [DiscriminatorNorm.batch, .spectral])
  func theLayerInWhichItBegins(name: String, norm: DiscriminatorNorm) throws {
    let model = Self.model(norm)
    #expect(model.firstNonFinite(thorough: true) == nil)
    #expect(Self.step(model).isFinite)
    #expect(model.firstNonFinite(thorough: true) == nil)
    let parts = name.split(separator: ".")
    let store = parts[0] == "generator" ? model.trainer.generator.store : model.trainer.discriminator.store
    let weight = try #require(store["\(parts[1]).weight"])
    for i in 0..<weight.count { weight.value.pointer[i] = weight.value.pointer[i] < 0 ? -3e38 : 3e38 }
    weight.changed()
    let before = model.trainer.discriminator.store.trained.map { $0.fileValues() }
    let figures = Self.step(model)
    #expect(!figures.isFinite)
    #expect(model.firstNonFinite(thorough: true) == "the output of \(name)")
    // Compared outside of the macro, which would print thousands of numbers.
    let isUntouched = model.trainer.discriminator.store.trained.map { $0.fileValues() } == before
    #expect(isUntouched || figures.discriminatorLoss.isFinite)
    #expect(norm == .spectral || !figures.discriminatorLoss.isFinite)
  }

  @Test func gradientsAndWeights() throws {
    let model = Self.model()
    _ = Self.step(model)
    let gamma = try #require(model.trainer.generator.store["batch_trans_conv2.weight"])
    gamma.gradient.pointer[0] = .nan
    for thorough in [false, true] {
      #expect(model.firstNonFinite(thorough: thorough) == "the gradient of generator.batch_trans_conv2.weight")
    }
    gamma.gradient.pointer[0] = 0
    let filter = try #require(model.trainer.discriminator.store["conv3.weight"])
    filter.value.pointer[5] = -.infinity
    #expect(model.firstNonFinite(thorough: true) == "discriminator.conv3.weight")
  }

  @Test(arguments: RunOptions.presets, [8, 24]) func parametersAreCountedBeforehand(preset: String, width: Int) {
    var options = RunOptions(preset: preset)
    options.width = width
    options.discriminatorNorm = width == 8 ? .batch : .spectral
    let estimate = MemoryEstimate(options, threads: 1)
    let model = GANModel(options, data: SmallRun.dataset.summary, version: "test", context: Context(threads: 1))
    #expect(estimate.generatorParameters == model.trainer.generator.store.trained.reduce(0) { $0 + $1.count })
    #expect(estimate.discriminatorParameters == model.trainer.discriminator.store.trained.reduce(0) { $0 + $1.count })
  }

  /// Peaks in bytes of runs of two steps, a grid and a checkpoint, less the pictures, read from VmHWM on x86-64 with two
  /// threads.
  @Test(
    arguments: [
      ("cats64", 8, 16, 1, 70e6), ("cats64", 32, 16, 1, 322e6), ("cats64", 32, 64, 1, 451e6),
      ("cats64", 64, 64, 1, 1037e6), ("cats64", 64, 64, 8, 1182e6), ("dcgan64", 64, 64, 1, 377e6),
      ("cats128", 64, 16, 1, 1178e6), ("cats128", 64, 64, 1, 1860e6),
    ] as [(String, Int, Int, Int, Double)])
  func memoryIsEstimated(preset: String, width: Int, batch: Int, shards: Int, peak: Double) {
    var options = RunOptions(preset: preset)
    options.width = width
    options.batchSize = batch
    options.shards = shards
    let share = Double(MemoryEstimate(options, threads: 2).bytes) / peak
    #expect(abs(share - 1) < 0.05, "\(share)")
  }
}
