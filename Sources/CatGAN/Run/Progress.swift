// What a person sees while a run goes on: one live line on a terminal, plain lines elsewhere. Text only.

/// Formats and paces the progress of a run.
public struct Progress {
  /// True where lines are overwritten in place.
  let live: Bool
  /// Seconds between two plain lines (a log file of a week stays readable), or two refreshes of the live one.
  var interval: Double { live ? 0.2 : 10 }
  private var lastShown = -Double.infinity
  private var liveLength = 0
  private let write: (String) -> Void

  /// - Parameters:
  ///   - live: whether `write` reaches a terminal.
  ///   - write: takes text as it is, control characters and newlines included.
  public init(live: Bool, write: @escaping (String) -> Void) {
    self.live = live
    self.write = write
  }

  /// Shows `line` if the last one is old enough, or in any case with `force`. `now` is in seconds.
  mutating func update(_ line: @autoclosure () -> String, now: Double, force: Bool = false) {
    guard force || now - lastShown >= interval else { return }
    lastShown = now
    let text = line()
    if live {
      write("\r" + text + String(repeating: " ", count: max(0, liveLength - text.count)))
      liveLength = text.count
    } else {
      write(text + "\n")
    }
  }

  /// Writes a whole line that stays; a live line is wiped before it.
  public mutating func say(_ message: String) {
    if live, liveLength > 0 {
      write("\r" + String(repeating: " ", count: liveLength) + "\r")
      liveLength = 0
    }
    write(message + "\n")
  }

  /// Shows how many files of the data set are decoded.
  public mutating func decoding(_ done: Int, of total: Int, now: Double) {
    update("reading pictures \(done)/\(total)", now: now, force: done == total)
  }

  /// Leaves the live line standing and moves below it.
  public mutating func finish() {
    if live, liveLength > 0 { write("\n") }
    liveLength = 0
  }

  /// `epoch 3/200  step 730/48600  D 1.312  G 0.801  D(x) 0.55  D(G(z)) 0.46  212.4 images/s  2h 14m left`
  static func line(_ record: StepRecord, epochs: Int, steps: Int, secondsLeft: Double) -> String {
    "epoch \(record.epoch)/\(epochs)  step \(record.step)/\(steps)  "
      + "D \(decimal(record.discriminatorLoss, 3))  G \(decimal(record.generatorLoss, 3))  "
      + "D(x) \(decimal(record.realProbability, 2))  D(G(z)) \(decimal(record.fakeProbability, 2))  "
      + "\(decimal(record.imagesPerSecond, 1)) images/s  \(TimeSpan(seconds: secondsLeft)) left"
  }
}
