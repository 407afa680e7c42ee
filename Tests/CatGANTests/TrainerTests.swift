import CatGAN
import Foundation
import Generation
import Layers
import Storage
import Testing

/// Whole training steps of a small GAN (32x32, width 4, batch 4) against PyTorch in double precision.
@Suite struct TrainerTests {
  static let networks = try! GANDescription.cats("test", imageSize: 32, width: 4, zDimension: 8)

  static var options: TrainingOptions {
    var options = TrainingOptions()
    options.batchSize = 4
    return options
  }

  static func reference() throws -> SafeTensors {
    try SafeTensors(path: Fixtures.path("reference/steps.safetensors"))
  }

  static func trainer(_ context: Context, _ file: SafeTensors, shards: Int = 1) throws -> GANTrainer {
    let execution = Execution(context: context)
    if shards > 1 { execution.sharding = Sharding(batch: options.batchSize, shards: shards) }
    let trainer = GANTrainer(networks, options: options, seed: 1, execution: execution)
    for (prefix, store) in stores(trainer) {
      for parameter in store.trained {
        parameter.setFileValues(
          try file.floats("start.\(prefix).\(parameter.name)", shape: parameter.layout.fileShape))
      }
    }
    return trainer
  }

  static func stores(_ trainer: GANTrainer) -> [(String, ParameterStore)] {
    [("generator", trainer.generator.store), ("discriminator", trainer.discriminator.store)]
  }

  static func batch(_ trainer: GANTrainer, _ file: SafeTensors, _ step: Int) throws -> (reals: Tensor, latents: Tensor)
  {
    let shape = trainer.generator.pictureShape(4)
    let reals = try file.withBytes("reals") { bytes in
      bytes[step * shape.count..<(step + 1) * shape.count].map { Float($0) / 128 - 1 }
    }
    let latents = try file.floats("latents")
    return (
      Tensor(shape, values: reals),
      Tensor(trainer.generator.latentShape(4), values: Array(latents[step * 32..<(step + 1) * 32]))
    )
  }

  /// sqrt(sum of squared differences / sum of squares of `scale`).
  static func distance(_ pairs: [(found: [Float], expected: [Float])], scale: [[Float]]) -> Double {
    let squares = pairs.reduce(0.0) { sum, pair in
      zip(pair.found, pair.expected).reduce(sum) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
    }
    let norm = scale.reduce(0.0) { sum, values in values.reduce(sum) { $0 + Double($1) * Double($1) } }
    return (squares / norm).squareRoot()
  }

  /// The bounds are four times the distance between PyTorch's own float32 and float64 runs, which the reference records:
  /// 6e-7 for losses and probabilities, 8e-6 of the way that the parameters went. A single parameter may lie 1e-3 of its way
  /// off: gammas near 1 go 1e-3, and each of ten steps rounds them by up to 6e-8.
  /// However the batch is cut: a batch normalisation that saw one shard at a time would be far off.
  @Test(arguments: InstructionSet.available, [1, 3, 4]) func tenSteps(_ set: InstructionSet, shards: Int) throws {
    let file = try Self.reference()
    let trainer = try Self.trainer(Context(threads: 2, instructionSet: set), file, shards: shards)
    let report = try file.floats("report")
    let lossBound = try 4 * #require(Double(file.metadata["float32.losses"] ?? ""))
    let parameterBound = try 4 * #require(Double(file.metadata["float32.parameters"] ?? ""))
    for step in 0..<10 {
      let (reals, latents) = try Self.batch(trainer, file, step)
      let result = trainer.step(reals: reals, latents: latents)
      let found = [result.discriminatorLoss, result.generatorLoss, result.meanReal, result.meanFake]
      for (i, name) in ["D loss", "G loss", "D(x)", "D(G(z))"].enumerated() {
        let expected = Double(report[4 * step + i])
        #expect(abs(found[i] - expected) < lossBound, "step \(step), \(name): \(found[i]), not \(expected)")
      }
      if step == 0 { try checkGradients(trainer, file) }
    }
    #expect(trainer.steps == 10)

    var pairs: [(found: [Float], expected: [Float])] = []
    var moves: [[Float]] = []
    for (prefix, store) in Self.stores(trainer) {
      for parameter in store.parameters {
        let end = try file.floats("end.\(prefix).\(parameter.name)", shape: parameter.layout.fileShape)
        if parameter.isTrained {
          let start = try file.floats("start.\(prefix).\(parameter.name)")
          pairs.append((parameter.fileValues(), end))
          moves.append(zip(start, end).map { $1 - $0 })
        } else {
          // PyTorch's moving averages, in which 0 or 1 still weighs 0.99^t after t batches: 10, or 3 per step.
          let start = pow(0.99, prefix == "generator" ? 10.0 : 30.0)
          let first = parameter.name.hasSuffix("running_var") ? start : 0
          let found = parameter.fileValues().map { Float(Double($0) * (1 - start) + first) }
          let apart = Self.distance([(found, end)], scale: [end])
          #expect(apart < parameterBound, "\(prefix).\(parameter.name): \(apart)")
        }
      }
    }
    let apart = Self.distance(pairs, scale: moves)
    #expect(apart < parameterBound, "parameters: \(apart) of their way")
    for ((found, expected), move) in zip(pairs, moves) where move.contains(where: { $0 != 0 }) {
      let apart = Self.distance([(found, expected)], scale: [move])
      #expect(apart < 1e-3, "a parameter of \(found.count): \(apart) of its way")
    }
  }

  /// Gradients of the first step: the discriminator's are of reals and fakes together, so the generator's step has not
  /// touched them. Rounding goes through up to twenty layers, Winograd transforms among them, and the sums that make a
  /// bias's gradient cancel by a factor of ten: 1e-5 is seen. One leaky ReLU on the wrong side of its kink makes 1e-3.
  func checkGradients(_ trainer: GANTrainer, _ file: SafeTensors) throws {
    for (prefix, store) in Self.stores(trainer) {
      for parameter in store.trained {
        let expected = try file.floats("gradient.\(prefix).\(parameter.name)", shape: parameter.layout.fileShape)
        let found = parameter.fileValues(.gradient)
        let isShadowed =
          parameter.name.hasSuffix("bias") && !parameter.name.hasPrefix("batch")
          && !["dense.bias", "logits.bias", "conv1.bias"].contains(parameter.name)
        if isShadowed {
          #expect(
            found.allSatisfy { $0 == 0 } && expected.allSatisfy { abs($0) < 1e-12 }, "\(prefix).\(parameter.name)")
        } else {
          let apart = Self.distance([(found, expected)], scale: [expected])
          #expect(apart < 3e-5, "gradient of \(prefix).\(parameter.name): \(apart)")
        }
      }
    }
  }

  @Test func samplingMatchesTrainedGenerator() throws {
    // After a training pass on one batch, running statistics are that batch's (up to the unbiased variance).
    let file = try Self.reference()
    let trainer = try Self.trainer(Context(threads: 2), file)
    let latents = try Self.batch(trainer, file, 0).latents
    let trained = trainer.generator.network.forward(latents, mode: .training()).array
    let sampled = trainer.generator.pictures(latents).array
    // The smallest layer normalises over 4 * 16 numbers: 1/64 of the variance, 1/128 of the values.
    let largest = zip(trained, sampled).map { abs($0 - $1) }.max()!
    #expect(largest > 0 && largest < 0.05, "\(largest)")
  }

  /// Bits do not depend on the number of threads or on the run.
  @Test func sameBitsForAnyThreads() throws {
    let file = try Self.reference()
    func run(threads: Int) throws -> [[Float]] {
      let trainer = try Self.trainer(Context(threads: threads), file)
      for step in 0..<3 {
        let (reals, _) = try Self.batch(trainer, file, step)
        _ = trainer.step(reals: reals)
      }
      return Self.stores(trainer).flatMap { $0.1.parameters.map { $0.fileValues() } }
    }
    let one = try run(threads: 1)
    #expect(try run(threads: 1) == one)
    #expect(try run(threads: 2) == one)
    #expect(try run(threads: 5) == one)
  }

  @Test func observerSeesEveryPass() throws {
    let file = try Self.reference()
    let trainer = try Self.trainer(Context(threads: 1), file)
    var rows: [String: Int] = [:]
    trainer.execution.observer = { row, work in
      rows[row, default: 0] += 1
      work()
    }
    let (reals, latents) = try Self.batch(trainer, file, 0)
    _ = trainer.step(reals: reals, latents: latents)
    #expect(rows["G.trans_conv2 fwd"] == 1)
    #expect(rows["G.dense bwd-data"] == nil, "nothing needs the gradient of z")
    #expect(rows["D.conv3 fwd"] == 2, "reals and fakes go through together, then fakes alone")
    #expect(rows["D.conv3 bwd-filter"] == 1, "the generator's step needs no weight gradients")
    #expect(rows["D.conv3 bwd-data"] == 2)
    #expect(rows["D.conv1 bwd-data"] == 1, "only the generator's step needs the pictures' gradient")
  }
}
