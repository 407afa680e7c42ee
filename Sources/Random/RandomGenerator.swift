#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  import CHost
#endif

/// The one source of randomness: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
/// OOPSLA 2014). Its whole state is one 64-bit number, which a checkpoint can hold; a generator made from a saved state
/// goes on exactly where the other stopped.
///
/// The state starts as the seed. Each draw adds 0x9E3779B97F4A7C15 to it and returns, all modulo 2^64, `mix(s)`:
/// `s = (s ^ s >> 30) * 0xBF58476D1CE4E5B9; s = (s ^ s >> 27) * 0x94D049BB133111EB; s ^ s >> 31`.
///
/// Streams: a run's are listed in `RandomStreams`; a picture's z is `Latent.vector` of its seed alone; initial weights are
/// drawn from the stream `weights`, network by network in the order of their layers.
public struct RandomGenerator: RandomNumberGenerator, Sendable {
  public private(set) var state: UInt64

  public init(seed: UInt64) { state = seed }

  /// Goes on from a saved state.
  public init(state: UInt64) { self.state = state }

  /// Adds 0x9E3779B97F4A7C15 to the state and returns it mixed by two rounds of shift, xor and multiplication.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// The generator after `count` more draws.
  public func advanced(by count: UInt64) -> RandomGenerator {
    RandomGenerator(state: state &+ count &* 0x9E37_79B9_7F4A_7C15)
  }

  /// Uniform in [0, 1): the top 53 bits of one draw times 2^-53.
  public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Uniform in [low, high): low + (high - low) * u, where u is the top 24 bits of one draw times 2^-24. The 24 bits are
  /// exact in Float, and for (-1, 1) so is the result; for other bounds the largest draw may be rounded to `high` itself.
  public mutating func uniform(_ low: Float, _ high: Float) -> Float {
    low + (high - low) * (Float(next() >> 40) * 0x1p-24)
  }

  /// Standard normal by Box and Muller (1958), two draws each: sqrt(-2 ln(1 - u1)) cos(2 pi u2), in Double.
  public mutating func normal() -> Double {
    let u1 = unit()
    let u2 = unit()
    return (-2 * log(1 - u1)).squareRoot() * cos(2 * Double.pi * u2)
  }

  /// Standard normal, drawn again while outside [-2, 2], as TensorFlow's truncated_normal is.
  public mutating func truncatedNormal() -> Double {
    while true {
      let x = normal()
      if abs(x) <= 2 { return x }
    }
  }

  /// Uniform in 0..<bound by rejection, without bias.
  public mutating func index(below bound: Int) -> Int {
    precondition(bound > 0)
    return Int(next(upperBound: UInt64(bound)))
  }

  private mutating func next(upperBound: UInt64) -> UInt64 {
    // Draws above the largest multiple of the bound would favour small remainders.
    let limit = UInt64.max - UInt64.max % upperBound
    while true {
      let x = next()
      if x < limit { return x % upperBound }
    }
  }
}
