/// Typed views of the given values and the declared defaults. Each throws a `UsageError` that names the flag, the value
/// and what would be accepted. The getters without `optional` are for flags with a declared default.
extension Arguments {
  /// Whether a switch is on.
  public func isOn(_ name: String) -> Bool {
    let flag = command.flag(name)
    precondition(flag.value == nil, "\(name) is no switch")
    return (given[name] ?? flag.fallback) == "on"
  }

  public func optionalString(_ name: String) -> String? {
    let flag = command.flag(name)
    precondition(flag.value != nil, "\(name) is a switch")
    return given[name] ?? flag.fallback
  }

  public func string(_ name: String) -> String { present(optionalString(name), name) }

  /// One of the flag's choices.
  public func choice(_ name: String) throws(UsageError) -> String { present(try optionalChoice(name), name) }

  public func optionalChoice(_ name: String) throws(UsageError) -> String? {
    let words = command.flag(name).choices
    precondition(!words.isEmpty, "\(name) declares no choices")
    guard let text = optionalString(name) else { return nil }
    guard words.contains(text) else {
      throw UsageError("\(name) \(text): must be one of \(words.joined(separator: ", "))")
    }
    return text
  }

  public func optionalInt(_ name: String, in range: some RangeExpression<Int>) throws(UsageError) -> Int? {
    guard let text = optionalString(name) else { return nil }
    return try wholeNumber(text, name, range)
  }

  public func int(_ name: String, in range: some RangeExpression<Int>) throws(UsageError) -> Int {
    present(try optionalInt(name, in: range), name)
  }

  public func optionalDouble(_ name: String, in range: some RangeExpression<Double>) throws(UsageError) -> Double? {
    guard let text = optionalString(name) else { return nil }
    guard let number = Double(text), number.isFinite, range.contains(number) else {
      throw UsageError("\(name) \(quoted(text)): must be a number\(bounds(range))")
    }
    return number
  }

  public func double(_ name: String, in range: some RangeExpression<Double>) throws(UsageError) -> Double {
    present(try optionalDouble(name, in: range), name)
  }

  /// Whole numbers between commas: `1,2,4`.
  public func optionalInts(_ name: String, in range: some RangeExpression<Int>) throws(UsageError) -> [Int]? {
    guard let text = optionalString(name) else { return nil }
    var numbers: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      numbers.append(try wholeNumber(String(part), name, range))
    }
    return numbers
  }

  /// Words between commas, none of them empty.
  public func optionalStrings(_ name: String) throws(UsageError) -> [String]? {
    guard let text = optionalString(name) else { return nil }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard !parts.contains("") else { throw UsageError("\(name) \(quoted(text)): an item between the commas is empty") }
    return parts
  }

  /// Words between commas, each the word of a case.
  public func cases<Case: RawRepresentable<String> & CaseIterable>(_ name: String) throws(UsageError) -> [Case] {
    try Arguments.cases(optionalStrings(name) ?? [], of: name)
  }

  /// The cases that `words` name.
  /// - Parameter source: the flag or operand that they come from.
  public static func cases<Case: RawRepresentable<String> & CaseIterable>(
    _ words: [String], of source: String
  ) throws(UsageError) -> [Case] {
    var cases: [Case] = []
    for word in words {
      guard let named = Case(rawValue: word) else {
        throw UsageError(
          "\(source) \(word): must be among \(Case.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      cases.append(named)
    }
    return cases
  }

  /// Seeds and ranges of seeds, both ends included: `0-15,20,31`. In the order written; repetitions stay.
  /// - Parameter limit: how many at most, so that `0-99999999999` is refused and not expanded.
  public func optionalSeeds(_ name: String, limit: Int = 10_000_000) throws(UsageError) -> [UInt64]? {
    guard let text = optionalString(name) else { return nil }
    var seeds: [UInt64] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { plainNumber($0) }
      guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1] else {
        throw UsageError(
          "\(name) \(quoted(text)): '\(part)' is neither a seed (0 to \(UInt64.max)) nor a range such as 0-15")
      }
      guard first <= last else {
        throw UsageError("\(name) \(quoted(text)): the range \(part) runs backwards, write \(last)-\(first)")
      }
      guard last - first < UInt64(limit), seeds.count + Int(last - first) < limit else {
        throw UsageError("\(name) \(quoted(text)): more than \(limit) seeds")
      }
      seeds += first...last
    }
    return seeds
  }

  /// Columns and rows: `8x8`.
  public func optionalGrid(_ name: String) throws(UsageError) -> (columns: Int, rows: Int)? {
    guard let text = optionalString(name) else { return nil }
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { plainNumber($0) }
    guard sides.count == 2, let columns = sides[0], let rows = sides[1], (1...65_535).contains(columns),
      (1...65_535).contains(rows)
    else {
      throw UsageError("\(name) \(quoted(text)): must be columns x rows, such as 8x8, each from 1 to 65535")
    }
    return (Int(columns), Int(rows))
  }

  private func wholeNumber(
    _ text: String, _ name: String, _ range: some RangeExpression<Int>
  ) throws(UsageError) -> Int {
    let isBeyond = Int(text) == nil && !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
    if isBeyond { throw UsageError("\(name) \(text): must be at most \(Int.max)") }
    guard let number = Int(text), range.contains(number) else {
      throw UsageError("\(name) \(quoted(text)): must be a whole number\(bounds(range))")
    }
    return number
  }

  /// Digits only: `UInt64.init` would also take a plus sign.
  private func plainNumber(_ text: Substring) -> UInt64? {
    text.utf8.allSatisfy { (48...57).contains($0) } ? UInt64(text) : nil
  }

  private func quoted(_ text: String) -> String { text.isEmpty || text.contains(" ") ? "'\(text)'" : text }

  private func bounds<Bound>(_ range: some RangeExpression<Bound>) -> String {
    switch range {
    case let range as PartialRangeFrom<Bound>: " of at least \(range.lowerBound)"
    case let range as PartialRangeThrough<Bound>: " of at most \(range.upperBound)"
    case let range as PartialRangeUpTo<Bound>: " below \(range.upperBound)"
    case let range as ClosedRange<Bound>: " from \(range.lowerBound) to \(range.upperBound)"
    case let range as Range<Bound>: " from \(range.lowerBound) to below \(range.upperBound)"
    default: ""
    }
  }

  private func present<Value>(_ value: Value?, _ name: String) -> Value {
    guard let value else { preconditionFailure("\(name) has no default: ask with the optional getter") }
    return value
  }
}
