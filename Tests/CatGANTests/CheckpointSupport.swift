import Foundation
import Generation
import Kernels
import Layers
import Random
import Storage

@testable import CatGAN

/// The smallest training there is: 16x16 pictures, width 1, two pictures at a time.
struct SmallTraining {
  static let networks = try! GANDescription.cats("tiny", imageSize: 16, width: 1, zDimension: 3)

  /// The same with a layer of dropout before the last one of each network.
  static func withDropout() throws -> GANDescription {
    func dropping(_ network: Network) throws -> Network {
      var layers = network.layers
      layers.insert(LayerSpec("drop", .dropout(rate: 0.5)), at: layers.count - 1)
      return try Network(input: network.input, layers: layers)
    }
    return try GANDescription(
      preset: "tiny", zDistribution: .uniform, generator: dropping(networks.generator),
      discriminator: dropping(networks.discriminator))
  }

  let trainer: GANTrainer
  let average: Generator

  init(seed: UInt64, threads: Int = 1, networks: GANDescription = Self.networks) {
    var options = TrainingOptions()
    options.batchSize = 2
    let execution = Execution(context: Context(threads: threads))
    trainer = GANTrainer(networks, options: options, seed: seed, execution: execution)
    average = Generator(networks, execution: execution)
    average.store.copyValues(from: trainer.generator.store)
  }

  /// Steps on pictures that depend on the step's number alone.
  func train(_ steps: Int) {
    let reals = Tensor(trainer.generator.pictureShape(2))
    for _ in 0..<steps {
      var random = RandomGenerator(seed: UInt64(trainer.steps))
      for i in 0..<reals.count { reals.pointer[i] = random.uniform(-1, 1) }
      _ = trainer.step(reals: reals)
    }
  }

  var state: CheckpointState {
    var state = CheckpointState()
    state.step = trainer.steps
    state.epoch = 3
    state.stepInEpoch = 1
    state.rateScale = 1 / 3
    state.seed = .max
    state.data = "drawn, \"quoted\""
    state.dataDigest = "0123456789abcdef"
    state.version = "test"
    return state
  }

  func save(_ path: String, fileSystem: any FileSystem = Disk()) throws {
    try Checkpoint.save(
      trainer, average: average, state: state, to: path, overwrite: true, fileSystem: fileSystem)
  }

  func load(_ path: String) throws -> CheckpointState {
    try Checkpoint.load(path, into: trainer, average: average.store)
  }

  /// The whole state as bytes, to compare.
  func bytes() throws -> [UInt8] {
    let folder = try TemporaryFolder()
    try save(folder("state"))
    return fileBytes(folder("state"))
  }
}

func fileBytes(_ path: String) -> [UInt8] { FileManager.default.contents(atPath: path).map(Array.init) ?? [] }
