import Foundation

/// Files of the repository's folder Fixtures, found from where this source file lies.
package enum Fixtures {
  package static func path(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/\(name)").path
  }
}
