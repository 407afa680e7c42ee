// What a person sees while a run goes on: one live line on a terminal, plain lines elsewhere. Text only.

import Storage
import Text

/// Formats and paces the progress of a run.
public struct Progress {
  /// True where lines are overwritten in place.
  let live: Bool
  /// Seconds between two plain lines (a log file of a week stays readable), or two refreshes of the live one.
  var interval: Double { live ? 0.2 : 10 }
  private var lastShown = -Double.infinity
  private var liveLength = 0
  private let columns: () -> Int?
  private let write: (String) -> Void

  /// - Parameters:
  ///   - live: whether `write` reaches a terminal.
  ///   - columns: the terminal's present width, nil where it does not say. A live line must fit, or each refresh would
  ///     begin a line of its own.
  ///   - write: takes text as it is, control characters and newlines included.
  public init(live: Bool, columns: @escaping () -> Int? = { nil }, write: @escaping (String) -> Void) {
    self.live = live
    self.columns = columns
    self.write = write
  }

  /// Shows `line` if the last one is old enough, or in any case with `force`. `now` is in seconds.
  mutating func update(_ line: @autoclosure () -> String, now: Double, force: Bool = false) {
    guard force || now - lastShown >= interval else { return }
    lastShown = now
    var text = line()
    if live {
      // Terminals wrap at the last column.
      if let columns = columns() { text = Progress.fitted(text, to: max(columns - 1, 0)) }
      write("\r" + text + String(repeating: " ", count: max(0, liveLength - text.count)))
      liveLength = text.count
    } else {
      write(text + "\n")
    }
  }

  /// `line` in at most `width` characters: its columns, two spaces apart, go from the last but one on, as the first ones
  /// say how far it is and the last one how long it takes.
  static func fitted(_ line: String, to width: Int) -> String {
    guard line.count > width else { return line }
    var parts = line.split(separator: "  ")
    while parts.count > 2, parts.reduce(2 * (parts.count - 1), { $0 + $1.count }) > width {
      parts.remove(at: parts.count - 2)
    }
    return String(parts.joined(separator: "  ").prefix(width))
  }

  /// Writes a whole line that stays, made safe to print; a live line is wiped before it.
  public mutating func say(_ message: String) {
    if live, liveLength > 0 {
      write("\r" + String(repeating: " ", count: liveLength) + "\r")
      liveLength = 0
    }
    write(printable(message, limit: .max) + "\n")
  }

  /// Shows how many files of the data set are decoded.
  public mutating func decoding(_ done: Int, of total: Int, now: Double) {
    update("reading pictures \(done)/\(total)", now: now, force: done == total)
  }

  /// Shows how much of some work is done.
  public mutating func counting(_ what: String, _ done: Int, of total: Int, now: Double) {
    update("\(what) \(done)/\(total)", now: now, force: done == total)
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
