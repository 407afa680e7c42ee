// Numbers as fixed-point text without the C library's formatter, whose decimal point depends on the locale.

/// `value` with exactly `places` digits after the point; "nan", "inf" or "-inf" where it is not finite.
package func decimal(_ value: Double, _ places: Int) -> String {
  guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
  guard abs(value) < 1e15 else { return "\(value)" }
  var scale = 1.0
  for _ in 0..<places { scale *= 10 }
  let rounded = (abs(value) * scale).rounded()
  guard rounded < 9e18 else { return "\(value)" }
  let digits = String(Int(rounded))
  let sign = value < 0 && rounded > 0 ? "-" : ""
  if places == 0 { return sign + digits }
  let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
  return sign + padded.dropLast(places) + "." + padded.suffix(places)
}

package func decimal(_ value: Float, _ places: Int) -> String { decimal(Double(value), places) }

/// A share of the whole: `12%`.
package func percent(_ share: Double, _ places: Int = 0) -> String { decimal(share * 100, places) + "%" }

/// A count with thousands separated by commas: `24,012,345`.
package func grouped(_ value: Int) -> String {
  var result = ""
  let digits = String(value.magnitude)
  for (i, digit) in digits.enumerated() {
    if i > 0, (digits.count - i) % 3 == 0 { result.append(",") }
    result.append(digit)
  }
  return value < 0 ? "-" + result : result
}
