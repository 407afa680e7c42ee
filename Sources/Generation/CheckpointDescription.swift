@_exported import Networks
import Storage

/// What a checkpoint says about itself: where its generator is, what network it is, and how z was drawn. Of files that
/// describe no network, the tensors' names and shapes say it.
public struct CheckpointDescription: Sendable {
  public let path: String
  public let byteCount: Int
  public let generator: Network
  /// What the names of the chosen generator's tensors begin with, such as `generator_ema.`; may be empty.
  public let prefix: String
  /// Whether the file also holds the averaged copy of the generator.
  public let hasAverage: Bool
  /// nil where the file does not say.
  public let distribution: LatentDistribution?
  public let metadata: [String: String]
  /// Elements of all tensors of the discriminator but running statistics and singular vectors; 0 where there is none.
  public let discriminatorParameterCount: Int

  /// - Parameter averaged: whether to use the averaged generator: nil where there is one, true or fail, false never.
  /// - Throws: `CheckpointError` where the file holds no generator that can be sampled.
  public init(_ file: SafeTensors, averaged: Bool? = nil) throws(CheckpointError) {
    path = file.path
    byteCount = file.byteCount
    metadata = file.metadata
    let configuration = try Configuration(file)
    let choice = try GeneratorChoice(file, described: configuration.generator, averaged: averaged)
    prefix = choice.prefix
    hasAverage = choice.hasAverage
    generator = choice.generator
    preset = configuration.preset
    var recorded: LatentDistribution?
    if let name = configuration.zDistribution {
      recorded = LatentDistribution(rawValue: name)
      guard recorded != nil else {
        throw CheckpointError(file.path, "says that z is \(quoted(name)), where uniform or normal can be drawn")
      }
    }
    distribution = recorded ?? GeneratorFromTensors.distribution(of: generator)
    discriminatorParameterCount = file.names.filter { name in
      let part = name.split(separator: ".").last ?? ""
      return name.hasPrefix(TensorPrefix.discriminator) && !part.hasPrefix("running_")
        && !["num_batches_tracked", "weight_u", "weight_v"].contains(part)
    }.reduce(0) { $0 + (file.shape(of: $1) ?? []).reduce(1, *) }
  }

  /// The name of the configuration that it was trained with, where it says so.
  public let preset: String?

  /// Several lines for a reader: what `catgen --inspect` prints.
  public var summary: String {
    func entry(_ label: String, _ value: String?) -> String {
      guard let value else { return "" }
      // Metadata are anybody's words.
      return label.padding(to: 16) + printable(value, limit: 4000) + "\n"
    }
    func said(_ key: CheckpointKey) -> String? { metadata[key.rawValue] }
    let average = hasAverage ? (GeneratorChoice.isAverage(prefix) ? "yes, and used" : "yes, not used") : "none"
    return entry("checkpoint", "\(path), \(byteCount) bytes")
      + entry("preset", preset)
      + entry("pictures", generator.pictureSize)
      + entry("width", "\(generator.width)")
      + entry("generator", generator.line(0))
      + generator.layers.indices.dropFirst().map { entry("", generator.line($0)) }.joined()
      + entry("z", "\(generator.input.c), \(distribution?.rawValue ?? "distribution not recorded, taken as uniform")")
      + entry("tensors", prefix.isEmpty ? nil : prefix + "*")
      + entry("average", average)
      + entry(
        "parameters",
        "generator \(generator.parameterCount)"
          + (discriminatorParameterCount > 0 ? ", discriminator \(discriminatorParameterCount)" : ""))
      + entry("step", said(.step))
      + entry("epoch", said(.epoch))
      + entry("seed", said(.seed))
      + entry("data", said(.data))
      + entry("note", metadata[CheckpointKey.note])
      + entry("made by", said(.version).map { "catgan \($0)" })
      + entry("digest", metadata[SafeTensors.digestKey])
  }
}

extension String {
  fileprivate func padding(to length: Int) -> String { self + String(repeating: " ", count: max(1, length - count)) }
}

/// What a checkpoint's configuration says of its generator.
private struct Configuration {
  var preset: String?
  var zDistribution: String?
  var generator: Network?

  /// Empty where there is none.
  init(_ file: SafeTensors) throws(CheckpointError) {
    guard let text = file.metadata[CheckpointKey.configuration] else { return }
    let strange = CheckpointError(
      file.path, "has a configuration (\(CheckpointKey.configuration)) that is not the JSON that cattrain writes")
    guard let json = JSON(text), case .object(let values) = json else { throw strange }
    func word(_ key: String) throws(CheckpointError) -> String? {
      switch values[key] {
      case nil, .null: nil
      case .text(let word): word
      default: throw strange
      }
    }
    preset = try word("preset")
    zDistribution = try word("zDistribution")
    guard let described = values["generator"], described != .null else { return }
    do throws(NetworkError) {
      generator = try Network(described)
    } catch {
      throw CheckpointError(file.path, "describes networks that cannot be: \(error)")
    }
  }
}

/// A file that is no usable checkpoint: one sentence that names it.
public struct CheckpointError: Error, CustomStringConvertible, Sendable {
  public let description: String
  /// Whether a flag asks for what a sound file need not have, so that an older file of the same run has it no more.
  let isAboutFlag: Bool

  /// `problem` says of the file, such as `has no tensor ...`.
  public init(_ path: String, _ problem: String) { self.init(sentence: "\(quoted(path)) \(problem)") }

  /// Reads something, of which a fault of the file is a fault of the checkpoint.
  public static func reading<Value>(
    _ body: () throws(StorageError) -> Value
  ) throws(CheckpointError) -> Value {
    do throws(StorageError) { return try body() } catch { throw CheckpointError(sentence: error.description) }
  }

  init(sentence: String, isAboutFlag: Bool = false) {
    (description, self.isAboutFlag) = (sentence, isAboutFlag)
  }
}
