import Random
import Testing

/// Known answers are those of Fixtures/splitmix.py, which has Python's own integers and mathematics.
@Suite struct RandomGeneratorTests {
  @Test func draws() {
    // What Rosetta Code publishes for this seed.
    var random = RandomGenerator(seed: 1_234_567)
    let expected: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
      16_408_922_859_458_223_821,
    ]
    #expect(expected.indices.map { _ in random.next() } == expected)
  }

  @Test func goesOnFromItsState() {
    var random = RandomGenerator(seed: 7)
    for count in UInt64(0)..<5 {
      var (resumed, advanced) = (
        RandomGenerator(state: random.state), RandomGenerator(seed: 7).advanced(by: count)
      )
      let next = random.next()
      #expect(resumed.next() == next && advanced.next() == next, "after \(count) draws")
    }
    // So many draws are one less than all of them: one back.
    #expect(random.advanced(by: 5).advanced(by: .max).state == random.advanced(by: 4).state)
  }

  /// Exact: a Double holds the 53 bits of a draw, and a Float the 24 of one in (-1, 1).
  @Test func uniformNumbers() {
    var random = RandomGenerator(seed: 7)
    #expect((0..<3).map { _ in random.unit() } == [0.3898297483912715, 0.01678829452815611, 0.9007606806068834])
    random = RandomGenerator(seed: 7)
    let expected: [Float] = [-0x1.c341fp-3, -0x1.eecf1p-1, 0x1.9a61p-1, 0x1.53aebp-3]
    #expect(expected.map { _ in random.uniform(-1, 1) } == expected)
    let many = (0..<100_000).map { _ in random.uniform(2, 6) }
    #expect(many.allSatisfy { 2..<6 ~= $0 })
    // Four standard errors; the deviation of numbers in [0, 4) is 4 / sqrt(12).
    let mean = many.reduce(0) { $0 + Double($1) } / Double(many.count)
    #expect(abs(mean - 4) < 4 * 4 / (12 * Double(many.count)).squareRoot())
  }

  /// The logarithm, the root, the cosine and the product are each a unit in the last place apart at most, 2^-52, as other
  /// libraries have them.
  @Test func normalNumbers() {
    var random = RandomGenerator(seed: 7)
    for expected in [0.9884743323187353, -1.8642558067312274, 0.00392020721518934, -0.5292707004741914] {
      let found = random.normal()
      #expect(abs(found - expected) <= 4 * 0x1p-52 * abs(expected), "\(found), not \(expected)")
    }
    let count = 100_000.0
    let normals = (0..<Int(count)).map { _ in random.normal() }
    // Four standard errors: the deviation of a normal number is 1, that of its square sqrt(2).
    let mean = normals.reduce(0, +) / count
    let variance = normals.reduce(0) { $0 + $1 * $1 } / count
    #expect(abs(mean) < 4 / count.squareRoot() && abs(variance - 1) < 4 * (2 / count).squareRoot())
  }

  /// The normal numbers of the same draws without those beyond two deviations.
  @Test func truncatedNormalNumbers() {
    var (random, other) = (RandomGenerator(seed: 7), RandomGenerator(seed: 7))
    let kept = (0..<60).map { _ in random.normal() }.filter { abs($0) <= 2 }
    #expect(kept.count == 54)
    #expect(kept.map { _ in other.truncatedNormal() } == kept)
    let count = 100_000.0
    let squares = (0..<Int(count)).map { _ in other.truncatedNormal() }.map { $0 * $0 }
    // The mean square of a normal cut at two deviations is 1 - 4 phi(2) / (2 Phi(2) - 1) = 0.773741, its fourth moment
    // 3 * 0.773741 - 16 phi(2) / (2 Phi(2) - 1) = 1.416187. Four standard errors.
    let deviation = (1.416187 - 0.773741 * 0.773741).squareRoot()
    #expect(abs(squares.reduce(0, +) / count - 0.773741) < 4 * deviation / count.squareRoot())
  }

  /// A bound just above a third of 2^64, for which a third of the draws are thrown away: the sixth here.
  @Test func indices() {
    var random = RandomGenerator(seed: 7)
    let expected = [
      1_042_174_909_655_857_281, 309_689_372_594_955_804, 4_604_251_237_064_954_997, 2_197_165_154_264_206_468,
      4_601_199_455_465_548_305, 2_483_294_616_186_354_592,
    ]
    #expect(expected.map { _ in random.index(below: 6_148_914_691_236_517_206) } == expected)
    #expect(random.state == RandomGenerator(seed: 7).advanced(by: 7).state)
    random = RandomGenerator(seed: 7)
    #expect((0..<8).map { _ in random.index(below: 10) } == [7, 4, 6, 3, 4, 5, 8, 2])
    #expect(random.index(below: 1) == 0)
  }
}
