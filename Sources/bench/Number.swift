/// Numbers as text, without the formatters of full Foundation.
enum Number {
  /// `value` with `digits` digits after the point; "-" where it is not finite.
  static func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "-" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (value.magnitude * scale).rounded()
    let whole = Int((scaled / scale).rounded(.down))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return "\(sign)\(whole)" }
    let fraction = String(Int(scaled - Double(whole) * scale))
    return "\(sign)\(whole)." + String(repeating: "0", count: max(0, digits - fraction.count)) + fraction
  }

  /// About `digits` significant digits, never in exponent form above 1e-3.
  static func significant(_ value: Double, _ digits: Int = 4) -> String {
    guard value.isFinite else { return "-" }
    if value == 0 { return "0" }
    let magnitude = value.magnitude
    if magnitude < 1e-3 {
      var exponent = 0
      var mantissa = magnitude
      while mantissa < 1 {
        mantissa *= 10
        exponent += 1
      }
      return (value < 0 ? "-" : "") + fixed(mantissa, 1) + "e-\(exponent)"
    }
    var before = 0
    var rest = magnitude
    while rest >= 1 {
      rest /= 10
      before += 1
    }
    if before == 0 {
      rest = magnitude
      while rest < 0.1 {
        rest *= 10
        before -= 1
      }
    }
    return fixed(value, max(0, digits - before))
  }
}
