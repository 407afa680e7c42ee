import Random

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  import CHost
#endif

/// From a seed to the vector z that becomes a picture, in a way that any other program can repeat.
///
/// With m1, m2, ... the successive draws of SplitMix64 from the seed (`RandomGenerator`), each shifted right by 40 bits:
/// - uniform: `z[i] = m[i] * 2^-23 - 1`, exact in single precision.
/// - normal (Box and Muller, 1958), two components from two draws, in double precision and rounded once to single:
///   `r = sqrt(-2 ln((m1 + 1) * 2^-24))`, `a = 2 pi m2 * 2^-24`, `z[0] = r cos a`, `z[1] = r sin a`; of an odd dimension
///   the last sine is dropped.
///
/// Truncation t then multiplies every component: below 1 it draws z towards the mean, for fewer odd pictures and less
/// variety.
public enum Latent {
  public static func vector(
    seed: UInt64, dimension: Int, distribution: LatentDistribution, truncation: Float = 1
  ) -> [Float] {
    var generator = RandomGenerator(seed: seed)
    var z: [Float] = []
    z.reserveCapacity(dimension + 1)
    switch distribution {
    case .uniform:
      for _ in 0..<dimension { z.append(Float(generator.next24()) * 0x1p-23 - 1) }
    case .normal:
      while z.count < dimension {
        let radius = (-2 * log(Double(generator.next24() + 1) * 0x1p-24)).squareRoot()
        let angle = 2 * Double.pi * (Double(generator.next24()) * 0x1p-24)
        z.append(Float(radius * cos(angle)))
        z.append(Float(radius * sin(angle)))
      }
      z.removeLast(z.count - dimension)
    }
    if truncation != 1 {
      for i in z.indices { z[i] *= truncation }
    }
    return z
  }

  /// The point at `position` (0 at `start`, 1 at `end`) on the way between two vectors of equal length: a straight line
  /// for uniform z, the great circle (Shoemake's slerp, SIGGRAPH 1985) for normal z, whose length would shrink in the
  /// middle of a straight line. Vectors that point almost the same or the opposite way are joined by a straight line.
  /// The ends are returned exactly.
  public static func interpolate(
    from start: [Float], to end: [Float], at position: Double, distribution: LatentDistribution
  ) -> [Float] {
    precondition(start.count == end.count)
    if position == 0 { return start }
    if position == 1 { return end }
    var weights = (1 - position, position)
    if distribution == .normal {
      func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
      let lengths = (dot(start, start) * dot(end, end)).squareRoot()
      let angle = lengths > 0 ? acos(min(max(dot(start, end) / lengths, -1), 1)) : 0
      if sin(angle) > 1e-6 {
        weights = (sin((1 - position) * angle) / sin(angle), sin(position * angle) / sin(angle))
      }
    }
    return zip(start, end).map { Float(weights.0 * Double($0) + weights.1 * Double($1)) }
  }

  /// The vectors of a film that visits `keys` in order at an even pace: the first frame is the first key and the last
  /// frame the last key; with `loop` it returns to the first key, and the frame that would repeat it is left out.
  public static func path(
    through keys: [[Float]], frames: Int, loop: Bool, distribution: LatentDistribution
  ) -> [[Float]] {
    precondition(keys.count >= 2 && frames >= 2)
    let legs = loop ? keys.count : keys.count - 1
    let steps = loop ? frames : frames - 1
    return (0..<frames).map { frame in
      // Whole numbers until the last division, so that frames on a key are that key exactly.
      let (leg, rest) = (frame * legs).quotientAndRemainder(dividingBy: steps)
      let start = keys[leg % keys.count]
      if rest == 0 { return start }
      return interpolate(
        from: start, to: keys[(leg + 1) % keys.count], at: Double(rest) / Double(steps), distribution: distribution)
    }
  }
}

extension RandomGenerator {
  /// The top 24 bits of a draw: as many as a Float's significand holds, so that what follows is exact.
  fileprivate mutating func next24() -> UInt32 { UInt32(truncatingIfNeeded: next() >> 40) }
}
