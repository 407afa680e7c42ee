/// What can go wrong with a file, said in one sentence that names the file, what is wrong with it, and a remedy.
/// Nothing else is thrown by this module to its callers.
public struct StorageError: Error, CustomStringConvertible, Equatable, Sendable {
  public let description: String

  /// The `errno` of the system call that failed, nil where the contents of a file are at fault.
  public let code: Int32?

  /// - Parameters:
  ///   - description: one sentence: the file, what is wrong with it, and a remedy.
  ///   - code: the `errno` where a system call failed.
  public init(_ description: String, code: Int32? = nil) {
    self.description = description
    self.code = code
  }
}

/// A text from outside between quotation marks, made safe to print.
public func quoted(_ text: some StringProtocol, limit: Int = 200) -> String { "'\(printable(text, limit: limit))'" }

/// A text from outside (a path, a name in a file's header) made safe to print: control characters and the
/// direction marks that can turn a line around are escaped, and long texts are cut, so that a hostile file cannot
/// drive the terminal of the person who reads the message.
public func printable(_ text: some StringProtocol, limit: Int = 200) -> String {
  var result = ""
  for scalar in text.unicodeScalars.prefix(limit) {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069:
      result += "\\u{\(String(scalar.value, radix: 16))}"
    default:
      result.unicodeScalars.append(scalar)
    }
  }
  return text.unicodeScalars.dropFirst(limit).isEmpty ? result : result + "..."
}
