import Storage

/// Which of a file's tensors are the generator to sample. Wrappers and containers put words before a network's names,
/// such as PyTorch's `module.` and `_orig_mod.`, or `netG.`: whatever stands before `dense.weight` is such a prefix.
struct GeneratorChoice {
  let prefix: String
  let architecture: GeneratorArchitecture
  /// Whether the file also holds an averaged copy of the generator.
  let hasAverage: Bool

  /// Whether a prefix speaks of averaged weights: one of its words is `ema`, or begins or ends with it, as
  /// `generator_ema.` does.
  static func isAverage(_ prefix: String) -> Bool {
    prefix.lowercased().split(separator: ".").contains { $0 == "ema" || $0.hasSuffix("_ema") || $0.hasPrefix("ema_") }
  }

  /// Takes the averaged generator where there is one, else the other. Of several whole ones of a kind it takes the one
  /// that cattrain's names begin with, and refuses where there is none.
  /// - Parameter averaged: nil takes the averaged generator where there is one, true takes it or fails, false never.
  /// - Throws: `CheckpointError` where the file holds no generator that can be sampled, or several.
  init(_ file: SafeTensors, averaged: Bool?) throws {
    let first = "dense.weight"
    let prefixes = file.names.filter { $0 == first || $0.hasSuffix("." + first) }
      .map { String($0.dropLast(first.count)) }
      .sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
    let averages = prefixes.filter(Self.isAverage)
    hasAverage = !averages.isEmpty
    if averaged == true && !hasAverage {
      throw CheckpointError(file.path, "holds no averaged generator (generator_ema.*): leave out --ema")
    }
    let candidates = averaged != false && hasAverage ? averages : prefixes.filter { !Self.isAverage($0) }
    guard let shortest = candidates.first else {
      let names = file.names.prefix(3).map { quoted($0, limit: 60) }.joined(separator: ", ")
      throw CheckpointError(
        file.path,
        hasAverage
          ? "holds only an averaged generator: leave out --no-ema"
          : "holds no generator: none of its \(file.names.count) tensors (\(names)\(file.names.count > 3 ? ", ..." : "")) is "
            + "dense.weight, alone or after a prefix; README.md lists a generator's tensors")
    }
    // Moments of an optimiser, a discriminator and other networks may have such names too, but lack some.
    let whole = candidates.compactMap { prefix in
      (try? GeneratorArchitecture(file, prefix: prefix)).map { (prefix: prefix, architecture: $0) }
    }
    guard let choice = whole.first(where: { ["generator.", "generator_ema."].contains($0.prefix) }) ?? whole.first
    else {
      // Says what is missing.
      prefix = shortest
      architecture = try GeneratorArchitecture(file, prefix: shortest)
      return
    }
    if whole.count > 1, !choice.prefix.hasPrefix("generator") {
      let names = whole.prefix(4).map { $0.prefix.isEmpty ? "names without a prefix" : quoted($0.prefix, limit: 60) }
      throw CheckpointError(
        file.path,
        "holds \(whole.count) generators (\(names.joined(separator: ", "))), so which one is meant is open: save "
          + "the one to use alone, or under the prefix generator.")
    }
    (prefix, architecture) = choice
  }
}
