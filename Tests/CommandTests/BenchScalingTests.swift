import Testing

@testable import bench

/// Schedules worked out by hand.
@Suite struct BenchScalingTests {
  @Test func longestTasksGoFirst() {
    // 7 | 6 -> 7 | 6+3 -> 7+3 | 9 -> 10 | 9+2: index order would give the same set a different end.
    #expect(Scaling.makespan([2, 3, 3, 6, 7], workers: 2) == 11)
    // Graham's worst case for two workers: LPT 7, optimum 6.
    #expect(Scaling.makespan([3, 3, 2, 2, 2], workers: 2) == 7)
    #expect(Scaling.makespan([4, 1, 1, 1, 1], workers: 2) == 4)
  }

  @Test func moreWorkersThanTasks() {
    #expect(Scaling.makespan([5, 4], workers: 64) == 5)
    #expect(Scaling.makespan([], workers: 3) == 0)
    #expect(Scaling.makespan([1, 2, 3], workers: 1) == 6)
  }

  @Test func regionsFollowOneAnotherAndSerialPartsStay() {
    let section = Scaling.Section(serial: 1, regions: [[2, 2], [4, 4, 4]], bytes: 0)
    #expect(section.total == 17)
    #expect(Scaling.time([section], workers: 1) == 17)
    #expect(Scaling.time([section], workers: 2) == 1 + 2 + 8)
    #expect(Scaling.time([section], workers: 4) == 1 + 2 + 4)
  }

  @Test func bandwidthCapsEachSectionAlone() {
    let heavy = Scaling.Section(serial: 0, regions: [[8, 8]], bytes: 100)
    let light = Scaling.Section(serial: 0, regions: [[8, 8]], bytes: 0)
    // 100 bytes at 10 a second take 10 s, more than the 8 s of the tasks on two workers, less than the 16 s on one.
    #expect(Scaling.time([heavy, light], workers: 2, bandwidth: 10) == 18)
    #expect(Scaling.time([heavy, light], workers: 1, bandwidth: 10) == 32)
  }

  @Test func overheadCountsPerParallelRegionOnly() {
    let section = Scaling.Section(serial: 0, regions: [[1, 1], [3]], bytes: 0)
    #expect(Scaling.time([section], workers: 2, regionOverhead: 0.5) == 4.5)
    #expect(Scaling.time([section], workers: 1, regionOverhead: 0.5) == 5)
  }

  /// 10 bytes per second, two machines: each sends a gradient's size once.
  @Test func gradientsTravelBehindEarlierLayers() {
    let parts = [
      ClusterScaling.Part(name: "last", seconds: 1, gradientBytes: 20),
      ClusterScaling.Part(name: "first", seconds: 5, gradientBytes: 10),
      ClusterScaling.Part(name: "adam", seconds: 1, waits: true),
    ]
    // The last layer's 2 s hide behind the first layer's 5; the first layer's 1 s does not.
    #expect(ClusterScaling.time(parts, nodes: 2, link: 10) == 1 + 5 + 1 + 1)
    // Sixteen machines send 1.875 gradients: 3.75 s hide, 1.875 s do not.
    #expect(ClusterScaling.time(parts, nodes: 16, link: 10) == 1 + 5 + 1.875 + 1)
    // 10 times slower, the link is never free.
    #expect(ClusterScaling.time(parts, nodes: 2, link: 1) == 1 + 20 + 10 + 1)
  }
}
