// A file's path as the bytes that the file system gave, and reading such a file whole.
//
// Linux paths are bytes without NUL and need not be UTF-8; a Swift String would silently repair them and the repaired
// name would not open. So paths stay bytes, and only `description` (for people) is text.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A path as bytes, in the file system's own spelling. Ordered by bytes, so that an order of files does not depend
/// on locale.
public struct BytePath: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The bytes, without a terminating NUL.
  public let bytes: [UInt8]

  public init(bytes: [UInt8]) { self.bytes = bytes }

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
  func relative(to folder: BytePath) -> BytePath {
    let prefix = folder.appending([]).bytes
    return bytes.starts(with: prefix) ? BytePath(bytes: Array(bytes.dropFirst(prefix.count))) : self
  }

  /// Calls `body` with the path as a C string.
  func withCString<T>(_ body: (UnsafePointer<CChar>) throws -> T) rethrows -> T {
    let terminated = bytes.map { CChar(bitPattern: $0) } + [0]
    return try terminated.withUnsafeBufferPointer { try body($0.baseAddress!) }
  }

  /// The file's bytes, or at most its first `prefix`.
  ///
  /// Only regular files are read: a pipe or device would block or never end.
  /// - Throws: `PictureError` for what the system refuses and for files longer than `limit` bytes.
  func read(prefix: Int? = nil, limit: Int) throws(PictureError) -> [UInt8] {
    let file = withCString { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard file >= 0 else { throw PictureError("cannot be opened: \(systemError(errno))") }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw PictureError("cannot be examined: \(systemError(errno))") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw PictureError("is not a regular file") }
    let size = Int(status.st_size)
    guard prefix != nil || size <= limit else {
      throw PictureError("is \(size) bytes long; at most \(limit) are read")
    }
    let wanted = min(size, prefix ?? size)
    // An array made with room for nothing is the library's shared one, whose count must not be written.
    guard wanted > 0 else { return [] }
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
      while count < wanted {
        #if canImport(Glibc)
          let got = Glibc.read(file, buffer.baseAddress! + count, wanted - count)
        #else
          let got = Darwin.read(file, buffer.baseAddress! + count, wanted - count)
        #endif
        if got < 0 && errno == EINTR { continue }
        if got < 0 { failure = errno }
        if got <= 0 { break }
        count += got
      }
    }
    guard failure == 0 else { throw PictureError("cannot be read: \(systemError(failure))") }
    return bytes
  }

  /// Makes a new file with these bytes; `created` is called as soon as there is one, which may stay incomplete.
  /// - Throws: `PictureError` if the file exists or the system refuses.
  func create(_ data: [UInt8], created: () -> Void) throws(PictureError) {
    let file = withCString { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
    guard file >= 0 else { throw PictureError("cannot be made: \(systemError(errno))") }
    created()
    var failure: Int32 = 0
    data.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count && failure == 0 {
        #if canImport(Glibc)
          let put = Glibc.write(file, bytes.baseAddress! + done, bytes.count - done)
        #else
          let put = Darwin.write(file, bytes.baseAddress! + done, bytes.count - done)
        #endif
        if put >= 0 { done += put } else if errno != EINTR { failure = errno }
      }
    }
    if close(file) != 0 && failure == 0 { failure = errno }
    guard failure == 0 else { throw PictureError("cannot be written: \(systemError(failure))") }
  }
}

/// The system's words for an error number.
func systemError(_ number: Int32) -> String { String(cString: strerror(number)) }
