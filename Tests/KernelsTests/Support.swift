// Every file of these tests sees the helpers that all tests share.

@_exported import TestSupport

import Foundation

@testable import Kernels

/// The shapes in Fixtures/shapes/NAME.txt.
func shapes(_ name: String) throws -> [ConvShape] {
  try ConvShape.list(parsing: String(contentsOfFile: Fixtures.path("shapes/\(name).txt"), encoding: .utf8))
}
