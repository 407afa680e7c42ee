import Testing

@testable import bench

@Suite struct BenchStatisticsTests {
  @Test func orderStatistics() {
    let odd = Statistics([3, 1, 10])
    #expect(odd.median == 3)
    #expect(odd.minimum == 1)
    #expect(odd.spread == 3)
    #expect(Statistics([4, 1, 2, 3]).median == 2.5)
    #expect(Statistics([7]).spread == 0)
  }

  /// A clock that a call of the body moves on by a known time makes the whole of `time` exact.
  @Test func iterationsFillTheMinimumTime() {
    var now = 0.0
    var calls: [Int] = []
    let measure = Measure(repetitions: 4, minimumTime: 2)
    var speed = 0.0
    let timing = measure.time(
      wall: { now }, processor: { 2 * now },
      beside: {
        speed += 8
        return speed
      }
    ) { call in
      calls.append(call)
      now += call == 0 ? 9 : 0.125
    }
    // 2 s over four samples of 1/8 s calls; the slow first call is the warm-up and counts for nothing.
    #expect(timing.iterations == 4)
    #expect(timing.real == Statistics([0.125, 0.125, 0.125, 0.125]))
    #expect(timing.processor.median == 0.25)
    #expect(calls == Array(0..<18))
    #expect(timing.possible == Statistics([1, 2, 3, 4]))
  }

  @Test func noMinimumTimeMeansOneCallPerSample() {
    var calls = 0
    _ = Measure(repetitions: 3, minimumTime: 0).time(wall: { 0 }, processor: { 0 }) { _ in calls += 1 }
    #expect(calls == 4)
  }

  @Test(arguments: [
    (0.0, 2, "0.00"), (1.005, 1, "1.0"), (-0.04, 1, "0.0"), (-2.5, 0, "-3"), (99.96, 1, "100.0"), (1.25, 3, "1.250"),
    (.nan, 1, "-"), (12.03, 2, "12.03"),
  ])
  func fixedPoint(value: Double, digits: Int, expected: String) {
    #expect(fixed(value, digits) == expected)
  }
}
