/// Help and the table of docs/commands.md, rendered from the declarations.
extension Command {
  var usageLine: String {
    var line = fullName
    if !subcommands.isEmpty { line += " [\(subcommands.map(\.name).joined(separator: " | "))]" }
    for operand in operands { line += " \(operand.spelling)" }
    return line + " [FLAGS]"
  }

  /// What `--help` prints: at most 100 columns, flags under their groups in the order of declaration.
  public var help: String {
    var text = "\(fullName) \(version): \(summary)\n\nUsage: \(usageLine)\n"
    var sections: [(title: String, rows: [(String, String)])] = []
    if !subcommands.isEmpty { sections.append(("Commands", subcommands.map { ($0.name, $0.summary) })) }
    if !operands.isEmpty { sections.append(("Arguments", operands.map { ($0.name, $0.help) })) }
    for (title, flags) in groupedFlags {
      sections.append(
        (title, flags.map { ($0.spelling, $0.help + ($0.shownFallback.map { " [\($0)]" } ?? "")) }))
    }
    let column = min(sections.flatMap(\.rows).map(\.0.count).max() ?? 0, 30) + 4
    for section in sections {
      text += "\n\(section.title):\n"
      for (left, right) in section.rows {
        var lines = wrapped(right, to: 100 - column)[...]
        text += "  " + left
        if left.count + 4 <= column, let first = lines.popFirst() {
          text += String(repeating: " ", count: column - left.count - 2) + first
        }
        text += "\n"
        for line in lines { text += String(repeating: " ", count: column) + line + "\n" }
      }
    }
    if !subcommands.isEmpty { text += "\n\(fullName) COMMAND --help shows a command's own flags.\n" }
    if !epilogue.isEmpty { text += "\n\(epilogue)\n" }
    return text
  }

  /// The flags as a Markdown table, for docs/commands.md; groups have a row of their own.
  public var markdown: String {
    var text = "| flag | default | meaning |\n|---|---|---|\n"
    func cell(_ content: String) -> String { content.replacing("|", with: "\\|") }
    for operand in operands { text += "| `\(cell(operand.spelling))` | | \(cell(operand.help)) |\n" }
    let groups = groupedFlags
    for (title, flags) in groups {
      if groups.count > 1 { text += "| **\(cell(title))** | | |\n" }
      for flag in flags {
        text += "| `\(cell(flag.spelling))` | \(cell(flag.shownFallback ?? "")) | \(cell(flag.help)) |\n"
      }
    }
    for subcommand in subcommands {
      text += "\n`\(subcommand.fullName)`: \(subcommand.summary)\n\n" + subcommand.markdown
    }
    return text
  }

  var groupedFlags: [(title: String, flags: [Flag])] {
    var groups: [(title: String, flags: [Flag])] = []
    for flag in allFlags where !flag.hidden {
      let title = flag.group.isEmpty ? "Flags" : flag.group
      if let index = groups.firstIndex(where: { $0.title == title }) {
        groups[index].flags.append(flag)
      } else {
        groups.append((title, [flag]))
      }
    }
    // `--help` and `--version` have no group; they close the list.
    if groups.count > 1, let index = groups.firstIndex(where: { $0.title == "Flags" }) {
      var last = groups.remove(at: index)
      last.title = "Other"
      groups.append(last)
    }
    return groups
  }

  private func wrapped(_ text: String, to width: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let line = lines.last, line.count + 1 + word.count <= width {
        lines[lines.count - 1] = line + " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}
