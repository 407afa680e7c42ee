import Foundation
import Storage

/// A folder of its own for one test, gone with everything in it when the last reference goes. Nothing
/// else makes temporary files.
package final class TemporaryFolder: Sendable {
  package let path: String

  package init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "catgan-test-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { remove() }

  /// For a process that ends without giving up its references.
  package func remove() { try? FileManager.default.removeItem(atPath: path) }

  package func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  /// All names, those of folders inside too, hidden ones included.
  package var names: [String] {
    (FileManager.default.enumerator(atPath: path)?.allObjects as? [String])?.sorted() ?? []
  }
}

extension TemporaryFolder {
  package var bytePath: BytePath { BytePath(path) }

  /// The length of all files in it.
  package var bytes: Int {
    names.reduce(0) { sum, name in
      var status = stat()
      return stat(path + "/" + name, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        ? sum + Int(status.st_size) : sum
    }
  }

  /// The contents of a file in it.
  package func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: self(name)))) }

  /// Writes a file, with the folders above it; the name may be any bytes.
  package func write(_ bytes: some Sequence<UInt8>, to name: BytePath) throws {
    if let slash = name.bytes.lastIndex(of: UInt8(ascii: "/")) {
      let folder = path + "/" + String(decoding: name.bytes[..<slash], as: UTF8.self)
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
    let file = bytePath.appending(name.bytes).withCString { open($0, O_WRONLY | O_CREAT | O_TRUNC, 0o644) }
    guard file >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    try FileHandle(fileDescriptor: file, closeOnDealloc: true).write(contentsOf: Data(bytes))
  }

  /// The same; returns the file's path.
  @discardableResult
  package func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
    try write(bytes, to: BytePath(name))
    return self(name)
  }
}
