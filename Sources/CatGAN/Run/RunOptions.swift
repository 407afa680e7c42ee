// What a run is asked to do, the defaults of each preset, and what may change when a run goes on.

import Images
import Networks

/// Epochs `first` to `last`, written `100-200`.
public struct EpochSpan: Codable, Equatable, Sendable, CustomStringConvertible {
  /// Epochs completed when it begins.
  public let first: Int
  /// Epochs completed when it ends, more than `first`.
  public let last: Int

  /// Reads `100-200`; nil where that is no span of at least one epoch.
  public init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let first = Int(parts[0]), let last = Int(parts[1]), first >= 0, first < last else {
      return nil
    }
    self.first = first
    self.last = last
  }

  public var description: String { "\(first)-\(last)" }
}

/// All choices that `config.json` records. What belongs to a session only (threads, time limit) is not among them.
public struct RunOptions: Codable, Equatable, Sendable {
  /// What a run does where values stop being finite: it stops, or goes on from its newest sound checkpoint with half the rates,
  /// three times at most.
  public enum OnNaN: String, Codable, CaseIterable, Sendable {
    case stop, rollback
  }

  // The networks.
  /// One of `presets`.
  public var preset: String
  /// Channels of the layers nearest to the picture; the others are multiples of it. `validate` says whether it can be.
  public var width: Int
  /// Length of a latent vector. `validate` says whether it can be.
  public var zDimension: Int
  /// How z is drawn.
  public var zDistribution: LatentDistribution

  // The learning.
  /// Real pictures of a step, in `Ranges.batchSize`.
  public var batchSize: Int
  /// Runs of pictures of a batch that are summed each by itself, whatever computes them.
  public var shards: Int
  /// The generator's learning rate, above 0 and at most 1.
  public var generatorRate: Float
  /// The discriminator's learning rate, above 0 and at most 1.
  public var discriminatorRate: Float
  /// Decay of the gradient's average in Adam, in 0..<1.
  public var beta1: Float
  /// Decay of the squared gradient's average, in 0..<1.
  public var beta2: Double
  /// Real pictures are to be called real with probability 1 minus this, in 0..<0.5; hinge ignores it.
  public var labelSmoothing: Float
  /// What the two networks are asked to make small.
  public var loss: AdversarialLoss
  /// What keeps the discriminator's layers in bounds.
  public var discriminatorNorm: DiscriminatorNorm
  /// In the order of `Augmentation.allCases`, each at most once.
  public var augmentation: [Augmentation]
  /// The digest of the file whose generator the run began with, or nil for random weights.
  public var generator: String?
  /// Likewise of the discriminator.
  public var discriminator: String?
  /// Whether what the run began from is outside its directory.
  public var beginsElsewhere: Bool { generator != nil || discriminator != nil }
  /// Decay of the averaged generator per step; 0 for none.
  public var averaging: Float
  /// Whether each real picture is shown mirrored half of the time.
  public var mirror: Bool
  /// Both rates fall linearly, from the first of these epochs on and towards 0 at the last, but to no less than a twentieth; nil
  /// for constant rates. It does not depend on the run's length, so that extending a run changes nothing that was trained.
  public var decay: EpochSpan?
  /// What all random numbers of the run follow from.
  public var seed: UInt64
  /// How pictures become square.
  public var fit: PictureFit

  // The run.
  /// Passes over the pictures in all, earlier sessions included, in `Ranges.epochs`.
  public var epochs: Int
  /// Total steps, where they and not the epochs end the run.
  public var steps: Int?
  /// Epochs between checkpoints, in `Ranges.saveEvery`; the end of a session saves one too.
  public var saveEvery: Int
  /// Steps between sample grids besides those at the ends of epochs; 0 for none.
  public var sampleEvery: Int
  /// Steps between lines of `stats.jsonl`, in `Ranges.logEvery`; the first and the last step have one too.
  public var logEvery: Int
  /// How many of the newest checkpoints stay, in `Ranges.keep`; 0 keeps all.
  public var keep: Int
  /// Checkpoints at the end of epochs that this divides stay for good, in `Ranges.milestoneEvery`; 0 for none.
  public var milestoneEvery: Int
  /// What to do where values stop being finite.
  public var onNaN: OnNaN
  /// Whether to write event files for TensorBoard into the run's `tensorboard` folder.
  public var tensorboard: Bool

  /// Names of the presets, the default first: the plain recipe for each of the networks, and the levers that did best.
  public static let presets = Preset.allCases.map(\.rawValue) + ["cats64", "cats128"].map { $0 + best }
  private static let best = "-best"

  /// The one table of defaults: the published recipe, and per preset what differs from it.
  public init(preset: String) {
    precondition(RunOptions.presets.contains(preset))
    self.preset = preset
    width = 64
    zDimension = 100
    zDistribution = .uniform
    batchSize = 64
    shards = 1
    generatorRate = 2e-4
    discriminatorRate = 5e-5
    beta1 = 0.5
    beta2 = 0.999
    labelSmoothing = 0.1
    loss = .crossEntropy
    discriminatorNorm = .batch
    augmentation = []
    generator = nil
    discriminator = nil
    averaging = 0
    mirror = false
    decay = nil
    seed = 0
    fit = .crop
    epochs = 215
    steps = nil
    saveEvery = 5
    sampleEvery = 0
    logEvery = 10
    keep = 3
    milestoneEvery = 50
    onNaN = .stop
    tensorboard = false
    // Those of PyTorch's example, with the batch of the DCGAN article.
    if preset == Preset.dcgan64.rawValue {
      zDistribution = .normal
      batchSize = 128
      discriminatorRate = 2e-4
      labelSmoothing = 0
    }
    // What did best; docs/training-runs.md has the figures.
    if preset.hasSuffix(RunOptions.best) {
      width = 32
      batchSize = 16
      discriminatorRate = 2e-4
      averaging = 0.9995
      mirror = true
    }
    // For some thousand pictures at most, which the discriminator would know by heart.
    if preset == Preset.cats128.rawValue + RunOptions.best {
      width = 24
      augmentation = [.color, .translation]
    }
  }

  /// The preset's networks, before any choice.
  private var network: Preset {
    Preset(rawValue: preset.hasSuffix(RunOptions.best) ? String(preset.dropLast(RunOptions.best.count)) : preset)!
  }

  /// The networks that these options describe.
  /// - Precondition: they make networks, which `validate` has found.
  public var networks: GANDescription { try! makeNetworks() }

  /// - Throws: `NetworkError` where the sizes make no networks.
  public func validate() throws(NetworkError) { _ = try makeNetworks() }

  private func makeNetworks() throws(NetworkError) -> GANDescription {
    try network.networks(
      width: width, zDimension: zDimension, zDistribution: zDistribution, discriminatorNorm: discriminatorNorm)
  }

  /// The flags that a preset sets beside its networks: `--width 32 --mirror`; empty for the plain recipe.
  public static func flags(ofPreset name: String) -> String {
    let options = RunOptions(preset: name)
    return zip(RunOptions(preset: presets[0]).choices, options.choices).dropFirst()
      .filter { $0.value != $1.value }
      .map { $1.value == "on" ? $1.flag : "\($1.flag) \($1.value)" }.joined(separator: " ")
  }

  /// Side of the pictures in pixels.
  public var imageSize: Int { network.imageSize }
  /// The end of a run directory's name.
  public var runName: String { "\(preset)-w\(width)" }

  private var augmentationText: String {
    augmentation.isEmpty ? "none" : augmentation.map(\.rawValue).joined(separator: ",")
  }

  /// A choice as the command line spells it. The order is that of the report.
  package struct Choice: Equatable, Sendable {
    package enum Change: Sendable {
      /// May be changed whenever a run goes on.
      case free
      /// Makes it another experiment: refused unless forced.
      case forced
      /// The checkpoint's networks would not fit.
      case never
    }
    package let flag: String
    package let value: String
    package let change: Change
  }

  package var choices: [Choice] {
    func number(_ value: Float) -> String { "\(value)" }
    return [
      Choice(flag: "--preset", value: preset, change: .never),
      Choice(flag: "--width", value: "\(width)", change: .never),
      Choice(flag: "--z-dim", value: "\(zDimension)", change: .never),
      Choice(flag: "--z", value: zDistribution.rawValue, change: .never),
      Choice(flag: "--batch-size", value: "\(batchSize)", change: .forced),
      // Only the order of sums, and with it the last bits.
      Choice(flag: "--shards", value: "\(shards)", change: .free),
      Choice(flag: "--lr-g", value: number(generatorRate), change: .forced),
      Choice(flag: "--lr-d", value: number(discriminatorRate), change: .forced),
      Choice(flag: "--beta1", value: number(beta1), change: .forced),
      Choice(flag: "--beta2", value: "\(beta2)", change: .forced),
      Choice(flag: "--loss", value: loss.rawValue, change: .forced),
      Choice(flag: "--label-smoothing", value: number(labelSmoothing), change: .forced),
      Choice(flag: "--d-norm", value: discriminatorNorm.rawValue, change: .never),
      Choice(flag: "--augment", value: augmentationText, change: .forced),
      Choice(flag: "--generator", value: generator ?? "random", change: .never),
      Choice(flag: "--discriminator", value: discriminator ?? "random", change: .never),
      Choice(flag: "--ema", value: number(averaging), change: averaging == 0 ? .never : .forced),
      Choice(flag: "--mirror", value: mirror ? "on" : "off", change: .forced),
      Choice(flag: "--lr-decay", value: decay?.description ?? "none", change: .forced),
      Choice(flag: "--seed", value: "\(seed)", change: .forced),
      Choice(flag: "--fit", value: fit.rawValue, change: .forced),
      Choice(flag: "--epochs", value: "\(epochs)", change: .free),
      Choice(flag: "--steps", value: steps.map { "\($0)" } ?? "by epochs", change: .free),
      Choice(flag: "--save-every", value: "\(saveEvery)", change: .free),
      Choice(flag: "--sample-every", value: "\(sampleEvery)", change: .free),
      Choice(flag: "--log-every", value: "\(logEvery)", change: .free),
      Choice(flag: "--keep", value: "\(keep)", change: .free),
      Choice(flag: "--milestone-every", value: "\(milestoneEvery)", change: .free),
      Choice(flag: "--on-nan", value: onNaN.rawValue, change: .free),
      Choice(flag: "--tensorboard", value: tensorboard ? "on" : "off", change: .free),
    ]
  }

  /// Checks that a run made with `self` may go on with `other`.
  /// - Throws: `RunError` naming the first flag that forbids it.
  public func allow(_ other: RunOptions, force: Bool) throws {
    for (old, new) in zip(choices, other.choices) where old.value != new.value {
      if old.change == .never || new.change == .never {
        let remedy =
          old.flag == "--preset"
          ? "its networks or defaults are others; give single flags with --force, or start a new run"
          : "its checkpoints would not fit; start a new run"
        throw RunError("\(old.flag) was \(old.value) in this run and cannot become \(new.value): \(remedy)")
      }
      if old.change == .forced, !force {
        throw RunError(
          "\(old.flag) was \(old.value) in this run and is now \(new.value); leave it out, or add --force to go on "
            + "with the new value")
      }
    }
  }
}

extension RunOptions {
  /// What whole numbers a run can have, of the command line and of files.
  public enum Ranges {
    /// Pictures of a batch.
    public static let batchSize = 2...4096
    /// Of a run in all.
    public static let epochs = 1...1_000_000
    /// Of a run in all.
    public static let steps = 1...1_000_000_000
    /// Epochs.
    public static let saveEvery = 1...1_000_000
    /// Steps.
    public static let sampleEvery = 0...1_000_000_000
    /// Steps.
    public static let logEvery = 1...1_000_000
    /// Checkpoints.
    public static let keep = 0...1_000_000
    /// Epochs.
    public static let milestoneEvery = 0...1_000_000
  }

  /// The first choice that no run can have, as a file may name it; the command line refuses them by itself.
  var impossible: Choice? {
    let sound = [
      "--batch-size": Ranges.batchSize.contains(batchSize), "--shards": shards > 0 && shards <= batchSize,
      "--lr-g": generatorRate > 0 && generatorRate <= 1, "--lr-d": discriminatorRate > 0 && discriminatorRate <= 1,
      "--beta1": (0..<1).contains(beta1), "--beta2": (0..<1).contains(beta2),
      "--label-smoothing": (0..<0.5).contains(labelSmoothing), "--ema": (0..<1).contains(averaging),
      "--lr-decay": decay.map { $0.first >= 0 && $0.first < $0.last } ?? true,
      "--epochs": Ranges.epochs.contains(epochs), "--steps": Ranges.steps.contains(steps ?? 1),
      "--save-every": Ranges.saveEvery.contains(saveEvery), "--sample-every": Ranges.sampleEvery.contains(sampleEvery),
      "--log-every": Ranges.logEvery.contains(logEvery), "--keep": Ranges.keep.contains(keep),
      "--milestone-every": Ranges.milestoneEvery.contains(milestoneEvery),
    ]
    return choices.first { sound[$0.flag] == false }
  }

  /// Choices that older versions did not have are the plain recipe's where a file does not name them: their runs go on.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(preset: RunOptions.presets[0])
    func read<Value: Decodable>(_ key: CodingKeys, _ path: WritableKeyPath<RunOptions, Value>) throws {
      self[keyPath: path] = try values.decode(Value.self, forKey: key)
    }
    func readNew<Value: Decodable>(_ key: CodingKeys, _ path: WritableKeyPath<RunOptions, Value>) throws {
      if let value = try values.decodeIfPresent(Value.self, forKey: key) { self[keyPath: path] = value }
    }
    try read(.preset, \.preset)
    try read(.width, \.width)
    try read(.zDimension, \.zDimension)
    try read(.zDistribution, \.zDistribution)
    try read(.batchSize, \.batchSize)
    try readNew(.shards, \.shards)
    try read(.generatorRate, \.generatorRate)
    try read(.discriminatorRate, \.discriminatorRate)
    try read(.beta1, \.beta1)
    try readNew(.beta2, \.beta2)
    try read(.labelSmoothing, \.labelSmoothing)
    try readNew(.loss, \.loss)
    try readNew(.discriminatorNorm, \.discriminatorNorm)
    try readNew(.augmentation, \.augmentation)
    generator = try values.decodeIfPresent(String.self, forKey: .generator)
    discriminator = try values.decodeIfPresent(String.self, forKey: .discriminator)
    try read(.averaging, \.averaging)
    try read(.mirror, \.mirror)
    decay = try values.decodeIfPresent(EpochSpan.self, forKey: .decay)
    try read(.seed, \.seed)
    try read(.fit, \.fit)
    try read(.epochs, \.epochs)
    steps = try values.decodeIfPresent(Int.self, forKey: .steps)
    try read(.saveEvery, \.saveEvery)
    try read(.sampleEvery, \.sampleEvery)
    try read(.logEvery, \.logEvery)
    try read(.keep, \.keep)
    try read(.milestoneEvery, \.milestoneEvery)
    try read(.onNaN, \.onNaN)
    try read(.tensorboard, \.tensorboard)
  }
}
