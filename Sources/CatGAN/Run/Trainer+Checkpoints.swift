// The checkpoints of a run: saving, going on from the newest, and going back to it where values stop being finite.

import Generation
import Storage
import Text

extension Trainer {
  var checkpointName: CheckpointName {
    CheckpointName(epoch: position.epoch, step: position.step, isEpochEnd: position.pictureInEpoch == 0)
  }

  /// Saves the state unless it is saved already, and reads it back. A failure leaves the older checkpoints alone, and is
  /// said.
  func save() -> Bool {
    let name = checkpointName
    if lastSaved == position, (try? run.checkpoints())?.contains(name) == true { return true }
    if let place = model.firstNonFinite(thorough: true) {
      say("warning: not saved, because \(place) is not finite")
      return false
    }
    // Each lost checkpoint is worth a warning, also where the one before was lost too.
    failing.remove("the checkpoint")
    let isSaved = attempt("the checkpoint") {
      try model.save(position, to: run.path(of: name), fileSystem: run.fileSystem)
      try model.check(run.path(of: name))
    }
    guard isSaved else {
      record(
        RunEvent(.warning, step: position.step, epoch: position.epoch, message: "the checkpoint could not be written"))
      return false
    }
    lastSaved = position
    sound.insert(name)
    run.noteSaved(name)
    let retention = Retention(keep: options.keep, milestoneEvery: options.milestoneEvery)
    do {
      let superfluous = retention.superfluous(try run.checkpoints(), saved: name, canBeRead: isSound)
      for old in superfluous { try run.remove(old) }
    } catch {
      say("warning: \(error)")
    }
    return true
  }

  /// Whether all of a checkpoint can be read. One that is damaged is set aside; one that the system does not hand out
  /// may be sound.
  private func isSound(_ name: CheckpointName) -> Bool {
    if sound.contains(name) { return true }
    do {
      try model.check(run.path(of: name))
      sound.insert(name)
      return true
    } catch {
      say("\(error)")
      if (error as? StorageError)?.code == nil { setAside(name) }
      return false
    }
  }

  private func setAside(_ name: CheckpointName) {
    do {
      say("it is kept as \(try run.setAside(name))")
    } catch {
      say("warning: \(error)")
    }
  }

  func recover(step: Int, figures: StepFigures, place: String?) throws {
    let began = place.map { "it began in \($0)" } ?? "all weights and gradients are finite, the loss alone is not"
    // The sign of a NaN has no meaning.
    let losses = [figures.discriminatorLoss, figures.generatorLoss].map { $0.isNaN ? "nan" : "\($0)" }
    let message = "values stopped being finite at step \(step) (loss D \(losses[0]), G \(losses[1])): \(began)"
    record(RunEvent(.diverged, step: step, epoch: position.epoch + 1, message: message))
    session.progress.finish()
    say(message)
    let newest = try run.checkpoints().last(where: isSound).map { run.path(of: $0) }
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
    openTensorBoard()
    let scale = decimal(position.rateScale, 3)
    say("rollback \(rollbacks) of \(Trainer.rollbackLimit): on from step \(position.step) with rates times \(scale)")
    lastLog = (session.now(), position.step)
  }

  /// Goes to where the model is after it was loaded.
  func take(_ loaded: Position, from checkpoint: String) {
    position = loaded
    // Of a smaller data set than before, or with larger batches, the epoch may be over.
    endEpochWithoutBatch()
    record(RunEvent(.resumed, step: position.step, epoch: position.epoch, message: "from \(checkpoint)"))
  }

  /// Goes to the newest checkpoint that is sound. A damaged one is said aloud, and set aside as soon as training goes on
  /// without it: its step will be computed otherwise. One that the system does not hand out may be sound,
  /// and is no reason to go back. A run that ended before its first checkpoint begins again.
  func loadNewestCheckpoint() throws {
    var passedOver: [CheckpointName] = []
    for name in try run.checkpoints().reversed() {
      do {
        let loaded = try model.load(run.path(of: name))
        guard (loaded.step, loaded.epoch) == (name.step, name.epoch) else {
          throw RunError(
            "\(quoted(run.path(of: name))) holds epoch \(loaded.epoch), step \(loaded.step): it was renamed")
        }
        passedOver.forEach(setAside)
        lastSaved = loaded
        sound.insert(name)
        take(loaded, from: name.description)
        return
      } catch let error as StorageError where error.code != nil {
        throw RunError(
          "\(error.description); or begin a new run from an older one: \(CheckpointPath.choices(run.path))")
      } catch {
        say("\(error)")
        passedOver.append(name)
      }
    }
    guard passedOver.isEmpty else {
      throw RunError("no checkpoint of \(quoted(run.path)) can be read; start a new run")
    }
    guard !options.beginsElsewhere else {
      throw RunError(
        "\(quoted(run.path)) holds no checkpoint, and what it began from is not in it; start a new run with --generator or"
          + " --discriminator"
      )
    }
    guard !run.hasSaved else {
      throw RunError(
        "\(quoted(run.path)) holds no checkpoint, and its log.txt says that some were saved; put its folder of checkpoints "
          + "back, or start a new run")
    }
    say("\(run.path) holds no checkpoint yet: it begins again")
    take(Position(), from: "the beginning")
  }
}
