import Random
import Testing

/// What a seed means, which must stay as it is: a run that goes on draws what it would have drawn. Known answers are made
/// of Fixtures/splitmix.py's draws: `seed(s, purpose, index)` is
/// `Random(Random(Random(s).next() ^ purpose).next() ^ index).next()`.
@Suite struct RandomStreamsTests {
  private static let streams = RandomStreams(seed: 2026)

  @Test(
    arguments: [
      (.order, 0xf3d4_cf33_22eb_3fb0, 0x434a_05db_c7f3_dc24), (.latent, 0x7b4f_4ac3_c6a8_93d7, 0xb0b1_b3c2_d53d_a372),
      (.mirror, 0x1b96_75f6_5b67_43b1, 0x3651_4fb6_022f_368d), (.step, 0x7cdc_e69e_d9b4_da44, 0xe281_e79f_bb14_6934),
      (.reals, 0x6c26_3a9d_2ff0_b7ff, 0xc739_89fc_6b43_60f1), (.weights, 0x823b_bdbc_c593_0ba8, 0x947a_8c4d_a3f4_dd42),
      (.statistics, 0x62ea_7ae2_fb82_bf85, 0xa8fb_5537_4741_6de4),
    ] as [(RandomStreams.Purpose, UInt64, UInt64)])
  func seeds(purpose: RandomStreams.Purpose, first: UInt64, second: UInt64) {
    #expect(Self.streams.seed(purpose) == first && Self.streams.seed(purpose, 1) == second)
  }

  @Test func seedsAtTheEnds() {
    #expect(RandomStreams(seed: 0).seed(.order, -1) == 0x9677_9fb4_b69b_576a)
    #expect(RandomStreams(seed: .max).seed(.statistics, 1 << 40) == 0x5468_1d88_8f6a_8dfc)
  }

  /// Fisher and Yates from the end, each place by the upper 64 bits of a draw times the number of places.
  @Test func pictures() {
    #expect(Self.streams.order(epoch: 3, count: 12) == [1, 5, 11, 10, 9, 4, 3, 6, 2, 8, 0, 7])
    #expect(Self.streams.choice(of: 5, from: 12) == [11, 2, 8, 6, 7])
    #expect(
      Self.streams.mirrored(step: 3, count: 16).map { $0 ? 1 : 0 } == [1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 1])
    for count in [0, 1, 2, 100] {
      #expect(Self.streams.order(epoch: 0, count: count).sorted() == Array(0..<count))
    }
    #expect(Self.streams.order(epoch: 0, count: 100) != Self.streams.order(epoch: 1, count: 100))
  }

  /// Each of the 24 orders of four pictures as often as any other, and half of the pictures mirrored: within five standard
  /// errors, which one of 25 counts leaves by a chance of 2e-5.
  @Test func nothingIsFavoured() {
    let epochs = 24_000
    var counts: [[Int]: Int] = [:]
    for epoch in 0..<epochs { counts[Self.streams.order(epoch: epoch, count: 4), default: 0] += 1 }
    #expect(counts.count == 24)
    let (mean, share) = (Double(epochs) / 24, 1.0 / 24)
    for (order, count) in counts {
      #expect(abs(Double(count) - mean) < 5 * (mean * (1 - share)).squareRoot(), "\(order): \(count)")
    }
    let mirrored = (0..<epochs).count { Self.streams.mirrored(step: $0, count: 1)[0] }
    #expect(abs(Double(mirrored) - Double(epochs) / 2) < 5 * (Double(epochs) / 4).squareRoot())
  }
}
