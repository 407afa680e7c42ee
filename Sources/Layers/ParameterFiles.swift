import Storage

// Parameters as safetensors files in PyTorch's names and layouts, such as `save_file(model.state_dict(), path)` makes.

extension ParameterStore {
  /// Writes values and counters, whole or not at all; no gradients and no optimiser's state.
  /// - Parameters:
  ///   - path: of the file; an older one is replaced.
  ///   - metadata: notes for people and programs, texts by name.
  ///   - half: round to F16, half the size; a number beyond its range is an error.
  /// - Throws: `StorageError` for the disk's failures; an older file of that name is then untouched.
  public func save(to path: String, metadata: [String: String] = [:], half: Bool = false) throws {
    let values = parameters.map { parameter in
      TensorSource(parameter.name, shape: parameter.layout.fileShape, half: half) { parameter.fileValues() }
    }
    let counts = counters.map { TensorSource($0.name, integers: [UInt64($0.value)], shape: []) }
    let notes = metadata.merging(["format": "pt"]) { given, _ in given }
    try SafeTensors.write(values + counts, metadata: notes, to: path, overwrite: true)
  }

  /// Takes over what `save` wrote, or any file with tensors of these names and shapes. All of it is checked before anything
  /// is changed. A counter that the file lacks becomes 0.
  /// - Parameter prefix: the beginning of the names in the file, such as `generator.`; tensors whose names do not
  ///   begin so belong to others.
  /// - Throws: `StorageError` naming the file and what is wrong: a tensor that is missing, of another shape, not finite, a
  ///   negative variance, or one too many. All values are then as before.
  public func load(from path: String, prefix: String = "") throws {
    let file = try SafeTensors(path: path)
    let known = Set(parameters.map { prefix + $0.name } + counters.map { prefix + $0.name })
    if let surplus = file.names.first(where: { $0.hasPrefix(prefix) && !known.contains($0) }) {
      throw StorageError(
        "\(quoted(path)) holds the tensor \(quoted(surplus)), which this network has no use for; build the network that it was saved"
          + " from")
    }
    try file.verifyDigest()
    let values = try parameters.map { parameter in
      let name = prefix + parameter.name
      let shape = parameter.layout.fileShape
      return name.hasSuffix("running_var")
        ? try file.variances(name, shape: shape) : try file.floats(name, shape: shape)
    }
    let counts = try counters.map { counter in
      let name = prefix + counter.name
      return file.contains(name) ? try file.count(name) : 0
    }
    for (parameter, values) in zip(parameters, values) { parameter.setFileValues(values) }
    for (counter, count) in zip(counters, counts) { counter.value = count }
  }
}
