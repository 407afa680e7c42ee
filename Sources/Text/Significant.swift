/// `value` with about `digits` significant digits, an exponent only below 1e-3; "-" where it is not finite.
package func significant(_ value: Double, _ digits: Int = 4) -> String {
  guard value.isFinite else { return "-" }
  if value == 0 { return "0" }
  var (scaled, exponent) = (value.magnitude, 0)
  while scaled >= 1 { (scaled, exponent) = (scaled / 10, exponent + 1) }
  while scaled < 0.1 { (scaled, exponent) = (scaled * 10, exponent - 1) }
  guard value.magnitude < 1e-3 else { return decimal(value, max(0, digits - exponent)) }
  return (value < 0 ? "-" : "") + decimal(scaled * 10, 1) + "e\(exponent - 1)"
}
