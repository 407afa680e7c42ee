import Generation
import Layers
import Storage
import Testing

@testable import CatGAN

/// Whole training steps with spectral normalisation, all augmentations and hinge loss, against PyTorch in double
/// precision: a GAN of 16x16 pictures, width 2, batch 4.
@Suite struct LeverStepTests {
  static let networks = try! GANDescription.cats(
    "test", imageSize: 16, width: 2, zDimension: 4, discriminatorNorm: .spectral)

  static func trainer(_ file: SafeTensors, threads: Int, _ set: InstructionSet? = nil) throws -> GANTrainer {
    var options = TrainingOptions()
    options.batchSize = 4
    options.discriminatorRate = 2e-4
    options.loss = .hinge
    options.augmentation = Set(Augmentation.allCases)
    let context = Context(threads: threads, instructionSet: set)
    let trainer = GANTrainer(networks, options: options, seed: 1, execution: Execution(context: context))
    for (prefix, store) in TrainerTests.stores(trainer) {
      for parameter in store.parameters where !parameter.name.contains("running") {
        parameter.setFileValues(
          try file.floats("steps.start.\(prefix).\(parameter.name)", shape: parameter.layout.fileShape))
      }
    }
    return trainer
  }

  static func step(_ trainer: GANTrainer, _ file: SafeTensors, _ step: Int) throws -> StepResult {
    let (reals, latents) = try batch(trainer, file, step)
    return trainer.step(reals: reals, latents: latents, seed: 100 + UInt64(step))
  }

  static func batch(
    _ trainer: GANTrainer, _ file: SafeTensors, _ step: Int
  ) throws -> (reals: Tensor, latents: Tensor) {
    let shape = trainer.generator.pictureShape(4)
    let reals = try file.withBytes("steps.reals") { bytes in
      bytes[step * shape.count..<(step + 1) * shape.count].map { Float($0) / 128 - 1 }
    }
    let latents = Array(try file.floats("steps.latents")[step * 16..<(step + 1) * 16])
    return (Tensor(shape, values: reals), Tensor(trainer.generator.latentShape(4), values: latents))
  }

  /// Bounds as in `TrainerTests`: four times the distance between PyTorch's own float32 and float64 runs.
  @Test(arguments: InstructionSet.available) func sixSteps(_ set: InstructionSet) throws {
    let file = try AugmentationTests.reference()
    let trainer = try Self.trainer(file, threads: 2, set)
    func bound(_ name: String) throws -> Double { try 4 * #require(Double(file.metadata["float32.\(name)"] ?? "")) }
    let report = try file.floats("steps.report")
    for step in 0..<6 {
      let result = try Self.step(trainer, file, step)
      let found = [result.discriminatorLoss, result.generatorLoss, result.meanReal, result.meanFake]
      for (i, name) in ["D loss", "G loss", "D(x)", "D(G(z))"].enumerated() {
        let expected = Double(report[4 * step + i])
        #expect(abs(found[i] - expected) < (try bound("losses")), "step \(step), \(name): \(found[i]), not \(expected)")
      }
    }
    var pairs: [(found: [Float], expected: [Float])] = []
    var moves: [[Float]] = []
    for (prefix, store) in TrainerTests.stores(trainer) {
      for parameter in store.parameters {
        let name = "\(prefix).\(parameter.name)"
        let end = try file.floats("steps.end.\(name)", shape: parameter.layout.fileShape)
        let found = parameter.fileValues()
        if parameter.isTrained {
          pairs.append((found, end))
          moves.append(zip(try file.floats("steps.start.\(name)"), end).map { $1 - $0 })
        } else if name.contains("weight_") {
          let apart = zip(found, end).map { abs(Double($0) - Double($1)) }.max()!
          #expect(apart < (try bound("vectors")), "\(name): \(apart)")
        }
      }
    }
    let apart = TrainerTests.distance(pairs, scale: moves)
    #expect(apart < (try bound("parameters")), "parameters: \(apart) of their way")
  }

  @Test func sameBitsForAnyThreads() throws {
    let file = try AugmentationTests.reference()
    func run(threads: Int) throws -> [[Float]] {
      let trainer = try Self.trainer(file, threads: threads)
      for step in 0..<3 { _ = try Self.step(trainer, file, step) }
      return TrainerTests.stores(trainer).flatMap { $0.1.parameters.map { $0.fileValues() } }
    }
    let one = try run(threads: 1)
    #expect(try run(threads: 2) == one)
    #expect(try run(threads: 3) == one)
  }

  /// Each look at the pictures is augmented anew, and without augmentation a seed changes nothing.
  @Test func seedsDecideAugmentationsAlone() throws {
    let file = try AugmentationTests.reference()
    func losses(_ seed: UInt64, _ kinds: Set<Augmentation>) throws -> Double {
      var options = TrainingOptions()
      options.batchSize = 4
      options.augmentation = kinds
      let trainer = GANTrainer(
        Self.networks, options: options, seed: 1, execution: Execution(context: Context(threads: 1)))
      let (reals, latents) = try Self.batch(trainer, file, 0)
      return trainer.step(reals: reals, latents: latents, seed: seed).discriminatorLoss
    }
    #expect(try losses(1, []) == losses(2, []))
    for kind in Augmentation.allCases {
      #expect(try losses(1, [kind]) == losses(1, [kind]))
      #expect(try losses(1, [kind]) != losses(2, [kind]), "\(kind)")
    }
  }
}
