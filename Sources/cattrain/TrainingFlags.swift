// The flags of a training run: declared here once, read here once. Their defaults are RunOptions'.

import Arguments
import CatGAN
import Generation
import Images

enum TrainingFlags {
  static let operand = Operand(
    "DATA_DIR", required: false,
    help: "folder of pictures (JPEG, PNG, WebP, BMP, PPM, PGM or PBM), searched recursively")

  static let all: [Flag] = run + networks + learning + levers + safety + machine

  private static let defaults = RunOptions(preset: RunOptions.presets[0])

  private static let run = [
    Flag("--out", "RUNS_DIR", group: "Run", default: "runs", help: "where numbered run directories are made"),
    Flag(
      "--epochs", "N", group: "Run", defaultNote: "\(defaults.epochs)",
      help: "passes over the pictures in all, earlier sessions included"),
    Flag(
      "--steps", "N", group: "Run", defaultNote: "by epochs",
      help: "training steps in all; takes the place of --epochs"),
    Flag(
      "--resume", "RUN", group: "Run",
      help:
        "go on with the run of this directory from its newest checkpoint, as if it had never stopped; RUN@STEP or a "
        + "checkpoint's file begins a new run there, beside the old one or in --out"),
    Flag("--time-limit", "TIME", group: "Run", defaultNote: "none", help: "stop cleanly after so long: 90m, 8h, 1h30m"),
    Flag(
      "--save-every", "EPOCHS", group: "Run", defaultNote: "\(defaults.saveEvery)", help: "epochs between checkpoints"),
    Flag(
      "--sample-every", "STEPS", group: "Run", defaultNote: "each epoch's end",
      help: "steps between further sample grids"),
    Flag(
      "--log-every", "STEPS", group: "Run", defaultNote: "\(defaults.logEvery)",
      help: "steps between lines of stats.jsonl"),
    Flag(switch: "--tensorboard", group: "Run", negatable: true, help: "write event files for TensorBoard too"),
    Flag(
      switch: "--dry-run", group: "Run",
      help: "read the data, time a few steps, print memory and time, and leave nothing behind"),
  ]

  private static let networks = [
    Flag(
      "--preset", "NAME", of: RunOptions.presets, group: "Networks", defaultNote: RunOptions.presets[0],
      help: "one of " + RunOptions.presets.joined(separator: ", ")
        + RunOptions.presets.map { ($0, RunOptions.flags(ofPreset: $0)) }.filter { !$0.1.isEmpty }
        .map { "; \($0) stands for \($1), and flags that are given win" }.joined()),
    Flag(
      "--width", "N", group: "Networks", defaultNote: "\(defaults.width)",
      help: "channels of the widest pictures' layer, 8 to 256 in steps of 8; the others are multiples of it"),
    Flag(
      "--z-dim", "N", group: "Networks", defaultNote: "\(defaults.zDimension)",
      help: "numbers that a picture is made from"),
    Flag(
      "--z", "KIND", of: LatentDistribution.allCases.map(\.rawValue), group: "Networks",
      defaultNote: defaults.zDistribution.rawValue,
      help: "their distribution: uniform or normal"),
  ]

  private static let learning = [
    Flag("--batch-size", "N", group: "Learning", defaultNote: "\(defaults.batchSize)", help: "pictures per step"),
    Flag(
      "--shards", "N", group: "Learning", defaultNote: "1; 8 on several ranks",
      help:
        "sum each batch in N runs of pictures, each by itself and then together: on as many processes of mpirun or "
        + "fewer the result is the same, bit for bit"),
    Flag("--lr-g", "RATE", group: "Learning", defaultNote: "2e-4", help: "the generator's learning rate"),
    Flag("--lr-d", "RATE", group: "Learning", defaultNote: "5e-5", help: "the discriminator's learning rate"),
    Flag("--beta1", "X", group: "Learning", defaultNote: "\(defaults.beta1)", help: "Adam's first decay"),
    Flag("--beta2", "X", group: "Learning", defaultNote: "\(defaults.beta2)", help: "Adam's second decay"),
    Flag(
      "--label-smoothing", "X", group: "Learning", defaultNote: "\(defaults.labelSmoothing)",
      help: "real pictures are worth 1 minus this to the discriminator"),
    Flag("--seed", "N", group: "Learning", defaultNote: "\(defaults.seed)", help: "same seed, same run, bit for bit"),
    Flag(
      "--fit", "HOW", of: PictureFit.allCases.map(\.rawValue), group: "Learning", defaultNote: defaults.fit.rawValue,
      help: "how pictures become square: crop, pad or stretch"),
  ]

  private static let levers = [
    Flag(
      "--ema", "DECAY", group: "Levers beyond the recipe", defaultNote: "off",
      help: "keep an average of the generator's weights, as in 0.999, and sample from it; 0 for none"),
    Flag(
      switch: "--mirror", group: "Levers beyond the recipe", negatable: true,
      help: "show each picture mirrored half of the time"),
    Flag(
      "--lr-decay", "A-B", group: "Levers beyond the recipe", defaultNote: "none",
      help: "let both rates fall linearly from epoch A towards 0 at epoch B, to no less than a twentieth; or none"),
    Flag(
      "--d-norm", "KIND", of: DiscriminatorNorm.allCases.map(\.rawValue), group: "Levers beyond the recipe",
      defaultNote: defaults.discriminatorNorm.rawValue,
      help: "what keeps the discriminator in bounds: batch normalisation, or spectral normalisation of its weights"
    ),
    Flag(
      "--augment", "LIST", group: "Levers beyond the recipe", defaultNote: "none",
      help: "change what the discriminator sees at random (DiffAugment): some of "
        + Augmentation.allCases.map(\.rawValue).joined(separator: ",") + ", or none"),
    Flag(
      "--loss", "KIND", of: AdversarialLoss.allCases.map(\.rawValue), group: "Levers beyond the recipe",
      defaultNote: defaults.loss.rawValue,
      help: "bce, cross entropy with real and fake, or hinge"),
    Flag(
      "--generator", "PATH", group: "Levers beyond the recipe", defaultNote: "random weights",
      help:
        "begin with the generator of a checkpoint (a file, a run's directory or RUN@STEP), of cattrain export or of "
        + "another program"),
    Flag(
      "--discriminator", "PATH", group: "Levers beyond the recipe", defaultNote: "random weights",
      help: "begin with the discriminator of a checkpoint or of another program, such as the file of --generator"),
  ]

  private static let safety = [
    Flag(
      "--keep", "N", group: "Safety", defaultNote: "\(defaults.keep)", help: "newest checkpoints that stay; 0 keeps all"
    ),
    Flag(
      "--milestone-every", "EPOCHS", group: "Safety", defaultNote: "\(defaults.milestoneEvery)",
      help: "epochs whose checkpoints stay for good; 0 for none"),
    Flag(
      "--on-nan", "WHAT", of: RunOptions.OnNaN.allCases.map(\.rawValue), group: "Safety",
      defaultNote: defaults.onNaN.rawValue,
      help:
        "where values stop being finite: stop, or rollback to the last checkpoint with halved rates, at most three times"
    ),
    Flag(
      switch: "--force", group: "Safety",
      help: "go on with changed data or flags; begin although memory looks too small"),
  ]

  private static let machine = [
    Flag(
      "--threads", "N", group: "Machine", defaultNote: "all cores",
      help: "threads to use; the result does not depend on it")
  ]

  /// Overwrites in `options` what the command line gives.
  static func apply(_ arguments: Arguments, to options: inout RunOptions) throws {
    func set<Value>(_ value: Value?, _ path: WritableKeyPath<RunOptions, Value>) {
      if let value { options[keyPath: path] = value }
    }
    func rate(_ name: String) throws -> Float? { try arguments.optionalDouble(name, in: 1e-8...1).map(Float.init) }
    func share(_ name: String, below limit: Double) throws -> Float? {
      // In Float the next number may be the limit.
      try arguments.optionalDouble(name, in: 0..<limit).map { min(Float($0), Float(limit).nextDown) }
    }
    set(try arguments.optionalInt("--width", in: 8...256), \.width)
    if options.width % 8 != 0 {
      throw UsageError("--width \(options.width): must be a multiple of 8, as in 32 or 64")
    }
    set(try arguments.optionalInt("--z-dim", in: 1...4096), \.zDimension)
    set(try arguments.optionalChoice("--z").map { LatentDistribution(rawValue: $0)! }, \.zDistribution)
    set(try arguments.optionalInt("--batch-size", in: RunOptions.Ranges.batchSize), \.batchSize)
    set(try arguments.optionalInt("--shards", in: 1...4096), \.shards)
    if options.shards > options.batchSize {
      throw UsageError("--shards \(options.shards): more than the \(options.batchSize) pictures of a batch; lower it")
    }
    set(try rate("--lr-g"), \.generatorRate)
    set(try rate("--lr-d"), \.discriminatorRate)
    set(try share("--beta1", below: 1), \.beta1)
    set(try arguments.optionalDouble("--beta2", in: 0..<1), \.beta2)
    set(try share("--label-smoothing", below: 0.5), \.labelSmoothing)
    set(try arguments.optionalInt("--seed", in: 0...).map(UInt64.init), \.seed)
    set(try arguments.optionalChoice("--fit").map { PictureFit(rawValue: $0)! }, \.fit)
    set(try share("--ema", below: 1), \.averaging)
    if arguments.isGiven("--mirror") { options.mirror = arguments.isOn("--mirror") }
    set(try arguments.optionalChoice("--d-norm").map { DiscriminatorNorm(rawValue: $0)! }, \.discriminatorNorm)
    set(try augmentation(arguments), \.augmentation)
    set(try arguments.optionalChoice("--loss").map { AdversarialLoss(rawValue: $0)! }, \.loss)
    if options.loss == .hinge, arguments.isGiven("--label-smoothing") {
      throw UsageError("--label-smoothing does not go with --loss hinge, which has no labels: leave it out")
    }
    if let text = arguments.optionalString("--lr-decay") {
      options.decay = EpochSpan(text)
      if options.decay == nil, text != "none" {
        throw UsageError("--lr-decay \(text): must be two epochs as in 100-200, or none")
      }
    }
    set(try arguments.optionalInt("--epochs", in: RunOptions.Ranges.epochs), \.epochs)
    if let steps = try arguments.optionalInt("--steps", in: RunOptions.Ranges.steps) {
      if arguments.isGiven("--epochs") { throw UsageError("--steps and --epochs both end the run: give one of them") }
      options.steps = steps
    } else if arguments.isGiven("--epochs") {
      options.steps = nil
    }
    set(try arguments.optionalInt("--save-every", in: RunOptions.Ranges.saveEvery), \.saveEvery)
    set(try arguments.optionalInt("--sample-every", in: RunOptions.Ranges.sampleEvery), \.sampleEvery)
    set(try arguments.optionalInt("--log-every", in: RunOptions.Ranges.logEvery), \.logEvery)
    set(try arguments.optionalInt("--keep", in: RunOptions.Ranges.keep), \.keep)
    set(try arguments.optionalInt("--milestone-every", in: RunOptions.Ranges.milestoneEvery), \.milestoneEvery)
    set(try arguments.optionalChoice("--on-nan").map { RunOptions.OnNaN(rawValue: $0)! }, \.onNaN)
    if arguments.isGiven("--tensorboard") { options.tensorboard = arguments.isOn("--tensorboard") }
  }
  /// The kinds of `--augment`, in the order in which they are applied.
  private static func augmentation(_ arguments: Arguments) throws -> [Augmentation]? {
    guard let words = try arguments.optionalStrings("--augment") else { return nil }
    if words == ["none"] { return [] }
    let known = Augmentation.allCases.map(\.rawValue)
    if let word = words.first(where: { !known.contains($0) }) {
      throw UsageError("--augment \(word): must be some of \(known.joined(separator: ",")), or none")
    }
    return Augmentation.allCases.filter { words.contains($0.rawValue) }
  }
}
