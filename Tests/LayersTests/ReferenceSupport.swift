import Layers
import Storage
import Testing

/// Tensors that PyTorch computed; see Fixtures/reference/make_references.py.
struct Reference {
  let file: SafeTensors

  init(_ name: String) throws {
    file = try SafeTensors(path: Fixtures.path("reference/\(name).safetensors"))
  }

  func values(_ name: String) throws -> [Float] { try file.floats(name) }

  /// A tensor of rank 4, or of rank 2 as [n, 1, 1, c].
  func tensor(_ name: String) throws -> Tensor {
    let sizes = try #require(file.shape(of: name))
    let shape =
      sizes.count == 4
      ? Shape(n: sizes[0], h: sizes[1], w: sizes[2], c: sizes[3]) : Shape(n: sizes[0], h: 1, w: 1, c: sizes[1])
    return Tensor(shape, values: try values(name))
  }
}

/// Largest difference, as a part of the root mean square of what is expected.
func deviation(_ actual: [Float], _ expected: [Float]) -> Double {
  guard actual.count == expected.count, !actual.isEmpty else { return .infinity }
  var squares = 0.0
  var largest = 0.0
  for (a, e) in zip(actual, expected) {
    squares += Double(e) * Double(e)
    let difference = abs(Double(a) - Double(e))
    // A NaN must not pass.
    if !(difference <= largest) { largest = difference }
  }
  return largest / max((squares / Double(expected.count)).squareRoot(), 1e-30)
}

/// Checks a deviation and names the worse numbers.
func expectClose(
  _ actual: [Float], _ expected: [Float], within bound: Double, _ name: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let found = deviation(actual, expected)
  #expect(found <= bound, "\(name): \(found) of the RMS, \(bound) allowed", sourceLocation: sourceLocation)
}

/// Contexts of every kind that this machine runs.
var contexts: [Context] {
  InstructionSet.available.flatMap { set in [1, 3].map { Context(threads: $0, instructionSet: set) } }
}
