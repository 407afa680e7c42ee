// Spans of time as people write and read them: `8h`, `1h30m`, `90m`, `45s`, `2d`.

/// A length of time in seconds, parsed from and printed in the form that `--time-limit` takes.
package struct TimeSpan: Equatable, Sendable, CustomStringConvertible {
  package let seconds: Double

  package init(seconds: Double) { self.seconds = seconds }

  /// Reads numbers with the units d, h, m and s, largest first, each unit at most once (`1h30m`); nil for anything
  /// else, for a bare number, and for nothing at all (`0s`).
  package init?(_ text: String) {
    let units: [(Character, Double)] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]
    var total = 0.0
    var digits = ""
    var next = 0
    for character in text {
      if character.isASCII, character.isNumber || character == "." {
        digits.append(character)
        continue
      }
      guard let unit = units[next...].firstIndex(where: { $0.0 == character }), let value = Double(digits) else {
        return nil
      }
      total += value * units[unit].1
      next = unit + 1
      digits = ""
    }
    // A year bounds the value, so that later arithmetic on clocks cannot overflow.
    guard digits.isEmpty, total > 0, total <= 366 * 86_400 else { return nil }
    seconds = total
  }

  /// `2d 4h`, `8h 05m`, `12m 30s`, `45s`: two units at most, so that a line does not jitter.
  package var description: String {
    guard seconds.isFinite, seconds >= 0 else { return "?" }
    let whole = Int(min(seconds, 1e12).rounded())
    func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    if whole >= 86_400 { return "\(whole / 86_400)d \(whole % 86_400 / 3_600)h" }
    if whole >= 3_600 { return "\(whole / 3_600)h \(padded(whole % 3_600 / 60))m" }
    if whole >= 60 { return "\(whole / 60)m \(padded(whole % 60))s" }
    return "\(whole)s"
  }
}
