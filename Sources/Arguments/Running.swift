#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The process's standard streams, unbuffered and without Foundation.
public enum Console {
  /// Writes all of `text`; a closed or full stream is ignored, since there is no other place to report to.
  public static func error(_ text: String) { _ = write(text, to: STDERR_FILENO) }

  /// Writes all of `text` and a line's end to standard output.
  /// - Throws: `OutputError` where the stream is closed or full.
  public static func print(_ text: String) throws(OutputError) {
    guard write(text + "\n", to: STDOUT_FILENO) else { throw OutputError() }
  }

  /// Writes all of `bytes` to standard output.
  /// - Throws: `OutputError` where the stream is closed or full.
  public static func write(_ bytes: UnsafeRawBufferPointer) throws {
    guard write(bytes, to: STDOUT_FILENO) else { throw OutputError() }
  }

  /// Puts something in the place of standard streams that are closed: the next file that is opened would take it, and get what
  /// is said. Reading and writing them fails as before.
  static func holdPlaces() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  /// Whether standard error is a terminal, so that a progress line may be redrawn in place.
  public static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  private static func write(_ text: String, to descriptor: Int32) -> Bool {
    var text = text
    return text.withUTF8 { write(UnsafeRawBufferPointer($0), to: descriptor) }
  }

  /// Writes all of `bytes`. Returns false where the stream is closed or full; `errno` says why.
  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var done = 0
    while done < bytes.count {
      #if canImport(Glibc)
        let written = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      #else
        let written = Darwin.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      #endif
      if written < 0 && errno == EINTR { continue }
      if written < 0 && errno == EAGAIN {
        // Whoever is at the other end has made the stream non-blocking, and is slow.
        var stream = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&stream, 1, -1)
        continue
      }
      guard written > 0 else { return false }
      done += written
    }
    return true
  }
}

/// Standard output took less than all: one sentence that says why, by `errno`.
public struct OutputError: Error, CustomStringConvertible {
  private let code = errno

  public var description: String {
    "cannot write to standard output: \(String(cString: strerror(code))); send it somewhere else"
  }

  /// Whether the reader is gone.
  var isClosedPipe: Bool { code == EPIPE }
}

/// How a process ends.
public struct Exit: Equatable, Sendable {
  public let code: Int32
  /// An answer where the code is 0, on standard output, and an error otherwise; nil for nothing to say.
  public let text: String?

  public init(code: Int32, text: String? = nil) {
    self.code = code
    self.text = text
  }

  /// A sentence may hold words of the command line, and these control characters, which could drive a terminal.
  private static func escaped(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      let isControl = scalar.properties.generalCategory == .control && scalar != "\n"
      if isControl { result += "\\u{\(String(scalar.value, radix: 16))}" } else { result.unicodeScalars.append(scalar) }
    }
  }

  /// Writes the text, if any, to the stream of its kind.
  /// - Returns: the code to end with: 1 where an answer could not be written.
  public func say() -> Int32 {
    guard let text else { return code }
    if code != 0 {
      Console.error(Exit.escaped(text) + "\n")
      return code
    }
    do { try Console.print(text) } catch {
      let program = CommandLine.arguments.first?.split(separator: "/").last ?? ""
      Console.error("\(program): \(error)\n")
      return 1
    }
    return 0
  }

  /// Says it and ends the process.
  public func take() -> Never { exit(say()) }
}

extension Command {
  /// The whole of a `main.swift`: parses the process's arguments, answers `--help` and `--version`, calls `body`, and
  /// ends the process: 0 when `body` returns, 2 after a `UsageError`, 1 after any other error and where an answer cannot be
  /// written, each with one sentence on standard error.
  /// - Parameter end: what ends the process instead of `Exit.take`.
  public func run(
    end: (Exit) -> Never = { $0.take() }, _ body: (Arguments) throws -> Void
  ) -> Never {
    // A file that may not grow (ulimit -f) is then a write that fails, and is reported as one.
    signal(SIGXFSZ, SIG_IGN)
    letQuit()
    Console.holdPlaces()
    do {
      try requireText(CommandLine.unsafeArgv, CommandLine.argc)
      let arguments = try parse(CommandLine.arguments.dropFirst())
      if let answer = try arguments.answer() { end(Exit(code: 0, text: answer)) }
      try body(arguments)
      end(Exit(code: 0))
    } catch let error as UsageError {
      end(Exit(code: 2, text: "\(name): \(error)"))
    } catch let error as OutputError where error.isClosedPipe {
      // As it would have ended at once, had not files been to be finished first.
      signal(SIGPIPE, SIG_DFL)
      raise(SIGPIPE)
      end(Exit(code: 1))
    } catch {
      end(Exit(code: 1, text: "\(name): \(error)"))
    }
  }
}

extension Arguments {
  /// What `--help`, `--version` or one of the hidden flags of their kind asked for.
  func answer() throws(UsageError) -> String? {
    if isOn("--help") { return String(command.help.dropLast()) }
    if isOn("--version") { return "\(command.fullName) \(command.version)" }
    if isOn("--help-markdown") { return String(command.markdown.dropLast()) }
    if isOn("--help-man") { return String(command.manualPage.dropLast()) }
    if let shell = try optionalChoice("--completions") {
      return String(command.completions(for: Shell(rawValue: shell)!).dropLast())
    }
    return nil
  }
}

/// Ctrl-\ ends the process, unless it was started to ignore that: Swift's runtime takes it for a crash, and goes on after its
/// report.
private func letQuit() {
  let before = signal(SIGQUIT, SIG_DFL)
  if unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { signal(SIGQUIT, SIG_IGN) }
  var quit = sigset_t()
  sigemptyset(&quit)
  sigaddset(&quit, SIGQUIT)
  pthread_sigmask(SIG_UNBLOCK, &quit, nil)
}

/// - Throws: `UsageError` where a word of the command line is not UTF-8: as text it would be another file's name.
private func requireText(
  _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, _ count: Int32
) throws(UsageError) {
  for index in 0..<Int(count) {
    guard let word = words[index], String(validatingCString: word) == nil else { continue }
    throw UsageError(
      "'\(String(cString: word))' is not UTF-8, and names on the command line must be: rename it, or give it a link whose name is"
    )
  }
}
