/// A shell that completes words.
enum Shell: String, CaseIterable, Sendable { case bash, zsh, fish }

/// What a word may be completed with.
private enum Words {
  case choices([String])
  case files, folders, anything

  /// The placeholder that stands for a value in the help says what kind of path it is.
  init(_ placeholder: String, _ choices: [String]) {
    if !choices.isEmpty {
      self = .choices(choices)
    } else if ["SRC", "DST", "RUN"].contains(placeholder) || placeholder.hasSuffix("DIR") {
      self = .folders
    } else if ["FILE", "PATH", "CHECKPOINT"].contains(placeholder) {
      self = .files
    } else {
      self = .anything
    }
  }
}

extension Flag {
  fileprivate var words: Words? { value.map { Words($0, choices) } }
}

/// Scripts that complete a command's words, rendered from the declarations. Each is for the place where its shell looks for
/// the script of a command by the command's name.
extension Command {
  func completions(for shell: Shell) -> String {
    switch shell {
    case .bash: bashCompletions
    case .zsh: zshCompletions
    case .fish: fishCompletions
    }
  }

  /// The command and its subcommands, or just the command.
  private var all: [Command] { [self] + subcommands }

  private var shownFlags: [Flag] { allFlags.filter { !$0.hidden } }

  private var bashCompletions: String {
    func compgen(_ words: Words) -> String {
      switch words {
      case .choices(let choices): "COMPREPLY=($(compgen -W '\(choices.joined(separator: " "))' -- \"$word\"))"
      case .files: "compopt -o filenames; COMPREPLY=($(compgen -f -- \"$word\"))"
      case .folders: "compopt -o filenames; COMPREPLY=($(compgen -d -- \"$word\"))"
      case .anything: "COMPREPLY=()"
      }
    }
    var text = """
      # bash completion for \(name), printed by \(name) --completions bash
      _\(name)() {
        local word=$2 before=$3 command=\(name)
        local IFS=$' \\t\\n'

      """
    if !subcommands.isEmpty {
      let names = subcommands.map(\.name).joined(separator: "|")
      text += "  case ${COMP_WORDS[1]} in \(names)) command=${COMP_WORDS[1]} ;; esac\n"
    }
    text += "  case $command,$before in\n"
    for command in all {
      for flag in command.shownFlags {
        guard let words = flag.words else { continue }
        text += "    \(command.name),\(flag.name)) \(compgen(words)); return ;;\n"
      }
    }
    text += "  esac\n  case $command,$word in\n"
    for command in all {
      let flags = command.shownFlags.flatMap(\.names).joined(separator: " ")
      text += "    \(command.name),-*) COMPREPLY=($(compgen -W '\(flags)' -- \"$word\")) ;;\n"
      let operand = command.operands.first.map { Words($0.name, []) } ?? .anything
      var line = compgen(operand)
      if !command.subcommands.isEmpty {
        let names = command.subcommands.map(\.name).joined(separator: " ")
        line += "; ((COMP_CWORD > 1)) || COMPREPLY+=($(compgen -W '\(names)' -- \"$word\"))"
      }
      text += "    \(command.name),*) \(line) ;;\n"
    }
    return text + "  esac\n}\ncomplete -F _\(name) \(name)\n"
  }

  private var zshCompletions: String {
    /// Between single quotes of the shell, within a specification of `_arguments`.
    func described(_ text: String) -> String {
      var quoted = ""
      for character in text {
        switch character {
        case "'": quoted += "'\\''"
        case "[", "]", ":", "\\": quoted += "\\\(character)"
        default: quoted.append(character)
        }
      }
      return quoted
    }
    func action(_ words: Words) -> String {
      switch words {
      case .choices(let choices): "(\(choices.joined(separator: " ")))"
      case .files: "_files"
      case .folders: "_files -/"
      case .anything: " "
      }
    }
    func specifications(_ command: Command) -> String {
      var lines = command.shownFlags.flatMap { flag in
        let value = flag.words.map { ":\(described(flag.value!)):\(action($0))" } ?? ""
        return flag.names.map { "'\($0)[\(described(flag.help))]\(value)'" }
      }
      for operand in command.operands {
        let place = operand.repeats ? "*:" : ":"
        lines.append("'\(place)\(described(operand.name)):\(action(Words(operand.name, [])))'")
      }
      return lines.map { " \\\n      \($0)" }.joined()
    }
    var text = "#compdef \(name)\n# zsh completion for \(name), printed by \(name) --completions zsh\n"
    if subcommands.isEmpty { return text + "_arguments -s\(specifications(self))\n" }
    text += "local -a commands=(\n"
    for command in subcommands { text += "  '\(command.name):\(described(command.summary))'\n" }
    text += ")\ncase ${words[2]} in\n"
    for command in subcommands {
      text += "  \(command.name)) shift words; ((CURRENT--))\n    _arguments -s\(specifications(command)) ;;\n"
    }
    return text + """
        *)
          ((CURRENT == 2)) && _describe command commands
          _arguments -s\(specifications(self)) ;;
      esac

      """
  }

  private var fishCompletions: String {
    func quoted(_ text: String) -> String {
      "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
    }
    var text = "# fish completion for \(name), printed by \(name) --completions fish\n"
    let names = subcommands.map(\.name).joined(separator: " ")
    for command in subcommands {
      text += "complete -c \(name) -n __fish_use_subcommand -a \(command.name) -d \(quoted(command.summary))\n"
    }
    for command in all {
      let condition =
        command.fullName == fullName
        ? (subcommands.isEmpty ? "" : " -n 'not __fish_seen_subcommand_from \(names)'")
        : " -n '__fish_seen_subcommand_from \(command.name)'"
      for flag in command.shownFlags {
        let value =
          switch flag.words {
          case nil: ""
          case .choices(let choices): " -x -a \(quoted(choices.joined(separator: " ")))"
          case .files: " -r -F"
          case .folders: " -x -a '(__fish_complete_directories)'"
          case .anything: " -x"
          }
        for name in flag.names {
          text += "complete -c \(self.name)\(condition) -l \(name.dropFirst(2))\(value) -d \(quoted(flag.help))\n"
        }
      }
    }
    return text
  }
}
