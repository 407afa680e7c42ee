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

/// For `expectClose`: how far the largest of some thousand numbers may be out that so many roundings led to.
///
/// Each rounding is of 2^-24 of about the RMS; as they are independent they add up as the root of their number does; and the
/// largest is four deviations out.
func allowed(roundings: Int) -> Double { 4 * Double(roundings).squareRoot() * 0x1p-24 }

/// Expects what both sides computed in Double and then rounded to Float: 2^-24 each. Below that, the differences of numbers
/// near 1 are left with what Double makes of exponents of up to 2^7, a part of 2^-53 of them.
func expectSameButRounding(
  _ actual: [Float], _ expected: [Float], _ name: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(actual.count == expected.count, "\(name)", sourceLocation: sourceLocation)
  let wrong = zip(actual, expected).first { !(abs(Double($0) - Double($1)) <= 2 * 0x1p-24 * abs(Double($1)) + 0x1p-46) }
  #expect(wrong == nil, "\(name): \(wrong?.0 ?? 0), not \(wrong?.1 ?? 0)", sourceLocation: sourceLocation)
}

/// Contexts of every kind that this machine runs.
var contexts: [Context] {
  InstructionSet.available.flatMap { set in [1, 3].map { Context(threads: $0, instructionSet: set) } }
}
