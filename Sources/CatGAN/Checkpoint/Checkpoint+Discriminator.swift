import Generation
import Layers
import Networks
import Storage

/// A discriminator to begin with: that of a checkpoint, or one that another program has trained.
extension Checkpoint {
  /// Reads a discriminator's weights, statistics and counters, under any prefix before their names; `discriminator.` is
  /// preferred.
  /// - Returns: the digest of the file's data.
  /// - Throws: `StorageError` naming the file and what is wrong; the store is then as before.
  static func loadDiscriminator(of path: String, into store: ParameterStore, like ours: GANDescription) throws -> String
  {
    let file = try SafeTensors(path: path)
    // Old descriptions and those of generators alone are no reason to refuse what the tensors are right for.
    if let theirs = try? networks(of: file).discriminator, let difference = theirs.difference(from: ours.discriminator)
    {
      throw StorageError(
        "\(quoted(path)) holds another discriminator than this run: \(difference); give the flags that it was made with"
      )
    }
    let prefix = try prefix(of: store, in: file)
    let digest = file.digest()
    try file.verifyDigest()
    let tensors = values(store, prefix)
    for tensor in tensors { try tensor.check(file) }
    let counters = counters(store, prefix)
    let counts = try counts(counters, in: file)
    let start = try StatisticsStart(file, prefix: prefix, batchesPerStep: discriminatorBatches)
    for tensor in tensors { tensor.parameter.setFileValues(try file.floats(tensor.name)) }
    if let counts {
      for (place, count) in zip(counters, counts) { place.counter.value = count }
    } else {
      let steps = prefix == TensorPrefix.discriminator ? file.steps ?? 0 : 0
      complete(store, start, batches: discriminatorBatches * steps)
    }
    return digest
  }

  /// The prefix of the names of the one set of tensors that has all of the store's names and shapes.
  private static func prefix(of store: ParameterStore, in file: SafeTensors) throws -> String {
    let mark = store.parameters[0].name
    let prefixes = TensorPrefix.candidates(file, marks: [mark])
    let whole = prefixes.filter { prefix in
      store.parameters.allSatisfy { file.shape(of: prefix + $0.name) == $0.layout.fileShape }
    }
    if whole.contains(TensorPrefix.discriminator) { return TensorPrefix.discriminator }
    if whole.count == 1 { return whole[0] }
    if whole.count > 1 {
      let problem = TensorPrefix.openChoice(whole, "discriminators", preferred: TensorPrefix.discriminator)
      throw StorageError("\(quoted(file.path)) \(problem)")
    }
    guard let nearest = prefixes.first(where: { $0 == TensorPrefix.discriminator }) ?? prefixes.first else {
      throw StorageError(
        "\(quoted(file.path)) holds no discriminator: none of its \(file.names.count) tensors is \(mark), alone or after"
          + " a prefix; give a whole checkpoint, or leave out --discriminator")
    }
    let wrong = store.parameters.first { file.shape(of: nearest + $0.name) != $0.layout.fileShape }!
    let found = file.shape(of: nearest + wrong.name).map { "of shape \($0)" } ?? "missing"
    throw StorageError(
      "\(quoted(file.path)) holds another discriminator than this run: \(quoted(nearest + wrong.name)) is \(found), and"
        + " \(wrong.layout.fileShape) is needed; give the flags that it was made with, such as --preset, --width and --d-norm"
    )
  }
}
