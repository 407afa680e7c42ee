// A file's path as the bytes that the file system gave.
//
// Linux paths are bytes without NUL and need not be UTF-8; a Swift String would silently repair them and the repaired
// name would not open. So paths stay bytes, and only `description` (for people) is text.

/// A path as bytes, in the file system's own spelling. Ordered by bytes, so that an order of files does not depend
/// on locale.
public struct BytePath: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The bytes, without a terminating NUL.
  public let bytes: [UInt8]

  /// - Parameter bytes: the path, without a NUL.
  public init(bytes: [UInt8]) { self.bytes = bytes }

  /// The path that a text spells in UTF-8.
  public init(_ path: String) { bytes = Array(path.utf8) }

  /// This path with `name` below it.
  public func appending(_ name: [UInt8]) -> BytePath {
    BytePath(bytes: bytes.last == UInt8(ascii: "/") ? bytes + name : bytes + [UInt8(ascii: "/")] + name)
  }

  /// The bytes after the last slash.
  public var name: [UInt8] { Array(bytes[((bytes.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1)...]) }

  /// The lower-case bytes after the name's last dot; empty without a dot.
  public var fileExtension: [UInt8] {
    let name = name
    guard let dot = name.lastIndex(of: UInt8(ascii: ".")) else { return [] }
    return name[(dot + 1)...].map { (65...90).contains($0) ? $0 + 32 : $0 }
  }

  public static func < (a: BytePath, b: BytePath) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }

  /// Printable on one line: control characters and bytes that are not UTF-8 appear as `\xNN`, a backslash as `\\`.
  public var description: String {
    var text = ""
    var rest = bytes[...]
    while let first = rest.first {
      let length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
      let scalars = String(validating: rest.prefix(length), as: UTF8.self)?.unicodeScalars
      if let scalar = scalars?.first, scalars?.count == 1, scalar.value >= 32, !(127..<160).contains(scalar.value) {
        text += scalar == "\\" ? "\\\\" : String(scalar)
        rest = rest.dropFirst(length)
      } else {
        let hex = String(first, radix: 16, uppercase: true)
        text += "\\x" + (hex.count == 1 ? "0" : "") + hex
        rest = rest.dropFirst()
      }
    }
    return text
  }

  /// The part of this path below `folder`; this path itself if it is not below.
  package func relative(to folder: BytePath) -> BytePath {
    let prefix = folder.appending([]).bytes
    return bytes.starts(with: prefix) ? BytePath(bytes: Array(bytes.dropFirst(prefix.count))) : self
  }

  /// Calls `body` with the path as a C string.
  package func withCString<T>(_ body: (UnsafePointer<CChar>) throws -> T) rethrows -> T {
    let terminated = bytes.map { CChar(bitPattern: $0) } + [0]
    return try terminated.withUnsafeBufferPointer { try body($0.baseAddress!) }
  }
}
