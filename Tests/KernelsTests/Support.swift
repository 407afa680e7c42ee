// Every file of these tests sees the helpers that all tests share.

@_exported import TestSupport

import Foundation
import Testing

@testable import Kernels

/// The shapes in Fixtures/shapes/NAME.txt.
func shapes(_ name: String) throws -> [ConvShape] {
  try ConvShape.list(parsing: String(contentsOfFile: Fixtures.path("shapes/\(name).txt"), encoding: .utf8))
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
