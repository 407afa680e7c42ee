import Kernels
import Networks
import Storage

/// Which of a file's tensors are the generator to sample.
struct GeneratorChoice {
  let prefix: String
  let generator: Network
  /// Whether the file also holds an averaged copy of the generator.
  let hasAverage: Bool

  /// Whether a prefix speaks of averaged weights: one of its words is `ema`, or begins or ends with it, as
  /// `generator_ema.` does.
  static func isAverage(_ prefix: String) -> Bool {
    prefix.lowercased().split(separator: ".").contains { $0 == "ema" || $0.hasSuffix("_ema") || $0.hasPrefix("ema_") }
  }

  /// Takes the averaged generator where there is one, else the other. Of several whole ones of a kind it takes the one
  /// that cattrain's names begin with, and refuses where there is none.
  /// - Parameters:
  ///   - described: the generator that the file describes; nil where names and shapes are all that tells.
  ///   - averaged: nil takes the averaged generator where there is one, true takes it or fails, false never.
  /// - Throws: `CheckpointError` where the file holds no generator that can be sampled, or several.
  init(_ file: SafeTensors, described: Network?, averaged: Bool?) throws(CheckpointError) {
    let marks = described.map { $0.parameters.prefix(1).map { $0.name } } ?? GeneratorFromTensors.marks
    let prefixes = TensorPrefix.candidates(file, marks: marks)
    let averages = prefixes.filter(Self.isAverage)
    hasAverage = !averages.isEmpty
    if averaged == true && !hasAverage {
      throw CheckpointError(
        sentence: "\(quoted(file.path)) holds no averaged generator (generator_ema.*): leave out --ema",
        isAboutFlag: true)
    }
    let candidates = averaged != false && hasAverage ? averages : prefixes.filter { !Self.isAverage($0) }
    guard let shortest = candidates.first else {
      let names = file.names.prefix(3).map { quoted($0, limit: 60) }.joined(separator: ", ")
      throw CheckpointError(
        file.path,
        hasAverage
          ? "holds only an averaged generator: leave out --no-ema"
          : "holds no generator: none of its \(file.names.count) tensors (\(names)\(file.names.count > 3 ? ", ..." : "")) is "
            + "\(marks.joined(separator: " or ")), alone or after a prefix; docs/file-formats.md lists a generator's tensors"
      )
    }
    // Moments of an optimiser, a discriminator and other networks may have such names too, but lack some.
    func network(_ prefix: String) throws(CheckpointError) -> Network {
      guard let described else {
        let network = try GeneratorFromTensors(file: file, prefix: prefix).network()
        try Self.check(file, network, prefix)
        return network
      }
      try Self.check(file, described, prefix)
      return described
    }
    let whole = candidates.compactMap { prefix in (try? network(prefix)).map { (prefix: prefix, generator: $0) } }
    guard
      let choice = whole.first(where: { [TensorPrefix.generator, TensorPrefix.average].contains($0.prefix) })
        ?? whole.first
    else {
      // Says what is missing.
      prefix = shortest
      generator = try network(shortest)
      return
    }
    if whole.count > 1, !choice.prefix.hasPrefix("generator") {
      throw CheckpointError(
        file.path, TensorPrefix.openChoice(whole.map { $0.prefix }, "generators", preferred: TensorPrefix.generator))
    }
    (prefix, generator) = choice
  }

  /// - Throws: `CheckpointError` where a parameter is missing or of another shape, or where no picture comes out.
  private static func check(_ file: SafeTensors, _ generator: Network, _ prefix: String) throws(CheckpointError) {
    for parameter in generator.parameters {
      let (name, expected) = (prefix + parameter.name, parameter.layout.fileShape)
      guard let found = file.shape(of: name) else {
        throw CheckpointError(file.path, "has no tensor \(name), which its generator needs")
      }
      guard found == expected else {
        throw CheckpointError(file.path, "has \(name) of shape \(found), where its generator asks for \(expected)")
      }
    }
    guard generator.output.c == 3, generator.input.h == 1, generator.input.w == 1 else {
      throw CheckpointError(
        file.path,
        "holds a network from \(generator.input.perPicture) to \(generator.output.perPicture), where pictures with 3"
          + " channels can be sampled, from z of 1x1")
    }
    if let vector = generator.parameters.first(where: { $0.name.hasSuffix(".weight_u") }) {
      throw CheckpointError(
        file.path, "has the singular vector \(prefix)\(vector.name): spectral normalisation is for discriminators")
    }
    guard SamplingPlan.layersAfterTanh(generator) != nil else {
      throw CheckpointError(
        file.path,
        "holds a generator that does not end in tanh, or in pooling, upsampling or reshaping behind one, so its pictures"
          + " have no bounds")
    }
  }
}
