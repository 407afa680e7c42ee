import Generation
import Storage

/// One line of the service's input.
struct ServiceRequest {
  enum Latents {
    /// That many pictures, of this seed and those after it.
    case seeds(first: UInt64, count: Int)
    case vector([Float])
  }

  var latents: Latents
  var truncation: Float

  /// What is wrong with a line, in one sentence for its sender.
  struct Failure: Error { let description: String }

  static let mostPictures = 10_000_000

  /// - Parameters:
  ///   - dimension: length of z.
  ///   - truncation: where the line says nothing about it.
  init(_ line: UnsafeBufferPointer<UInt8>, dimension: Int, truncation: Float) throws(Failure) {
    guard String(validating: line, as: UTF8.self) != nil else { throw Failure(description: "the line is no UTF-8") }
    var (seed, count, wished): (UInt64?, Int?, Double?)
    var vector: [Double]?
    do throws(JSONScanner.Failure) {
      var scanner = JSONScanner(line, of: "the line")
      try scanner.object { scanner, name throws(JSONScanner.Failure) in
        switch name {
        case "seed" where seed == nil: seed = try scanner.integer()
        case "count" where count == nil: count = try scanner.integer()
        case "truncation" where wished == nil: wished = try scanner.number()
        case "z" where vector == nil: vector = try scanner.numbers()
        case "seed", "count", "truncation", "z":
          throw JSONScanner.Failure(description: "the line has the field \(quoted(name)) twice")
        default:
          throw JSONScanner.Failure(
            description: "the line has the field \(quoted(name)), where seed, count, z and truncation are known")
        }
      }
      try scanner.end()
    } catch {
      throw Failure(description: error.description)
    }
    if let wished, !Sampler.truncations.contains(wished) {
      throw Failure(description: "truncation is \(wished), and must be a number from 0 to 2")
    }
    self.truncation = wished.map { Float($0) } ?? truncation
    switch (seed, vector) {
    case (let seed?, nil):
      let count = count ?? 1
      guard (1...Self.mostPictures).contains(count), seed <= UInt64.max - UInt64(count - 1) else {
        throw Failure(
          description: "count is \(count), and must be a whole number from 1 to \(Self.mostPictures) that leads to no"
            + " seed beyond 2^64 - 1")
      }
      latents = .seeds(first: seed, count: count)
    case (nil, let vector?):
      if count != nil { throw Failure(description: "count goes with seed: a z is one picture") }
      guard vector.count == dimension else {
        throw Failure(description: "z has \(vector.count) numbers, and this generator takes \(dimension)")
      }
      let z = vector.map { Float($0) }
      if let place = z.firstIndex(where: { !$0.isFinite }) {
        throw Failure(description: "z[\(place)] is \(vector[place]), which single precision does not hold")
      }
      latents = .vector(z)
    case (_?, _?): throw Failure(description: "the line has both seed and z: keep one of them")
    case (nil, nil): throw Failure(description: "the line has neither seed nor z, so nothing is asked for")
    }
  }
}
