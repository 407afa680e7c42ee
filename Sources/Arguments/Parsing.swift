/// What a command line said, by the names of the declarations.
public struct Arguments: Sendable {
  /// The command, or the subcommand that was named.
  public let command: Command
  /// Flags that were given, by name; switches hold `on` or `off`.
  let given: [String: String]
  public let operands: [String]

  /// True where the user wrote the flag, false where a default applies.
  public func isGiven(_ name: String) -> Bool {
    _ = command.flag(name)
    return given[name] != nil
  }
}

extension Command {
  /// Reads the words after the command's name.
  ///
  /// `--flag value`, `--flag=value`, switches with `--no-` where declared, `-h` for `--help`, a single `-` as an ordinary
  /// value or operand, and `--` before operands that begin with a dash.
  /// - Throws: `UsageError` for an unknown flag, a missing or surplus value, a flag given twice, too many or too few
  ///   operands. Operands are not counted where a flag such as `--help` asks for an answer only.
  public func parse(_ words: some Sequence<String>) throws(UsageError) -> Arguments {
    var words = Array(words)[...]
    if let first = words.first, let chosen = subcommands.first(where: { $0.name == first }) {
      return try chosen.parse(words.dropFirst())
    }
    var given: [String: String] = [:]
    var found: [String] = []
    var flagsEnded = false
    while let word = words.popFirst() {
      if flagsEnded || word == "-" || !word.hasPrefix("-") {
        found.append(word)
        continue
      }
      if word == "--" {
        flagsEnded = true
        continue
      }
      let equals = word.firstIndex(of: "=")
      let written = word == "-h" ? "--help" : String(word[..<(equals ?? word.endIndex)])
      let attached = equals.map { String(word[word.index(after: $0)...]) }
      let (flag, negated) = try lookUp(written)
      guard given[flag.name] == nil else { throw UsageError("\(flag.name) is given more than once: keep one of them") }
      if flag.value == nil {
        if let attached {
          throw UsageError("\(written) takes no value, so '=\(attached)' must go")
        }
        given[flag.name] = negated ? "off" : "on"
      } else if let attached {
        given[flag.name] = attached
      } else if let next = words.first, !next.hasPrefix("--") {
        given[flag.name] = next
        words.removeFirst()
      } else {
        throw UsageError("\(flag.name) needs a value: \(flag.spelling)")
      }
    }
    let arguments = Arguments(command: self, given: given, operands: found)
    if try arguments.answer() == nil { try checkOperands(found) }
    return arguments
  }

  private func checkOperands(_ found: [String]) throws(UsageError) {
    let required = operands.filter(\.required)
    if found.count < required.count {
      let missing = required[found.count]
      throw UsageError("\(missing.name) is missing (\(missing.help)): \(usageLine)")
    }
    if let place = found.firstIndex(of: ""), place < operands.count {
      throw UsageError("\(operands[place].name) is empty (\(operands[place].help)): \(usageLine)")
    }
    if found.count > operands.count && operands.last?.repeats != true {
      if operands.isEmpty, !subcommands.isEmpty {
        let names = subcommands.map(\.name)
        throw UsageError("'\(found[0])' is no subcommand of \(name)\(suggestion(for: found[0], among: names))")
      }
      // A mistyped subcommand is taken for the first operand.
      let hint = nearest(to: found[0], among: subcommands.map(\.name)).map { "; did you mean \($0)?" } ?? ""
      throw UsageError("'\(found[operands.count])' is one argument too many: \(usageLine)\(hint)")
    }
  }

  private func lookUp(_ written: String) throws(UsageError) -> (Flag, negated: Bool) {
    for flag in allFlags {
      if flag.name == written { return (flag, false) }
      if flag.negatable && flag.negatedName == written { return (flag, true) }
    }
    let known = allFlags.filter { !$0.hidden }.flatMap(\.names)
    throw UsageError("\(fullName) knows no flag \(written)\(suggestion(for: written, among: known))")
  }

  private func suggestion(for word: String, among names: [String]) -> String {
    nearest(to: word, among: names).map { "; did you mean \($0)?" } ?? "; \(fullName) --help lists them"
  }

  /// The name that is probably meant, if any.
  private func nearest(to word: String, among names: [String]) -> String? {
    // A beginning of a name, of at least two letters, means that name.
    if word.count > 3, let whole = names.first(where: { $0.hasPrefix(word) }) { return whole }
    let ranked = names.map { ($0, editDistance(word, $0)) }.min { $0.1 < $1.1 }
    return ranked.flatMap { name, distance in distance <= max(2, word.count / 3) ? name : nil }
  }

  /// The declaration; asking for an undeclared flag is a mistake in the program.
  func flag(_ name: String) -> Flag {
    guard let flag = allFlags.first(where: { $0.name == name }) else {
      preconditionFailure("\(self.name) declares no \(name)")
    }
    return flag
  }
}

/// Levenshtein's distance: the fewest insertions, deletions and replacements that turn one word into the other.
func editDistance(_ first: String, _ second: String) -> Int {
  let target = Array(second)
  var row = Array(0...target.count)
  for (i, character) in first.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for j in target.indices {
      let replaced = diagonal + (character == target[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[target.count]
}
