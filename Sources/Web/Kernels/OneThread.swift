// In place of what Kernels takes from an operating system: a page has one width, one thread, and no memory but its own.

import MicroKernels8

public enum InstructionSet: String, CaseIterable, Sendable {
  /// WebAssembly's vectors of four floats, by twos.
  case simd128

  public var width: Int { 8 }

  public static var available: [InstructionSet] { [.simd128] }

  var kernels: MicroKernelSet { Vector8Kernels.self }
}

typealias MicroKernelSet = Vector8Kernels.Type

/// A page has one thread.
final class Crew {}

extension Context {
  /// Calls `body` with 0, ..., count - 1.
  public func parallel(_ count: Int, _ body: (Int) -> Void) {
    for i in 0..<max(count, 0) { body(i) }
  }

  func parallel(_ count: Int, _ body: (_ task: Int, _ worker: Int) -> Void) {
    for i in 0..<max(count, 0) { body(i, 0) }
  }

  /// No page is told; a second-level cache of today holds as much.
  static let reportedSecondLevelCache = 512 << 10
}

enum Memory {
  static func exhausted(_ bytes: Int) -> Never { fatalError("out of memory") }
}
