import Testing

@testable import bench

@Suite struct BenchWorkTests {
  @Test func hoursOfTheOriginalRun() {
    // 6,445 pictures are 100 whole batches of 64; 215 epochs of a hundred one-second steps.
    #expect(Session.originalRunHours(secondsPerStep: 1, batch: 64) == 21500.0 / 3600)
  }

  @Test(arguments: [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (8, [1, 2, 4, 8]), (12, [1, 2, 4, 8, 12])])
  func doublings(limit: Int, expected: [Int]) {
    #expect(Session.doublings(to: limit) == expected)
  }
}
