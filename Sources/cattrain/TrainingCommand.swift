// `cattrain DATA_DIR`: from the command line to a run.

import Arguments
import CatGAN
import Cluster
import Generation
import Images
import Kernels
import Storage

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

struct TrainingCommand {
  static let version = catganVersion

  static let command = Command(
    "cattrain", version: version, summary: "trains a cat GAN on a folder of pictures",
    operands: [TrainingFlags.operand],
    flags: TrainingFlags.all, subcommands: [PrepareCommand.command, EvalCommand.command, ExportCommand.command],
    epilogue: """
      Examples:
        cattrain photos --preset cats64 --width 32          begin a run in runs/
        cattrain --resume runs/00003-cats64-w32             go on after a stop
        cattrain --resume runs/00003-cats64-w32@1200        a new run from an older checkpoint of that one
        cattrain photos --width 64 --dry-run                how long and how much memory?
        cattrain prepare photos faces --size 64             make a clean data set first

      Ctrl-C, SIGTERM, SIGHUP (a terminal that closes; under nohup it is ignored) and SIGUSR1 save within a step and stop.
      A third Ctrl-C, each at least a second after the one before, leaves at once: the newest checkpoint stays the last one.
      """)

  let arguments: Arguments
  let ranks: Ranks
  var progress: Progress

  /// - Parameter isLaunched: by a launcher. Ranks have a terminal for their output then even where it goes into a file.
  init(_ arguments: Arguments, ranks: Ranks, isLaunched: Bool) {
    self.arguments = arguments
    self.ranks = ranks
    let isSilent = !ranks.lead
    progress = Progress(live: !isLaunched && isatty(STDOUT_FILENO) == 1, columns: terminalColumns) { text in
      if isSilent { return }
      var text = text
      text.withUTF8 { _ = write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    }
  }

  mutating func run() throws {
    let start = monotonicTime()
    // Somebody who closes the pipe that progress goes to does not mean to end the training.
    signal(SIGPIPE, SIG_IGN)
    let force = arguments.isOn("--force")
    let (limit, context, earlier) = try ranks.together {
      let threads = try arguments.optionalInt("--threads", in: 1...1024) ?? ranks.processors
      try requireOpenFiles(12)
      return (
        try timeLimit(), try Context.fromEnvironment(threads: threads), ranks.lead ? try Resumption(arguments) : nil
      )
    }
    let threads = context.threads
    let before = ranks.share(earlier?.configuration)
    let training = try ranks.together { try prepare(earlier, before: before, context, force: force) }
    let (options, dataset, model) = (training.options, training.dataset, training.model)
    try ranks.compare(
      [
        ("version", Self.version), ("instruction set", context.instructionSet.rawValue),
        ("CATGAN_CONV", context.algorithm?.rawValue ?? ""), ("data set", dataset.summary.digest),
      ]
        // Rank 0 alone reads the files.
        + options.choices.filter { !["--generator", "--discriminator"].contains($0.flag) }.map { ($0.flag, $0.value) })
    if arguments.isOn("--dry-run") { return try estimate(model, dataset, options, memory(options, threads: threads)) }
    // Until here there is nothing to save, and a signal ends the process at once.
    let interruption = watchSignals()
    let members = ranks.members(threads: threads, model)
    let team = ranks.areSeveral ? Team(ranks.communicator) : nil
    guard ranks.lead else {
      try ranks.together {}
      return team!.follow(model, dataset, options, interruption)
    }
    let session = Session(
      interruption: interruption, deadline: limit.map { start + $0.seconds }, progress: progress, team: team)
    let trainer = try ranks.together { try makeTrainer(for: training, earlier, session, context, members) }
    defer { team?.end() }
    _ = try trainer.train()
  }

  private func watchSignals() -> Interruption {
    let interruption = Interruption()
    let speaks = ranks.lead
    interruption.watchSignals([SIGUSR1]) { announcement in
      if !speaks { return }
      switch announcement {
      case .stopping: Console.error("\nstopping: this step is finished and saved first\n")
      case .stillStopping:
        Console.error("\nstill in that step, or saving; Ctrl-C once more leaves at once and loses what is not saved\n")
      }
    }
    return interruption
  }

  /// Opens the run's directory, or makes one, and says what is about to happen.
  private mutating func makeTrainer(
    for training: Training, _ earlier: Resumption?, _ session: Session, _ context: Context,
    _ members: StartRecord.Ranks?
  ) throws -> Trainer {
    let (options, dataset, origin) = (training.options, training.dataset, training.origin)
    let parent = earlier?.origin?.parent ?? arguments.string("--out")
    let run = try earlier?.run ?? RunDirectory.create(in: parent, name: options.runName)
    var configuration = RunConfiguration(
      version: Self.version, folder: absolutePath(try folder(earlier?.configuration)), data: dataset.summary,
      options: options)
    if let earlier, earlier.run != nil { configuration.created = earlier.configuration.created }
    let source =
      try origin?.checkpoint
      ?? (arguments.optionalString("--generator") ?? arguments.optionalString("--discriminator")).map {
        absolutePath(try CheckpointPath($0).file())
      }
    var session = session
    session.start = StartRecord(
      command: CommandLine.arguments, earlier: earlier?.configuration, configuration: configuration,
      isForced: arguments.isOn("--force"), source: source, instructionSet: context.instructionSet.rawValue,
      threads: context.threads)
    session.start?.ranks = members
    let trainer = try Trainer(
      model: training.model, dataset: dataset, configuration: configuration, run: run, session: session,
      resume: earlier?.run != nil, from: origin)
    try configuration.write(to: run)
    progress.say("\(run.path): \(dataset.description)")
    if let members { progress.say("\(run.path): \(members.description)") }
    if let origin { progress.say("\(run.path): \(origin.description)") }
    return trainer
  }

  private func folder(_ before: RunConfiguration?) throws -> String {
    guard let folder = arguments.operands.first ?? before?.folder else {
      throw UsageError("DATA_DIR is missing: give a folder of pictures, as in cattrain photos")
    }
    return folder
  }

  /// Of this rank's share of a batch.
  private func memory(_ options: RunOptions, threads: Int) -> MemoryEstimate {
    var share = options
    share.batchSize = (options.batchSize + ranks.communicator.count - 1) / ranks.communicator.count
    return MemoryEstimate(share, threads: threads)
  }

  /// All that a rank must have before it can train.
  private struct Training {
    var options: RunOptions
    var dataset: Dataset
    var model: GANModel
    /// What a new run begins from, if it is a checkpoint.
    var origin: RunOrigin?
  }

  private mutating func prepare(
    _ earlier: Resumption?, before: RunConfiguration?, _ context: Context, force: Bool
  ) throws -> Training {
    let folder = try folder(before)
    var options = try options(before, force: force || !ranks.lead || earlier?.run == nil)
    if before == nil, ranks.areSeveral, !arguments.isGiven("--shards") {
      options.shards = (1...8).last { options.batchSize % $0 == 0 }!
    }
    let count = ranks.communicator.count
    if options.shards < count {
      throw UsageError(
        "--shards \(options.shards): fewer than the \(count) ranks; start fewer, or give --shards \(count) or more, of"
          + " at most --batch-size \(options.batchSize)")
    }
    if ranks.lead, let run = earlier?.run { try refuseEndBefore(run, options) }
    let memory = memory(options, threads: context.threads)
    if ranks.lead && !force && !arguments.isOn("--dry-run") {
      let place = earlier?.run?.path ?? earlier?.origin?.parent ?? arguments.string("--out")
      try requireSpace(memory.checkpointBytes, in: place, for: "each checkpoint")
    }
    let dataset: Dataset
    do {
      dataset = try load(folder, options, memory, threads: context.threads)
    } catch let error as DatasetError {
      guard before != nil, arguments.operands.isEmpty else { throw error }
      throw RunError(
        "\(error); if the pictures of this run have moved, say where to: cattrain NEW_DIR --resume "
          + arguments.string("--resume"))
    }
    try Trainer.checkBatch(dataset.count, options)
    try before?.allow(dataset.summary, of: absolutePath(folder), force: force)
    let model = GANModel(
      options, data: dataset.summary, version: Self.version, context: context, communicator: ranks.communicator)
    model.earlierBatchSize = before?.options.batchSize
    let origin = try earlier?.origin.map {
      RunOrigin(checkpoint: $0.checkpoint, position: try model.load($0.checkpoint))
    }
    if ranks.lead, let path = arguments.optionalString("--generator") {
      options.generator = try model.beginFrom(generatorOf: CheckpointPath(path).file())
    }
    if ranks.lead, let path = arguments.optionalString("--discriminator") {
      options.discriminator = try model.beginFrom(discriminatorOf: CheckpointPath(path).file())
    } else if ranks.lead, let path = arguments.optionalString("--generator") {
      Console.error(
        "warning: --generator \(path) without --discriminator: a fresh discriminator first undoes what a generator has"
          + " learned (docs/training-runs.md); give its own too, or go on with its run by --resume\n")
    }
    return Training(options: options, dataset: dataset, model: model, origin: origin)
  }

  private func timeLimit() throws -> TimeSpan? {
    guard let text = arguments.optionalString("--time-limit") else { return nil }
    guard let span = TimeSpan(text) else {
      throw UsageError("--time-limit \(text): must be a time as in 90m, 8h or 1h30m")
    }
    return span
  }

  /// - Parameter force: whether a run may become another experiment, as a new one may.
  private func options(_ before: RunConfiguration?, force: Bool) throws -> RunOptions {
    var options: RunOptions
    if let before {
      options = before.options
      if let name = arguments.optionalString("--preset") { options.preset = name }
    } else {
      options = RunOptions(preset: try arguments.optionalChoice("--preset") ?? RunOptions.presets[0])
    }
    try TrainingFlags.apply(arguments, to: &options)
    if let before { try before.options.allow(options, force: force) }
    return options
  }

  /// - Throws: where the run is to end before what it goes on from: the newest checkpoint that is whole.
  private func refuseEndBefore(_ run: RunDirectory, _ options: RunOptions) throws {
    let given = [("--steps", options.steps, \CheckpointName.step), ("--epochs", options.epochs, \.epoch)].filter {
      arguments.isGiven($0.0)
    }
    if given.isEmpty { return }
    let newest = try run.checkpoints().last { name in
      (try? SafeTensors(path: run.path(of: name)).verifyDigest()) != nil
    }
    for (flag, wanted, count) in given {
      guard let now = newest?[keyPath: count], let wanted, wanted < now else { continue }
      throw UsageError("\(flag) \(wanted): the run is at \(now) already; give more, or leave it out")
    }
  }

  private mutating func load(
    _ folder: String, _ options: RunOptions, _ memory: MemoryEstimate, threads: Int
  ) throws -> Dataset {
    let scan = try FolderScan(BytePath(folder))
    let pictures = Dataset.bytesNeeded(count: scan.pictures.count, size: options.imageSize)
    if !arguments.isOn("--force") {
      try Memory.require(
        (memory.bytes + pictures) * ranks.communicator.local.ranks, threads: threads, for: "training",
        remedy: "lower --batch-size or --width, or add --force to try")
      if !arguments.isOn("--dry-run") { try requireFileSize(memory.checkpointBytes, for: "each checkpoint") }
    }
    var settings = DatasetOptions(size: options.imageSize, threads: threads)
    settings.fit = options.fit
    // Calls never overlap, so the counter may stay unlocked.
    nonisolated(unsafe) var shown = progress
    let dataset = try Dataset(scan, options: settings) { done, total in
      shown.decoding(done, of: total, now: monotonicTime())
    }
    progress = shown
    progress.finish()
    if !ranks.lead { return dataset }
    sayLeftOut(dataset.skipped, scan.ownOutput, all: "report.html")
    sayNotes(dataset.notes)
    return dataset
  }

  /// The answer of `--dry-run`, each part as soon as it is known.
  private func estimate(
    _ model: GANModel, _ dataset: Dataset, _ options: RunOptions, _ memory: MemoryEstimate
  ) throws {
    func answer(_ lines: [String]) throws {
      if ranks.lead { try Console.print(lines.joined(separator: "\n")) }
    }
    try answer([
      dataset.description,
      "\(memory.generatorParameters) + \(memory.discriminatorParameters) parameters (generator + discriminator)",
      "about \((memory.bytes + dataset.pixels.count) / 1_000_000) MB of memory, the pictures included",
    ])
    let time = secondsPerStep(model, dataset, options)
    let steps = dataset.count / options.batchSize
    let total = options.steps ?? options.epochs * steps
    try answer([
      "\(steps) steps per epoch, \(TimeSpan(seconds: time * Double(steps))) per epoch",
      "\(total) steps in all, \(TimeSpan(seconds: time * Double(total)))",
    ])
  }
}

/// The width of the terminal on standard output, nil where there is none or it does not say.
private func terminalColumns() -> Int? {
  var size = winsize()
  guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
  return Int(size.ws_col)
}
