/// `value` with at least so many digits: `0042`.
public func zeroPadded(_ value: some BinaryInteger, _ digits: Int, radix: Int = 10) -> String {
  let text = String(value, radix: radix)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}
