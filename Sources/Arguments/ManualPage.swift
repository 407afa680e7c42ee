/// The manual page, rendered from the declarations in the macros of man(7).
extension Command {
  var manualPage: String {
    var text = ".TH \(name.uppercased()) 1 \"\" \"CatGAN \(version)\" \"CatGAN\"\n"
    text += ".SH NAME\n\(roff(name)) \\- \(roff(summary))\n"
    text += ".SH SYNOPSIS\n"
    text += ([self] + subcommands).map { command in
      ([".B \(roff(command.fullName))"] + command.operands.map { italic($0.spelling) } + ["[\\fIflags\\fR]\n"])
        .joined(separator: "\n")
    }.joined(separator: ".br\n")
    text += describedArguments(heading: ".SH")
    for command in subcommands {
      text += ".SH \(roff(command.fullName).uppercased())\n\(sentence(command.summary))\n"
      text += command.describedArguments(heading: ".SS")
    }
    return text
  }

  private func describedArguments(heading: String) -> String {
    var text = ""
    if !operands.isEmpty {
      text += "\(heading) Arguments\n"
      for operand in operands { text += ".TP\n\(italic(operand.spelling))\n\(sentence(operand.help))\n" }
    }
    for (title, flags) in groupedFlags {
      text += "\(heading) \(roff(title))\n"
      for flag in flags {
        let names = flag.names.map { "\\fB\(roff($0))\\fR" }.joined(separator: ", ")
        let value = flag.value.map { " \(italic($0))" } ?? ""
        let fallback = flag.shownFallback.map { " Default: \(roff($0))." } ?? ""
        text += ".TP\n\(names)\(value)\n\(sentence(flag.help))\(fallback)\n"
      }
    }
    if !epilogue.isEmpty { text += "\(heading) Notes\n.nf\n\(roff(epilogue))\n.fi\n" }
    return text
  }

  private func sentence(_ help: String) -> String { roff(help.prefix(1).uppercased() + help.dropFirst()) + "." }

  private func italic(_ text: String) -> String { "\\fI\(roff(text))\\fR" }

  /// Text as itself: dashes that can be searched for, no escapes, and no line that begins like a request.
  private func roff(_ text: String) -> String {
    let escaped = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
    return escaped.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.hasPrefix(".") || $0.hasPrefix("'") ? "\\&" + $0 : String($0) }.joined(separator: "\n")
  }
}
