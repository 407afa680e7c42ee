// What a run says on its way: lines of figures, alarms, and what could not be written.

extension Trainer {
  func log(_ figures: StepFigures, isLogged: Bool) {
    let now = session.now()
    let epoch = position.pictureInEpoch == 0 ? position.epoch : position.epoch + 1
    let elapsed = max(now - lastLog.time, 1e-9)
    let record = StepRecord(
      step: position.step, epoch: epoch, discriminatorLoss: figures.discriminatorLoss,
      generatorLoss: figures.generatorLoss, realProbability: figures.realProbability,
      fakeProbability: figures.fakeProbability,
      imagesPerSecond: Float(Double((position.step - lastLog.step) * options.batchSize) / elapsed),
      seconds: earlierSeconds + now - sessionStart, bytesSent: session.team == nil ? nil : bytesPerStep)
    let left = (now - sessionStart) / Double(sessionSteps) * Double(totalSteps - position.step)
    let epochs = options.steps.map { ($0 + stepsPerEpoch - 1) / stepsPerEpoch } ?? options.epochs
    session.progress.update(
      Progress.line(record, epochs: epochs, steps: totalSteps, secondsLeft: left), now: now,
      force: isComplete || position.pictureInEpoch == 0)
    guard isLogged else { return }
    lastLog = (now, position.step)
    history.append(record)
    attempt("stats.jsonl") { try run.append(record) }
    if let tensorboard { attempt("the TensorBoard file") { try tensorboard.write(record) } }
    raiseAlarm()
  }

  var verdict: Verdict {
    Verdict(history, loss: options.loss, labelSmoothing: options.labelSmoothing, totalSteps: totalSteps)
  }

  /// Says aloud when the verdict turns bad, once per turn.
  func raiseAlarm() {
    let verdict = verdict
    guard verdict.state != lastAlarm else { return }
    lastAlarm = verdict.state
    switch verdict.state {
    case .flat, .collapsed, .discriminatorWinning, .diverged:
      let message = "\(verdict.state.rawValue): \(verdict.reason)"
      record(RunEvent(.warning, step: position.step, epoch: position.epoch, message: message))
      session.progress.finish()
      say("warning: \(message)")
    case .early, .healthy: break
    }
  }

  /// Opens an event file for what follows, where one is asked for.
  ///
  /// TensorBoard has two servers, which forget a past that training went back from in two ways. The one in Python drops
  /// everything from the step of a start record on. The one in Rust skips such records; of each series it drops what is
  /// not older than a new value. So what is known of the last steps, back to the newest figures and the newest grid, is
  /// written again behind the start record.
  func openTensorBoard() {
    guard options.tensorboard else { return }
    tensorboard = nil
    attempt("the TensorBoard file") {
      try run.makeDirectory("tensorboard")
      let grids = history.events.filter { $0.event == .sample }
      let start = [history.steps.last?.step, grids.last?.step].compactMap(\.self).min() ?? position.step + 1
      let writer = try TensorBoardWriter(
        directory: "\(run.path)/tensorboard", start: start, fileSystem: run.fileSystem)
      for record in history.steps where record.step >= start { try writer.write(record) }
      for grid in grids where grid.step >= start {
        if let png = grid.file.flatMap(run.read) { try writer.write(grid: png, step: grid.step) }
      }
      tensorboard = writer
    }
  }

  func record(_ event: RunEvent) {
    history.append(event)
    attempt("stats.jsonl") { try run.append(event) }
  }

  func recordStart() {
    guard var start = session.start else { return }
    start.step = position.step
    start.epoch = position.epoch
    history.append(start)
    attempt("stats.jsonl") { try run.append(start) }
  }

  /// Says something to the person and to `log.txt`.
  func say(_ message: String) {
    session.progress.say(message)
    try? run.note(message)
  }

  /// Does what a run can live without: a failure is said, not thrown. One that lasts is said once, and its end too: a
  /// disk that stays full for a night must not bury the rest under a warning per step.
  @discardableResult
  func attempt(_ what: String, _ body: () throws -> Void) -> Bool {
    do {
      try body()
      if failing.remove(what) != nil { say("\(what) can be written again") }
      return true
    } catch {
      guard failing.insert(what).inserted else { return false }
      session.progress.finish()
      say("warning: \(what) could not be written, training goes on: \(error)")
      return false
    }
  }
}
