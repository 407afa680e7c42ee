import Arguments
import Images

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

enum StandardOutput {
  /// - Throws: `UsageError` where pictures would go to somebody's screen.
  static func refuseTerminal(_ flag: String) throws(UsageError) {
    if isatty(STDOUT_FILENO) == 1 {
      throw UsageError("\(flag): standard output is a terminal; send it to a file or another program")
    }
  }

  static func write(_ bytes: UnsafeRawBufferPointer) throws {
    var done = 0
    while done < bytes.count {
      #if canImport(Glibc)
        let written = Glibc.write(STDOUT_FILENO, bytes.baseAddress! + done, bytes.count - done)
      #else
        let written = Darwin.write(STDOUT_FILENO, bytes.baseAddress! + done, bytes.count - done)
      #endif
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else {
        throw PictureError(
          "cannot write to standard output: \(String(cString: strerror(errno))); send it somewhere else")
      }
      done += written
    }
  }
}
