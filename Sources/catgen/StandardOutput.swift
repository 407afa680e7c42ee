import Arguments

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

enum StandardOutput {
  /// - Throws: `UsageError` where pictures would go to a terminal.
  static func refuseTerminal(_ flag: String) throws(UsageError) {
    if isatty(STDOUT_FILENO) == 1 {
      throw UsageError("\(flag): standard output is a terminal; send it to a file or another program")
    }
  }
}
