// The checkpoints of a run: saving, going on from the newest, and going back to it where values stop being finite.

import Generation

extension Trainer {
  var checkpointName: CheckpointName {
    CheckpointName(epoch: position.epoch, step: position.step, isEpochEnd: position.stepInEpoch == 0)
  }

  /// Saves the state unless it is saved already. A failure leaves the older checkpoints alone, and is said.
  func save() -> Bool {
    let name = checkpointName
    if run.checkpoints().contains(name), sessionSteps == 0 || lastSaved == name { return true }
    if let place = model.firstNonFinite(thorough: true) {
      say("warning: not saved, because \(place) is not finite")
      return false
    }
    // Each lost checkpoint is worth a warning, also where the one before was lost too.
    failing.remove("the checkpoint")
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

  func recover(step: Int, figures: StepFigures, place: String?) throws {
    let began = place.map { "it began in \($0)" } ?? "all weights and gradients are finite, the loss alone is not"
    // NaN has a sign, which tells nobody anything.
    let losses = [figures.discriminatorLoss, figures.generatorLoss].map { $0.isNaN ? "nan" : "\($0)" }
    let message = "values stopped being finite at step \(step) (loss D \(losses[0]), G \(losses[1])): \(began)"
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

  /// Goes to where the model is after it was loaded.
  func take(_ loaded: Position, from checkpoint: String) {
    position = loaded
    if position.stepInEpoch >= stepsPerEpoch {
      // A smaller data set than before, taken with --force: its epoch is over.
      position.stepInEpoch = 0
      position.epoch += 1
    }
    record(RunEvent(.resumed, step: position.step, epoch: position.epoch, message: "from \(checkpoint)"))
  }

  /// Goes to the newest checkpoint that can be read; a damaged one is said aloud and passed over.
  func loadNewestCheckpoint() throws {
    var failure: (any Error)?
    for name in run.checkpoints().reversed() {
      do {
        take(try model.load(run.path(of: name)), from: name.description)
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
}
