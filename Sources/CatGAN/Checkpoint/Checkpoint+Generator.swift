import Generation
import Kernels
import Layers
import Storage

/// The generator alone: what is handed on when a training is done.
extension Checkpoint {
  private static let noteKey = "catgan.note"

  /// Writes a generator's weights and running statistics under the names `generator.*`, whole or not at all.
  /// - Parameters:
  ///   - store: the generator's parameters, or those of its averaged copy.
  ///   - half: round to F16 (to nearest, ties to even), which halves the file.
  ///   - note: where the weights come from, in words; kept in the metadata.
  /// - Throws: `StorageError` for the disk's failures, and for a number that F16 cannot hold.
  public static func exportGenerator(
    _ store: ParameterStore, configuration: NetworkConfiguration, state: CheckpointState, half: Bool = false,
    note: String = "", to path: String, overwrite: Bool, fileSystem: any FileSystem = Disk()
  ) throws {
    var metadata = state.metadata
    metadata["format"] = "pt"
    metadata[configurationKey] = try json(configuration)
    if !note.isEmpty { metadata[noteKey] = note }
    let sources = values(store, generatorPrefix).map { tensor in
      let shape = tensor.parameter.layout.fileShape
      return TensorSource(tensor.name, half ? .float16 : .float32, shape: shape) { sink in
        try tensor.parameter.fileValues().withUnsafeBufferPointer { values in
          if half {
            try sink.putHalves(values.baseAddress!, count: values.count)
          } else {
            try sink.put(UnsafeRawBufferPointer(values))
          }
        }
      }
    }
    try SafeTensors.write(
      counters(store, generatorPrefix).map(\.source) + sources, metadata: metadata, to: path, overwrite: overwrite,
      fileSystem: fileSystem)
  }

  /// Reads a generator from a whole checkpoint or an exported one.
  /// - Parameter average: take the averaged copy, `generator_ema.*`.
  /// - Throws: `StorageError` naming the file and what is wrong with it; `store` is then as before.
  public static func loadGenerator(_ file: SafeTensors, into store: ParameterStore, average: Bool = false) throws {
    let tensors = values(store, average ? averagePrefix : generatorPrefix)
    for tensor in tensors { try tensor.check(file) }
    let counters = counters(store, average ? averagePrefix : generatorPrefix)
    let counts = try counts(counters, in: file)
    let start = try StatisticsStart(file, prefix: average ? averagePrefix : generatorPrefix)
    for tensor in tensors {
      tensor.parameter.setFileValues(try file.floats(tensor.name, shape: tensor.parameter.layout.fileShape))
    }
    if let counts {
      for (place, count) in zip(counters, counts) { place.counter.value = count }
    } else {
      // An average's are of batches that no step counts.
      complete(store, start, batches: average ? 0 : file.metadata["catgan.step"].flatMap { Int($0) } ?? 0)
    }
  }

  /// Reads the generator of a training's checkpoint, the averaged one where there is one, and writes it alone.
  /// - Throws: `StorageError` naming the file and what is wrong.
  public static func exportGenerator(
    of checkpoint: String, half: Bool, note: String, to path: String, overwrite: Bool, context: Context
  ) throws {
    let file = try SafeTensors(path: checkpoint)
    let configuration = try configuration(of: file)
    let state = try CheckpointState(file)
    try file.verifyDigest()
    let generator = Generator(configuration, execution: Execution(context: context))
    try loadGenerator(file, into: generator.store, average: hasAverage(file))
    try exportGenerator(
      generator.store, configuration: configuration, state: state, half: half, note: note, to: path,
      overwrite: overwrite)
  }

  /// Reads the generator that a checkpoint or an exported file has to offer, the averaged one where there is one.
  /// - Parameter configuration: of the networks that `store` belongs to.
  /// - Returns: the digest of the file's data.
  /// - Throws: `StorageError` naming the file and what is wrong, generators of another shape or of another z among it;
  ///   `store` is then as before.
  static func loadFinishedGenerator(
    of path: String, into store: ParameterStore, like configuration: NetworkConfiguration
  ) throws -> String {
    let file = try SafeTensors(path: path)
    let saved = try self.configuration(of: file)
    let choices: [(what: String, theirs: String, ours: String, remedy: String)] = [
      ("pictures", "\(saved.imageSize)", "\(configuration.imageSize)", "--preset \(saved.preset)"),
      ("width", "\(saved.width)", "\(configuration.width)", "--width \(saved.width)"),
      ("z dimension", "\(saved.zDim)", "\(configuration.zDim)", "--z-dim \(saved.zDim)"),
      ("z", saved.zDistribution.rawValue, configuration.zDistribution.rawValue, "--z \(saved.zDistribution.rawValue)"),
      ("kernel", "\(saved.kernel)", "\(configuration.kernel)", "another file"),
    ]
    if let choice = choices.first(where: { $0.theirs != $0.ours }) {
      throw StorageError(
        "\(quoted(path)) holds a generator whose \(choice.what) is \(choice.theirs), and this run's is \(choice.ours);"
          + " give \(choice.remedy)")
    }
    let digest = file.digest()
    try file.verifyDigest()
    try loadGenerator(file, into: store, average: hasAverage(file))
    return digest
  }

  private static func hasAverage(_ file: SafeTensors) -> Bool {
    file.names.contains { $0.hasPrefix(averagePrefix) }
  }
}
