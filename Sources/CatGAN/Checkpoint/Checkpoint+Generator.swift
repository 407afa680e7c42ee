import Generation
import Layers
import Storage

/// The generator alone: what is handed on when a training is done.
extension Checkpoint {
  /// Writes a generator's weights and running statistics under the names `generator.*`, whole or not at all.
  /// - Parameters:
  ///   - store: the generator's parameters, or those of its averaged copy.
  ///   - half: round to F16 (to nearest, ties to even), which halves the file.
  /// - Throws: `StorageError` for the disk's failures, and for a number that F16 cannot hold.
  public static func exportGenerator(
    _ store: ParameterStore, networks: GANDescription, state: CheckpointState, half: Bool = false,
    to path: String, overwrite: Bool, fileSystem: any FileSystem = Disk()
  ) throws {
    var metadata = state.metadata
    metadata["format"] = "pt"
    metadata[CheckpointKey.configuration] = try jsonLine(networks)
    let sources = values(store, TensorPrefix.generator).map { tensor in
      TensorSource(tensor.name, shape: tensor.parameter.layout.fileShape, half: half) { tensor.parameter.fileValues() }
    }
    try SafeTensors.write(
      counters(store, TensorPrefix.generator).map(\.source) + sources, metadata: metadata, to: path,
      overwrite: overwrite,
      fileSystem: fileSystem)
  }

  /// Reads a generator from a whole checkpoint or an exported one.
  /// - Parameter prefix: what its tensors' names begin with.
  /// - Throws: `StorageError` naming the file and what is wrong with it; `store` is then as before.
  public static func loadGenerator(
    _ file: SafeTensors, into store: ParameterStore, prefix: String = TensorPrefix.generator
  ) throws {
    let tensors = values(store, prefix)
    // Others leave out the bias that batch normalisation takes away again.
    let isAbsent = { (tensor: CheckpointTensor) in
      tensor.parameter.name.hasPrefix("trans_conv") && tensor.name.hasSuffix(".bias") && !file.contains(tensor.name)
    }
    for tensor in tensors where !isAbsent(tensor) { try tensor.check(file) }
    let counters = counters(store, prefix)
    let counts = try counts(counters, in: file)
    let start = try StatisticsStart(file, prefix: prefix)
    for tensor in tensors {
      let count = tensor.parameter.count
      tensor.parameter.setFileValues(
        isAbsent(tensor) ? [Float](repeating: 0, count: count) : try file.floats(tensor.name))
    }
    if let counts {
      for (place, count) in zip(counters, counts) { place.counter.value = count }
    } else {
      complete(store, start, batches: batches(file, prefix))
    }
  }

  /// Batches that the statistics of a file without counters are taken for: an average's are of batches that no step
  /// counts, and what others' are of is unknown.
  private static func batches(_ file: SafeTensors, _ prefix: String) -> Int {
    prefix == TensorPrefix.generator ? file.steps ?? 0 : 0
  }

  /// Reads the generator of a file and writes it alone under the names `generator.*`, with what the file says about its
  /// training. Any file will do that `catgen` reads.
  /// - Parameters:
  ///   - averaged: whether to take the averaged generator: nil where there is one, true or fail, false never.
  ///   - downsample: whether to halve the rows and columns of its pictures, by layers behind its own.
  /// - Throws: `StorageError` or `CheckpointError` naming the file and what is wrong.
  public static func exportGenerator(
    of checkpoint: String, averaged: Bool? = nil, downsample: Bool = false, half: Bool, note: String, to path: String,
    overwrite: Bool
  ) throws {
    let tensors = try GeneratorTensors(checkpoint, averaged: averaged, downsample: downsample)
    var metadata = training(of: tensors, note: note)
    metadata["format"] = "pt"
    metadata[CheckpointKey.configuration] = try description(of: tensors)
    metadata[Probe.key] = try probe(tensors, half: half)
    let sources = try tensors.generator.parameters.map(\.name).flatMap { name in
      let values = TensorSource(TensorPrefix.generator + name, shape: tensors.shape(name), half: half) {
        try tensors.values(name)
      }
      guard name.hasSuffix(".running_var") else { return [values] }
      let counter = String(name.dropLast("running_var".count)) + "num_batches_tracked"
      let count = try tensors.integer(counter) ?? [UInt64(batches(tensors.file, tensors.description.prefix))]
      return [values, TensorSource(TensorPrefix.generator + counter, integers: count, shape: [])]
    }
    try SafeTensors.write(sources, metadata: metadata, to: path, overwrite: overwrite)
  }

  /// The same as an ONNX model; see `ONNXExport`.
  public static func exportONNX(
    of checkpoint: String, averaged: Bool? = nil, downsample: Bool = false, options: ONNXOptions, note: String,
    to path: String, overwrite: Bool
  ) throws {
    let tensors = try GeneratorTensors(checkpoint, averaged: averaged, downsample: downsample)
    var metadata = training(of: tensors, note: note)
    metadata["catgan.source_digest"] = tensors.file.digest()
    metadata[CheckpointKey.configuration] = try description(of: tensors)
    metadata[Probe.key] = try probe(tensors, half: false)
    metadata["catgan.z"] =
      switch tensors.description.distribution ?? .uniform {
      case .uniform: "uniform in [-1, 1): SplitMix64 from the seed, each draw's upper 24 bits times 2^-23 minus 1"
      case .normal: "standard normal: SplitMix64 from the seed, pairs of draws' upper 24 bits after Box and Muller"
      }
    let model = try ONNXExport.model(
      tensors, options, metadata: metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, version: catganVersion
    )
    try model.withUnsafeBytes { try AtomicFile.write(path, bytes: $0, overwrite: overwrite) }
  }

  /// What a file says about its networks and their training, for a file that is made from it.
  private static func training(of tensors: GeneratorTensors, note: String) -> [String: String] {
    let known = [CheckpointKey.configuration] + CheckpointKey.allCases.map(\.rawValue)
    var metadata = tensors.file.metadata.filter { known.contains($0.key) }
    // The digest is of pictures of the size that the discriminator saw.
    if tensors.generator != tensors.description.generator { metadata[CheckpointKey.dataDigest.rawValue] = nil }
    if !note.isEmpty { metadata[CheckpointKey.note] = note }
    return metadata
  }

  /// What the networks are, in the words of this version; of a file that does not say it, and of pictures that no
  /// discriminator saw, the generator alone.
  private static func description(of tensors: GeneratorTensors) throws -> String {
    let description = tensors.description
    if tensors.generator == description.generator, let networks = try? networks(of: tensors.file) {
      return try jsonLine(networks)
    }
    return try jsonLine(
      GeneratorDescription(
        preset: description.preset, zDistribution: description.distribution, generator: tensors.generator))
  }

  private struct GeneratorDescription: Encodable {
    let preset: String?
    let zDistribution: LatentDistribution?
    let generator: Network
  }

  private static func probe(_ tensors: GeneratorTensors, half: Bool) throws -> String {
    // The network for one picture, and a tensor at a time in the file's order.
    let parameters = tensors.generator.parameters.map(\.layout.count)
    try Memory.require(
      GeneratorModel.bytesNeeded(tensors.generator, batchSize: 1) + 12 * parameters.max()!, threads: 1,
      for: "the export", remedy: "free some memory")
    try requireFinitePicture(tensors)
    return try Probe.entry(tensors.generator, tensors.description.distribution ?? .uniform) { name in
      let values = try tensors.values(name)
      return half ? values.map { FloatConversion.widenHalf(FloatConversion.narrowToHalf($0)) } : values
    }
  }

  /// Draws the probe's picture as `catgen` would, which finds sums that are not finite before tanh hides them. Its weights are
  /// gone when this returns.
  private static func requireFinitePicture(_ tensors: GeneratorTensors) throws {
    let description = tensors.description
    let model = try GeneratorModel(tensors.file, description, batchSize: 1, context: Context(threads: 1))
    _ = try model.pictures([
      Latent.vector(
        seed: 0, dimension: description.generator.input.c, distribution: description.distribution ?? .uniform)
    ])
  }

  /// Reads the generator that a file has to offer, the averaged one where there is one.
  /// - Parameter ours: the networks that `store` belongs to.
  /// - Returns: the digest of the file's data.
  /// - Throws: `StorageError` or `CheckpointError` naming the file and what is wrong, generators of another shape or of
  ///   another z among it; `store` is then as before.
  static func loadFinishedGenerator(
    of path: String, into store: ParameterStore, like ours: GANDescription
  ) throws -> String {
    let file = try SafeTensors(path: path)
    let description = try CheckpointDescription(file)
    let (theirs, mine) = (description.generator, ours.generator)
    let z = description.distribution ?? ours.zDistribution
    let preset = Preset.allCases.first { preset in
      let networks = try? preset.networks(width: theirs.width, zDimension: theirs.input.c)
      return networks.map { theirs.difference(from: $0.generator) == nil } ?? false
    }
    let other = "another file"
    let choices: [(what: String, theirs: String, ours: String, remedy: String)] = [
      ("picture size", theirs.pictureSize, mine.pictureSize, preset.map { "--preset \($0.rawValue)" } ?? other),
      (
        "width", "\(theirs.width)", "\(mine.width)",
        preset != nil && theirs.width % 8 == 0 ? "--width \(theirs.width)" : other
      ),
      ("z dimension", "\(theirs.input.c)", "\(mine.input.c)", "--z-dim \(theirs.input.c)"),
      ("z", z.rawValue, ours.zDistribution.rawValue, "--z \(z.rawValue)"),
    ]
    if let choice = choices.first(where: { $0.theirs != $0.ours }) {
      throw StorageError(
        "\(quoted(path)) holds a generator whose \(choice.what) is \(choice.theirs), and this run's is \(choice.ours);"
          + " give \(choice.remedy)")
    }
    if let difference = theirs.difference(from: mine) {
      throw StorageError(
        "\(quoted(path)) holds another generator than this run: \(difference); give"
          + " \(preset.map { "--preset \($0.rawValue), or " } ?? "")another file")
    }
    let digest = file.digest()
    try file.verifyDigest()
    try loadGenerator(file, into: store, prefix: description.prefix)
    return digest
  }
}
