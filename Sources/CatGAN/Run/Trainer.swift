// The loop: pictures in, steps, and all that a run leaves behind. It knows neither layers nor command lines.

import Generation
import Storage

/// What belongs to one session of a run and not to the run.
public struct Session {
  public var interruption: Interruption
  /// Seconds on `now` at which training stops, or nil.
  public var deadline: Double?
  /// A clock that never goes back, in seconds.
  public var now: () -> Double
  public var progress: Progress

  public init(
    interruption: Interruption = Interruption(), deadline: Double? = nil, now: @escaping () -> Double = monotonicTime,
    progress: Progress
  ) {
    self.interruption = interruption
    self.deadline = deadline
    self.now = now
    self.progress = progress
  }
}

/// How a session ended.
public enum Ending: Equatable, Sendable {
  case finished, interrupted, timeIsUp
}

/// Trains a model until the run's end, or until somebody or something asks for a stop.
public final class Trainer {
  let model: any TrainingModel
  let dataset: Dataset
  let options: RunOptions
  let run: RunDirectory
  let configuration: RunConfiguration
  let randomness: Randomness
  var session: Session
  public private(set) var position = Position()
  var history: History
  var tensorboard: TensorBoardWriter?
  /// Seconds of training in earlier sessions, and the clock when this one began.
  private var earlierSeconds: Double
  private var sessionStart: Double
  private var sessionSteps = 0
  private var lastLog: (time: Double, step: Int)
  var lastReport = -Double.infinity
  var realDistance: Float = 0
  private var rollbacks = 0
  private var lastAlarm = Verdict.State.early

  /// How often a run may go back to a checkpoint because values stopped being finite, and what each time does to the
  /// rates.
  static let rollbackLimit = 3
  static let rollbackScale: Float = 0.5
  /// Where `--lr-decay` ends: a rate of zero would only burn time.
  static let smallestDecay: Float = 0.05
  /// Pictures of a sample grid, eight by eight.
  static let sampleCount = 64

  /// - Parameter resume: start from the newest checkpoint of `run` that can be read.
  /// - Throws: `RunError` where the data set holds less than one batch, or no checkpoint can be read.
  public init(
    model: any TrainingModel, dataset: Dataset, configuration: RunConfiguration, run: RunDirectory, session: Session,
    resume: Bool
  ) throws {
    self.model = model
    self.dataset = dataset
    self.configuration = configuration
    options = configuration.options
    self.run = run
    self.session = session
    randomness = Randomness(seed: options.seed)
    history = run.history()
    earlierSeconds = 0
    sessionStart = session.now()
    lastLog = (sessionStart, 0)
    try Trainer.checkBatch(dataset.count, options)
    if resume { try loadNewestCheckpoint() }
    earlierSeconds = history.seconds
    if options.tensorboard { openTensorBoard(resumed: resume) }
  }

  /// A run of less than one batch per epoch would train on nothing.
  public static func checkBatch(_ pictures: Int, _ options: RunOptions) throws {
    guard pictures >= options.batchSize else {
      throw RunError(
        "--batch-size \(options.batchSize) is more than the \(pictures) usable pictures of the data set; lower it")
    }
  }

  public var stepsPerEpoch: Int { dataset.count / options.batchSize }

  /// Steps that the run has when it is complete.
  public var totalSteps: Int {
    options.steps ?? position.step - position.stepInEpoch + max(0, options.epochs - position.epoch) * stepsPerEpoch
  }

  private var isComplete: Bool {
    if let steps = options.steps { return position.step >= steps }
    return position.epoch >= options.epochs
  }

  /// Trains.
  /// - Throws: `RunError` where values stop being finite for good, or where the last checkpoint cannot be written.
  public func train() throws -> Ending {
    sessionStart = session.now()
    lastLog = (sessionStart, position.step)
    if history.steps.isEmpty { attempt("reals.png") { try writeReals() } }
    realDistance = measureReals()
    var order: (epoch: Int, pictures: [Int]) = (-1, [])
    var reals = [Float](repeating: 0, count: options.batchSize * model.imageSize * model.imageSize * 3)
    while !isComplete {
      if let reason = stopReason() { return try stop(reason) }
      if order.epoch != position.epoch {
        order = (position.epoch, randomness.order(epoch: position.epoch, count: dataset.count))
      }
      let first = position.stepInEpoch * options.batchSize
      let step = position.step + 1
      reals.withUnsafeMutableBufferPointer {
        dataset.fillBatch(
          Array(order.pictures[first..<first + options.batchSize]),
          mirrored: options.mirror ? randomness.mirrored(step: step, count: options.batchSize) : [],
          into: $0.baseAddress!)
      }
      let figures = model.step(
        reals: reals, z: latent(step: step), rateScale: position.rateScale * decay(),
        seed: randomness.seed(.step, step))
      let logs = step % options.logEvery == 0 || step == 1
      let place = model.firstNonFinite(thorough: !figures.isFinite || logs || endsEpoch)
      if place != nil || !figures.isFinite {
        try recover(step: step, figures: figures, place: place)
        order.epoch = -1
        continue
      }
      advance()
      log(figures, isLogged: logs || isComplete)
      if position.stepInEpoch == 0 {
        sample(name: "epoch\(zeroPadded(position.epoch, 4))")
        if position.epoch % options.saveEvery == 0, !isComplete { _ = save() }
      } else if options.sampleEvery > 0, position.step % options.sampleEvery == 0 {
        sample(name: "step\(zeroPadded(position.step, 8))")
      }
      if session.now() - lastReport > 60 { writeReport(status: "running", isRunning: true) }
    }
    return try stop(.finished)
  }

  private var endsEpoch: Bool { position.stepInEpoch + 1 == stepsPerEpoch }

  private func advance() {
    position.step += 1
    position.stepInEpoch += 1
    sessionSteps += 1
    if position.stepInEpoch == stepsPerEpoch {
      position.stepInEpoch = 0
      position.epoch += 1
    }
  }

  private func latent(step: Int) -> [Float] {
    Randomness.latents(
      seed: randomness.seed(.latent, step), count: options.batchSize * options.zDimension,
      distribution: LatentDistribution(rawValue: options.zDistribution)!)
  }

  /// What `--lr-decay` makes of the rates at the present position.
  private func decay() -> Float {
    guard let span = options.decay else { return 1 }
    let epoch = Float(position.epoch) + Float(position.stepInEpoch) / Float(stepsPerEpoch)
    let share = (epoch - Float(span.first)) / Float(span.last - span.first)
    return max(Trainer.smallestDecay, 1 - min(max(share, 0), 1))
  }

  // MARK: Ends

  private func stopReason() -> Ending? {
    if session.interruption.isRequested { return .interrupted }
    if let deadline = session.deadline, session.now() >= deadline { return .timeIsUp }
    return nil
  }

  private func stop(_ ending: Ending) throws -> Ending {
    session.progress.finish()
    let saved = save()
    if ending == .finished, sessionSteps > 0, position.stepInEpoch != 0 {
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
    say("\(status) at epoch \(position.epoch), step \(position.step): \(run.path(of: checkpointName))")
    if ending != .finished { say("to go on: cattrain --resume \(run.path)") }
    return ending
  }

  // MARK: Values that are not finite

  private func recover(step: Int, figures: StepFigures, place: String?) throws {
    let began = place.map { "it began in \($0)" } ?? "all weights and gradients are finite, the loss alone is not"
    let message =
      "values stopped being finite at step \(step) (loss D \(figures.discriminatorLoss), "
      + "G \(figures.generatorLoss)): \(began)"
    record(RunEvent(.diverged, step: step, epoch: position.epoch + 1, message: message))
    session.progress.finish()
    say(message)
    let newest = run.checkpoints().last.map { run.path(of: $0) }
    guard options.onNaN == .rollback, rollbacks < Trainer.rollbackLimit, newest != nil else {
      writeReport(status: "stopped", isRunning: false)
      let remedy =
        newest == nil
        ? "no checkpoint had been saved yet; start again with lower --lr-g and --lr-d"
        : options.onNaN == .rollback
          ? "\(rollbacks) rollbacks did not help; the last good state is \(newest!)"
          : "the last good state is \(newest!); to go on from it, with lower rates where it happens again: "
            + "cattrain --resume \(run.path) --on-nan rollback"
      throw RunError("\(message); \(remedy)")
    }
    // From the rates of now, not of the checkpoint, which may be the one that the last rollback went to.
    let rateScale = position.rateScale * Trainer.rollbackScale
    try loadNewestCheckpoint()
    rollbacks += 1
    position.rateScale = rateScale
    let scale = decimal(position.rateScale, 3)
    say("rollback \(rollbacks) of \(Trainer.rollbackLimit): on from step \(position.step) with rates times \(scale)")
    lastLog = (session.now(), position.step)
  }

  /// Goes to the newest checkpoint that can be read; a damaged one is said aloud and passed over.
  private func loadNewestCheckpoint() throws {
    var failure: (any Error)?
    for name in run.checkpoints().reversed() {
      do {
        position = try model.load(run.path(of: name))
        if position.stepInEpoch >= stepsPerEpoch {
          // A smaller data set than before, taken with --force: its epoch is over.
          position.stepInEpoch = 0
          position.epoch += 1
        }
        record(RunEvent(.resumed, step: position.step, epoch: position.epoch, message: "from \(name)"))
        return
      } catch {
        say("\(error)")
        failure = error
      }
    }
    guard failure == nil else {
      throw RunError("no checkpoint of '\(run.path)' can be read; start a new run")
    }
    throw RunError("'\(run.path)' holds no checkpoint yet, so there is nothing to go on from; start a new run")
  }

  // MARK: Traces

  private func log(_ figures: StepFigures, isLogged: Bool) {
    let now = session.now()
    let epoch = position.stepInEpoch == 0 ? position.epoch : position.epoch + 1
    let elapsed = max(now - lastLog.time, 1e-9)
    let record = StepRecord(
      step: position.step, epoch: epoch, discriminatorLoss: figures.discriminatorLoss,
      generatorLoss: figures.generatorLoss, realProbability: figures.realProbability,
      fakeProbability: figures.fakeProbability,
      imagesPerSecond: Float(Double((position.step - lastLog.step) * options.batchSize) / elapsed),
      seconds: earlierSeconds + now - sessionStart)
    let left = (now - sessionStart) / Double(sessionSteps) * Double(totalSteps - position.step)
    let epochs = options.steps.map { ($0 + stepsPerEpoch - 1) / stepsPerEpoch } ?? options.epochs
    session.progress.update(
      Progress.line(record, epochs: epochs, steps: totalSteps, secondsLeft: left), now: now,
      force: isComplete || position.stepInEpoch == 0)
    guard isLogged else { return }
    lastLog = (now, position.step)
    history.append(record)
    attempt("stats.jsonl") { try run.append(record) }
    if let tensorboard { attempt("the TensorBoard file") { try tensorboard.write(record) } }
    raiseAlarm()
  }

  /// Says aloud when the verdict turns bad, once per turn.
  private func raiseAlarm() {
    let verdict = Verdict(history, loss: options.loss, labelSmoothing: options.labelSmoothing)
    guard verdict.state != lastAlarm else { return }
    lastAlarm = verdict.state
    switch verdict.state {
    case .collapsed, .discriminatorWinning, .diverged:
      let message = "\(verdict.state.rawValue): \(verdict.reason)"
      record(RunEvent(.warning, step: position.step, epoch: position.epoch, message: message))
      session.progress.finish()
      say("warning: \(message)")
    case .early, .healthy: break
    }
  }

  func record(_ event: RunEvent) {
    history.append(event)
    attempt("stats.jsonl") { try run.append(event) }
  }

  /// Says something to the person and to `log.txt`.
  func say(_ message: String) {
    session.progress.say(message)
    try? run.note(message)
  }

  /// Does what a run can live without: a failure is said, not thrown.
  @discardableResult
  func attempt(_ what: String, _ body: () throws -> Void) -> Bool {
    do {
      try body()
      return true
    } catch {
      session.progress.finish()
      say("warning: \(what) could not be written, training goes on: \(error)")
      return false
    }
  }

  private var checkpointName: CheckpointName {
    CheckpointName(epoch: position.epoch, step: position.step, isEpochEnd: position.stepInEpoch == 0)
  }

  /// Saves the state unless it is saved already. A failure leaves the older checkpoints alone, and is said.
  private func save() -> Bool {
    let name = checkpointName
    if run.checkpoints().contains(name), sessionSteps == 0 || lastSaved == name { return true }
    if let place = model.firstNonFinite(thorough: true) {
      say("warning: not saved, because \(place) is not finite")
      return false
    }
    guard attempt("the checkpoint", { try model.save(position, to: run.path(of: name), fileSystem: run.fileSystem) })
    else {
      record(
        RunEvent(.warning, step: position.step, epoch: position.epoch, message: "the checkpoint could not be written"))
      return false
    }
    lastSaved = name
    try? run.note("saved \(name)")
    do {
      try run.removeSuperfluous(Retention(keep: options.keep, milestoneEvery: options.milestoneEvery))
    } catch {
      say("warning: \(error)")
    }
    return true
  }
  private var lastSaved: CheckpointName?
}

/// Seconds on a clock that never goes back.
public func monotonicTime() -> Double {
  let elapsed = ContinuousClock.now - monotonicOrigin
  return Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
}

private let monotonicOrigin = ContinuousClock.now
