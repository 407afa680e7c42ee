import Generation
import Layers
import Storage

/// A counter under its name in the file, where it is an I64 scalar, as PyTorch's `num_batches_tracked` is.
struct CheckpointCounter {
  let name: String
  let counter: Counter

  var source: TensorSource { TensorSource(name, integers: [UInt64(counter.value)], shape: []) }
}

extension Checkpoint {
  static func counters(_ store: ParameterStore, _ prefix: String) -> [CheckpointCounter] {
    store.counters.map { CheckpointCounter(name: prefix + $0.name, counter: $0) }
  }

  static func counters(_ trainer: GANTrainer, _ average: ParameterStore?) -> [CheckpointCounter] {
    counters(trainer.generator.store, TensorPrefix.generator)
      + counters(trainer.discriminator.store, TensorPrefix.discriminator)
      + (average.map { counters($0, TensorPrefix.average) } ?? [])
  }

  /// What the counters are in the file, or nil where it is older than they are.
  static func counts(_ counters: [CheckpointCounter], in file: SafeTensors) throws -> [Int]? {
    guard counters.contains(where: { file.contains($0.name) }) else { return nil }
    return try counters.map { try file.count($0.name) }
  }

  /// Makes of running statistics from a file without counters what files with them hold.
  /// - Parameters:
  ///   - start: of the file's statistics, or nil where they are taken as they are.
  ///   - batches: what the counters become.
  static func complete(
    _ store: ParameterStore, _ start: StatisticsStart?, batches: Int
  ) {
    for counter in store.counters { counter.value = batches }
    guard let start else { return }
    for parameter in store.parameters where !parameter.isTrained {
      if parameter.name.hasSuffix(".running_mean") { parameter.setFileValues(parameter.fileValues().map(start.mean)) }
      if parameter.name.hasSuffix(".running_var") {
        parameter.setFileValues(parameter.fileValues().map(start.variance))
      }
    }
  }
}
