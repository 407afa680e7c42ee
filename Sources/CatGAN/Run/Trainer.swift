// The loop: pictures in, steps, and all that a run leaves behind. It knows neither layers nor command lines.

import Generation
import Random
import Storage

/// What belongs to one session of a run and not to the run.
public struct Session {
  /// Looked at before each step: a request ends the session, after a checkpoint was saved.
  public var interruption: Interruption
  /// Seconds on `now` at which training stops, or nil.
  public var deadline: Double?
  /// A clock that never goes back, in seconds.
  public var now: () -> Double
  /// Where lines for people go.
  public var progress: Progress
  /// How it was started, for the run's history; nil leaves it out.
  public var start: StartRecord?
  /// Other ranks that train the same run, which this one leads; nil where there are none.
  public var team: Team?

  /// - Parameters: as of the properties.
  public init(
    interruption: Interruption = Interruption(), deadline: Double? = nil, now: @escaping () -> Double = monotonicTime,
    progress: Progress, start: StartRecord? = nil, team: Team? = nil
  ) {
    self.interruption = interruption
    self.deadline = deadline
    self.now = now
    self.progress = progress
    self.start = start
    self.team = team
  }
}

/// How a session ended.
public enum Ending: Equatable, Sendable {
  case finished, interrupted, timeIsUp
}

/// What a new run begins from instead of random weights: a checkpoint of another one.
public struct RunOrigin: Sendable {
  /// The checkpoint's file.
  public let checkpoint: String
  /// How far its run had come.
  public let position: Position

  /// - Parameters: as of the properties.
  public init(checkpoint: String, position: Position) {
    self.checkpoint = checkpoint
    self.position = position
  }

  package var description: String {
    "begins at \(position.words), of \(printable(checkpoint, limit: 4000)), whose run stays as it is"
  }
}

/// Trains a model until the run's end, or until a stop is asked for.
public final class Trainer {
  let model: any TrainingModel
  let dataset: Dataset
  let options: RunOptions
  let run: RunDirectory
  let configuration: RunConfiguration
  let randomness: RandomStreams
  let origin: RunOrigin?
  var session: Session
  /// How far the run has come.
  public internal(set) var position = Position()
  var history: History
  var tensorboard: TensorBoardWriter?
  /// Seconds of training in earlier sessions, and the clock when this one began.
  var earlierSeconds: Double
  var sessionStart: Double
  var sessionSteps = 0
  /// That this rank sent to others in the latest step.
  var bytesPerStep = 0
  var lastLog: (time: Double, step: Int)
  var lastReport = -Double.infinity
  /// Of as many real pictures as a grid has samples.
  var realSpread: PictureSpread?
  var rollbacks = 0
  var lastAlarm = Verdict.State.early
  /// What the newest checkpoint of the run holds, once this session saved or loaded it.
  var lastSaved: Position?
  /// Checkpoints that were read from their first to their last byte, and were sound.
  var sound: Set<CheckpointName> = []
  /// What could not be written the last time it was tried.
  var failing: Set<String> = []

  /// How often a run may go back to a checkpoint because values stopped being finite, and what each time does to the
  /// rates.
  static let rollbackLimit = 3
  static let rollbackScale: Float = 0.5
  /// Where `--lr-decay` ends: a rate of zero would only burn time.
  static let smallestDecay: Float = 0.05
  /// Pictures of a sample grid, eight by eight.
  static let sampleCount = 64

  /// - Parameters:
  ///   - resume: start from the newest checkpoint of `run` that can be read.
  ///   - origin: what the model already holds, where a new run does not begin at the beginning.
  /// - Throws: `RunError` where the data set holds less than one batch, or none of its checkpoints can be read;
  ///   `StorageError` where its history cannot.
  public init(
    model: any TrainingModel, dataset: Dataset, configuration: RunConfiguration, run: RunDirectory, session: Session,
    resume: Bool, from origin: RunOrigin? = nil
  ) throws {
    self.model = model
    self.dataset = dataset
    self.configuration = configuration
    options = configuration.options
    self.run = run
    self.session = session
    randomness = RandomStreams(seed: options.seed)
    history = try run.history()
    earlierSeconds = 0
    sessionStart = session.now()
    lastLog = (sessionStart, 0)
    try Trainer.checkBatch(dataset.count, options)
    self.origin = origin
    if resume { try loadNewestCheckpoint() }
    if let origin { take(origin.position, from: origin.checkpoint) }
    earlierSeconds = history.seconds
    recordStart()
    openTensorBoard()
  }

  /// A run of less than one batch per epoch would train on nothing.
  /// - Throws: `RunError` where there are fewer pictures than a batch has.
  public static func checkBatch(_ pictures: Int, _ options: RunOptions) throws {
    guard pictures >= options.batchSize else {
      throw RunError(
        "--batch-size \(options.batchSize) is more than the \(pictures) usable pictures of the data set; lower it")
    }
  }

  /// Whole batches that the data set makes.
  public var stepsPerEpoch: Int { dataset.count / options.batchSize }

  /// Whole batches that the epoch still has.
  private var stepsLeftInEpoch: Int { (dataset.count - position.pictureInEpoch) / options.batchSize }

  /// Steps that the run has when it is complete.
  public var totalSteps: Int {
    if let steps = options.steps { return steps }
    let epochsAfter = options.epochs - position.epoch - 1
    return position.step + (epochsAfter < 0 ? 0 : stepsLeftInEpoch + epochsAfter * stepsPerEpoch)
  }

  var isComplete: Bool {
    if let steps = options.steps { return position.step >= steps }
    return position.epoch >= options.epochs
  }

  /// Trains.
  /// - Throws: `RunError` where values stop being finite for good, or where the last checkpoint cannot be written.
  public func train() throws -> Ending {
    sessionStart = session.now()
    lastLog = (sessionStart, position.step)
    if history.steps.isEmpty { attempt("reals.png") { try writeReals() } }
    realSpread = measureReals()
    try? run.note(
      "cattrain \(configuration.version) begins at step \(position.step) of \(totalSteps): \(dataset.description), "
        + "from \(configuration.folder)")
    if let origin { try? run.note(origin.description) }
    // What a run begins from is not in it: whatever happens from here on, there is something to go on from.
    if origin != nil || options.beginsElsewhere, try run.checkpoints().isEmpty { _ = save() }
    var batches = Batches(dataset, options, share: model.share)
    shareState()
    while !isComplete {
      if let reason = stopReason() { return try stop(reason) }
      let step = position.step + 1
      session.team?.lead(.step(position))
      let sent = model.bytesSent
      let figures = batches.step(model, at: position)
      bytesPerStep = model.bytesSent - sent
      let logs = step % options.logEvery == 0 || step == 1
      let place = model.firstNonFinite(thorough: !figures.isFinite || logs || endsEpoch)
      if place != nil || !figures.isFinite {
        try recover(step: step, figures: figures, place: place)
        shareState()
        continue
      }
      advance()
      log(figures, isLogged: logs || isComplete)
      if position.pictureInEpoch == 0 {
        sample(name: "epoch\(zeroPadded(position.epoch, 4))")
        if position.epoch % options.saveEvery == 0, !isComplete { _ = save() }
      } else if options.sampleEvery > 0, position.step % options.sampleEvery == 0 {
        sample(name: "step\(zeroPadded(position.step, 8))")
      }
      if session.now() - lastReport > 60 { writeReport(status: "running", isRunning: true) }
    }
    return try stop(.finished)
  }

  private var endsEpoch: Bool { stepsLeftInEpoch == 1 }

  private func advance() {
    position.step += 1
    position.pictureInEpoch += options.batchSize
    sessionSteps += 1
    endEpochWithoutBatch()
  }

  /// Pictures that make no whole batch are left out: the next epoch has another order.
  func endEpochWithoutBatch() {
    guard stepsLeftInEpoch < 1 else { return }
    position.pictureInEpoch = 0
    position.epoch += 1
  }

  /// What was loaded or drawn here becomes the state of all ranks.
  private func shareState() {
    guard let team = session.team else { return }
    team.lead(.state)
    model.shareState()
  }

  // MARK: Ends

  private func stopReason() -> Ending? {
    if let team = session.team, team.isInterrupted(session.interruption) { return .interrupted }
    if session.interruption.isRequested { return .interrupted }
    if let deadline = session.deadline, session.now() >= deadline { return .timeIsUp }
    return nil
  }

  private func stop(_ ending: Ending) throws -> Ending {
    session.progress.finish()
    let saved = save()
    if ending == .finished, sessionSteps > 0, position.pictureInEpoch != 0 {
      sample(name: "step\(zeroPadded(position.step, 8))")
    }
    let status: String
    switch ending {
    case .finished: status = "finished"
    case .interrupted: status = "stopped on request"
    case .timeIsUp: status = "stopped at its time limit"
    }
    writeReport(status: status, isRunning: false)
    guard saved else {
      throw RunError(
        "the run \(status) at step \(position.step), but its last checkpoint could not be written; "
          + "what was trained since the one before is lost")
    }
    say("\(status) at \(position.words): \(run.path(of: checkpointName))")
    if ending == .finished && sessionSteps == 0 {
      say("nothing was left to do; to go on, give more --epochs or --steps")
    } else if ending != .finished {
      say("to go on: cattrain --resume \(run.path)")
    }
    return ending
  }
}
