// Every file of these tests sees the helpers that all tests share.

@_exported import TestSupport

import Foundation
import Testing

@testable import Kernels

/// The shapes in Fixtures/shapes/NAME.txt, one a line; `#` begins a comment.
func shapes(_ name: String) throws -> [ConvShape] {
  try String(contentsOfFile: Fixtures.path("shapes/\(name).txt"), encoding: .utf8).split(separator: "\n")
    .map { $0.prefix { $0 != "#" } }.filter { !$0.allSatisfy(\.isWhitespace) }.map { try ConvShape(parsing: $0) }
}

/// Expects the same bits; a failure names the first place where they differ.
/// - Parameter what: such as the shape and the pass.
func expectSameBits(
  _ found: some Collection<Float>, _ expected: some Collection<Float>, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found.count == expected.count, "\(what)", sourceLocation: sourceLocation)
  let wrong = zip(found, expected).enumerated().first { $1.0.bitPattern != $1.1.bitPattern }
  if let wrong {
    Issue.record(
      "\(what), element \(wrong.offset): \(wrong.element.0), not \(wrong.element.1)", sourceLocation: sourceLocation)
  }
}
