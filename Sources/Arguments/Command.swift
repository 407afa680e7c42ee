/// One flag of a command line, declared once: the parser, `--help` and the table in docs/commands.md all read this.
public struct Flag: Sendable {
  /// With its dashes: `--epochs`.
  public let name: String
  /// What stands for the value in the help, as in `--epochs N`; nil makes the flag a switch (`--x` and, where
  /// `negatable`, `--no-x`).
  public let value: String?
  /// Where not empty, the words that the value must be one of; the help does not list them by itself.
  public let choices: [String]
  /// The heading it appears under.
  public let group: String
  public let help: String
  /// The text that is parsed when the flag is absent; for a switch `on` or `off`, off where nothing is declared.
  public let fallback: String?
  /// Shown in place of `fallback` where the default is computed ("all cores"); never parsed.
  public let fallbackNote: String?
  public let negatable: Bool
  /// Hidden flags work, but no help mentions them.
  public private(set) var hidden = false

  /// A flag with a value: `--epochs N` or `--epochs=N`.
  public init(
    _ name: String, _ value: String, of choices: [String] = [], group: String = "", default fallback: String? = nil,
    defaultNote: String? = nil, help: String
  ) {
    precondition(name.hasPrefix("--"))
    self.name = name
    self.value = value
    self.choices = choices
    self.group = group
    self.help = help
    self.fallback = fallback
    self.fallbackNote = defaultNote
    self.negatable = false
  }

  /// A switch: `--force`, and with `negatable` also `--no-force`.
  public init(
    switch name: String, group: String = "", default on: Bool = false, negatable: Bool = false, help: String
  ) {
    precondition(name.hasPrefix("--"))
    self.name = name
    self.value = nil
    self.choices = []
    self.group = group
    self.help = help
    self.fallback = on ? "on" : nil
    self.fallbackNote = nil
    self.negatable = negatable || on
  }

  /// The same flag, left out of all help.
  func hiddenFromHelp() -> Flag {
    var flag = self
    flag.hidden = true
    return flag
  }

  var negatedName: String { "--no-" + name.dropFirst(2) }
  /// Every word that sets it.
  var names: [String] { negatable ? [name, negatedName] : [name] }
  var shownFallback: String? { fallbackNote ?? fallback }
  var spelling: String {
    if let value { return "\(name) \(value)" }
    return negatable ? "--[no-]\(name.dropFirst(2))" : name
  }
}

/// A positional argument, such as the folder in `cattrain DATA_DIR`.
public struct Operand: Sendable {
  public let name: String
  public let help: String
  public let required: Bool
  public let repeats: Bool

  public init(_ name: String, required: Bool = true, repeats: Bool = false, help: String) {
    self.name = name
    self.help = help
    self.required = required
    self.repeats = repeats
  }

  var spelling: String {
    let one = repeats ? "\(name)..." : name
    return required ? one : "[\(one)]"
  }
}

/// A command and what may follow it. A subcommand is chosen by its name as the first argument; where the first argument
/// is none of them, the command's own operands and flags apply.
public struct Command: Sendable {
  public let name: String
  /// What a person writes: a subcommand's name follows its command's.
  public private(set) var fullName: String
  public let version: String
  public let summary: String
  public let operands: [Operand]
  public let flags: [Flag]
  public let subcommands: [Command]
  /// Printed under the flags by `--help`: examples.
  public let epilogue: String

  public init(
    _ name: String, version: String, summary: String, operands: [Operand] = [], flags: [Flag] = [],
    subcommands: [Command] = [], epilogue: String = ""
  ) {
    self.name = name
    fullName = name
    self.version = version
    self.summary = summary
    self.operands = operands
    self.flags = flags
    self.subcommands = subcommands.map {
      var subcommand = $0
      subcommand.fullName = "\(name) \($0.name)"
      return subcommand
    }
    self.epilogue = epilogue
    precondition(Set(flags.map(\.name)).count == flags.count, "\(name): a flag is declared twice")
  }

  /// Every command answers these; they come last in the help.
  static let standardFlags = [
    Flag(switch: "--help", help: "print this and exit"),
    Flag(switch: "--version", help: "print the version and exit"),
    Flag(switch: "--help-markdown", help: "print the flags as a Markdown table").hiddenFromHelp(),
    Flag(switch: "--help-man", help: "print the manual page").hiddenFromHelp(),
    Flag(
      "--completions", "SHELL", of: Shell.allCases.map(\.rawValue),
      help: "print a shell's script that completes this command's words"
    ).hiddenFromHelp(),
  ]

  var allFlags: [Flag] { flags + Command.standardFlags.filter { own in !flags.contains { $0.name == own.name } } }
}

/// The user asked for something that does not exist or makes no sense: one sentence, exit code 2.
public struct UsageError: Error, Equatable, CustomStringConvertible, Sendable {
  public let description: String

  public init(_ description: String) {
    self.description = description
  }
}
