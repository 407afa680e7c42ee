import Generation
import Layers
import Storage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The whole state of a training as one safetensors file in PyTorch's names and layouts, so that a run goes on as if it
/// had never stopped, and any program that knows such files can use the networks. Equal states give equal bytes.
public enum Checkpoint {
  static let randomKey = "catgan.random_state"
  static let generatorStepsKey = "catgan.optimizer.generator.steps"
  static let discriminatorStepsKey = "catgan.optimizer.discriminator.steps"

  /// Training batches that a step shows to the discriminator: reals and fakes, and fakes for the generator's update.
  static let discriminatorBatches = 3

  /// Writes the trainer's networks, running statistics, moments, step counts and random state, whole or not at all.
  /// - Parameter average: the averaged copy of the generator, where the run keeps one.
  /// - Throws: `StorageError` for the disk's failures; an older file of that name is then untouched.
  public static func save(
    _ trainer: GANTrainer, average: Generator? = nil, state: CheckpointState, to path: String, overwrite: Bool,
    fileSystem: any FileSystem = Disk()
  ) throws {
    var metadata = state.metadata
    metadata["format"] = "pt"
    metadata[CheckpointKey.configuration] = try jsonLine(trainer.networks)
    metadata[Probe.key] = Probe.entry(trainer, average: average)
    metadata[randomKey] = String(trainer.random.state)
    metadata[generatorStepsKey] = String(trainer.generatorAdam.steps)
    metadata[discriminatorStepsKey] = String(trainer.discriminatorAdam.steps)
    let sources = tensors(trainer, average?.store).map { tensor in
      TensorSource(tensor.name, .float32, shape: tensor.parameter.layout.fileShape) { sink in
        // One tensor at a time is copied into the file's order.
        try tensor.parameter.fileValues(tensor.array).withUnsafeBytes { try sink.put($0) }
      }
    }
    try SafeTensors.write(
      counters(trainer, average?.store).map(\.source) + sources, metadata: metadata, to: path, overwrite: overwrite,
      fileSystem: fileSystem)
  }

  /// Takes over everything that `save` wrote. All of the file is checked before anything is changed: its digest, that it
  /// holds exactly the tensors this training needs, and that their numbers make sense.
  /// - Throws: `StorageError` naming the file and what is wrong with it; trainer and average are then as before.
  @discardableResult
  public static func load(
    _ path: String, into trainer: GANTrainer, average: ParameterStore? = nil
  ) throws -> CheckpointState {
    let contents = try open(path, for: trainer, average)
    let (file, state) = (contents.file, contents.state)
    for tensor in contents.tensors { try tensor.check(file) }
    let counters = counters(trainer, average)
    let counts = try counts(counters, in: file)
    let generatorStart = try StatisticsStart(file, prefix: TensorPrefix.generator)
    let discriminatorStart = try StatisticsStart(
      file, prefix: TensorPrefix.discriminator, batchesPerStep: discriminatorBatches)

    for tensor in contents.tensors {
      tensor.parameter.setFileValues(
        try file.floats(tensor.name, shape: tensor.parameter.layout.fileShape), tensor.array)
    }
    if let counts {
      for (place, count) in zip(counters, counts) { place.counter.value = count }
    } else {
      complete(trainer.generator.store, generatorStart, batches: state.step)
      complete(trainer.discriminator.store, discriminatorStart, batches: discriminatorBatches * state.step)
    }
    trainer.random = RandomGenerator(state: contents.random)
    trainer.generatorAdam.steps = contents.generatorSteps
    trainer.discriminatorAdam.steps = contents.discriminatorSteps
    return state
  }

  /// Checks that a file is whole and of this training, as `load` does; whether each number makes sense is left out, as
  /// the digest says that they are those that were saved.
  /// - Throws: `StorageError` naming the file and what is wrong with it.
  public static func check(_ path: String, for trainer: GANTrainer, average: ParameterStore? = nil) throws {
    _ = try open(path, for: trainer, average)
  }

  private struct Contents {
    let file: SafeTensors
    let tensors: [CheckpointTensor]
    let state: CheckpointState
    let random: UInt64
    let generatorSteps: Int
    let discriminatorSteps: Int
  }

  private static func open(_ path: String, for trainer: GANTrainer, _ average: ParameterStore?) throws -> Contents {
    let file = try SafeTensors(path: path)
    let (saved, ours) = (try networks(of: file), trainer.networks)
    guard saved == ours else {
      let difference =
        saved.generator.difference(from: ours.generator) ?? saved.discriminator.difference(from: ours.discriminator)
        ?? "\(quoted(saved.preset)) with \(saved.zDistribution.rawValue) z, not \(ours.preset) with"
        + " \(ours.zDistribution.rawValue) z"
      throw StorageError(
        "\(quoted(path)) holds other networks than this run: \(difference); give the flags that it was made with")
    }
    let state = try CheckpointState(file)
    let random: UInt64 = try number(file, randomKey) { _ in true }
    let generatorSteps: Int = try number(file, generatorStepsKey) { $0 >= 0 }
    let discriminatorSteps: Int = try number(file, discriminatorStepsKey) { $0 >= 0 }
    let tensors = tensors(trainer, average)
    let needed = Set(tensors.map(\.name) + counters(trainer, average).map(\.name))
    if let surplus = file.names.first(where: { !needed.contains($0) }) {
      throw StorageError(
        "\(quoted(path)) holds the tensor \(quoted(surplus)), which this run has no use for;"
          + " give the flags that it was made with")
    }
    if let missing = tensors.first(where: { !file.contains($0.name) }) {
      throw StorageError(
        "\(quoted(path)) lacks the tensor \(quoted(missing.name)); give the flags that it was made with")
    }
    try file.verifyDigest()
    return Contents(
      file: file, tensors: tensors, state: state, random: random, generatorSteps: generatorSteps,
      discriminatorSteps: discriminatorSteps)
  }

  /// The description of the networks in a file.
  /// - Throws: `StorageError` where there is none, or one that makes no networks.
  public static func networks(of file: SafeTensors) throws -> GANDescription {
    let text = try metadata(file, CheckpointKey.configuration)
    do {
      return try JSONDecoder().decode(GANDescription.self, from: Data(text.utf8))
    } catch let error as NetworkError {
      throw StorageError("\(quoted(file.path)): \(error); use an intact copy of the file")
    } catch {
      throw nonsense(file, CheckpointKey.configuration, text)
    }
  }

  static func metadata(_ file: SafeTensors, _ key: String) throws -> String {
    if let text = file.metadata[key] { return text }
    throw StorageError(
      "\(quoted(file.path)) lacks the entry \(quoted(key)), so no training can go on from it;"
        + " use a checkpoint that cattrain saved")
  }

  static func number<Number: LosslessStringConvertible>(
    _ file: SafeTensors, _ key: String, _ valid: (Number) -> Bool
  ) throws -> Number {
    let text = try metadata(file, key)
    guard let number = Number(text), valid(number) else { throw nonsense(file, key, text) }
    return number
  }

  private static func nonsense(_ file: SafeTensors, _ key: String, _ text: String) -> StorageError {
    StorageError(
      "\(quoted(file.path)): the entry \(quoted(key)) is \(quoted(text)), which makes no sense;"
        + " use an intact copy of the file")
  }
}
