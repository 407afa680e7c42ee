import Foundation

/// A folder of its own for one test, gone with everything in it when the last reference goes. Every test target sees this
/// file; nothing else makes temporary files.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "catgan-test-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { remove() }

  /// For a process that ends without giving up its references.
  func remove() { try? FileManager.default.removeItem(atPath: path) }

  func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  /// All names, those of folders inside too, hidden ones included.
  var names: [String] { (FileManager.default.enumerator(atPath: path)?.allObjects as? [String])?.sorted() ?? [] }
}
