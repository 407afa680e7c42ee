import Generation
import Layers
import Storage

/// One array of one parameter, under its name in the file.
struct CheckpointTensor {
  let name: String
  let parameter: Parameter
  let array: ParameterArray

  /// Reads the tensor without keeping it.
  /// - Throws: `StorageError` where it is missing, of another shape or type, or holds numbers that no training makes.
  func check(_ file: SafeTensors) throws {
    let shape = parameter.layout.fileShape
    let isVariance = array == .secondMoment || name.hasSuffix(".running_var")
    let values = try isVariance ? file.variances(name, shape: shape) : file.floats(name, shape: shape)
    if array == .value, [".weight_u", ".weight_v"].contains(where: name.hasSuffix) { try checkLength(values, file) }
  }

  /// A singular vector has the length 1, up to rounding.
  private func checkLength(_ values: [Float], _ file: SafeTensors) throws {
    let length = values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    if abs(length - 1) > 1e-3 {
      throw StorageError(
        "\(quoted(file.path)): tensor \(quoted(name)) has the length \(length), and a singular vector's is 1;"
          + " use an intact copy of the file")
    }
  }
}

extension Checkpoint {
  /// All tensors of a training, in the order of the file.
  static func tensors(_ trainer: GANTrainer, _ average: ParameterStore?) -> [CheckpointTensor] {
    values(trainer.generator.store, TensorPrefix.generator)
      + values(trainer.discriminator.store, TensorPrefix.discriminator)
      + (average.map { values($0, TensorPrefix.average) } ?? [])
      + moments(trainer.generator.store, TensorPrefix.generator)
      + moments(trainer.discriminator.store, TensorPrefix.discriminator)
  }

  static func values(_ store: ParameterStore, _ prefix: String) -> [CheckpointTensor] {
    store.parameters.map { CheckpointTensor(name: prefix + $0.name, parameter: $0, array: .value) }
  }

  private static func moments(_ store: ParameterStore, _ prefix: String) -> [CheckpointTensor] {
    [("exp_avg.", ParameterArray.firstMoment), ("exp_avg_sq.", .secondMoment)].flatMap { moment, array in
      store.trained.map {
        CheckpointTensor(name: "optimizer.\(prefix)\(moment)\($0.name)", parameter: $0, array: array)
      }
    }
  }
}
