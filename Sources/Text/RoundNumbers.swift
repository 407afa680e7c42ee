/// About five round numbers, 1, 2 or 5 times a power of ten apart, within a range: the labels of an axis. None where the range
/// is empty or not finite.
package func roundNumbers(_ low: Double, _ high: Double) -> [Double] {
  guard high > low, (high - low).isFinite else { return [] }
  var unit = 1.0
  while unit > (high - low) / 5 { unit /= 10 }
  while unit * 10 <= (high - low) / 5 { unit *= 10 }
  let step = [5.0, 2.0, 1.0].map { $0 * unit }.first { (high - low) / $0 >= 4 } ?? unit
  let start = (low / step).rounded(.up)
  return (0...20).map { (start + Double($0)) * step }.filter { $0 <= high }
}
