import Kernels
import Testing

@testable import CatGAN

/// Schedules worked out by hand.
@Suite struct SimulationTests {
  @Test func longestTasksGoFirst() {
    // 7 | 6 -> 7 | 6+3 -> 7+3 | 9 -> 10 | 9+2: index order would give the same set a different end.
    #expect(makespan([2, 3, 3, 6, 7], workers: 2) == 11)
    // Graham's worst case for two workers: LPT 7, optimum 6.
    #expect(makespan([3, 3, 2, 2, 2], workers: 2) == 7)
    #expect(makespan([4, 1, 1, 1, 1], workers: 2) == 4)
  }

  @Test func moreWorkersThanTasks() {
    #expect(makespan([5, 4], workers: 64) == 5)
    #expect(makespan([], workers: 3) == 0)
    #expect(makespan([1, 2, 3], workers: 1) == 6)
  }

  @Test func regionsFollowOneAnotherAndSerialPartsStay() {
    let section = StepPart(serial: 1, regions: [[2, 2], [4, 4, 4]], bytes: 0)
    #expect(section.total == 17)
    #expect(Simulation(cores: 1).seconds(section) == 17)
    #expect(Simulation(cores: 2).seconds(section) == 1 + 2 + 8)
    #expect(Simulation(cores: 4).seconds(section) == 1 + 2 + 4)
  }

  @Test func bandwidthCapsEachSectionAlone() {
    let heavy = StepPart(serial: 0, regions: [[8, 8]], bytes: 100)
    let light = StepPart(serial: 0, regions: [[8, 8]], bytes: 0)
    // 100 bytes at 10 a second take 10 s, more than the 8 s of the tasks on two workers, less than the 16 s on one.
    #expect(Simulation(cores: 2, bandwidth: 10).seconds([heavy, light]) == 18)
    #expect(Simulation(cores: 1, bandwidth: 10).seconds([heavy, light]) == 32)
  }

  @Test func overheadCountsPerParallelRegionOnly() {
    let section = StepPart(serial: 0, regions: [[1, 1], [3]], bytes: 0)
    #expect(Simulation(cores: 2, regionOverhead: 0.5).seconds(section) == 4.5)
    #expect(Simulation(cores: 1, regionOverhead: 0.5).seconds(section) == 5)
  }

  /// 10 bytes per second, two machines: each sends a gradient's size once.
  @Test func gradientsTravelBehindEarlierLayers() {
    func simulation(nodes: Int, link: Double) -> Simulation {
      var simulation = Simulation(cores: 1)
      (simulation.nodes, simulation.link) = (nodes, link)
      return simulation
    }
    let parts = [
      StepPart(name: "last", serial: 1, regions: [], gradientBytes: 20),
      StepPart(name: "first", serial: 5, regions: [], gradientBytes: 10),
      StepPart(name: "D adam", serial: 1, regions: []),
    ]
    // The last layer's 2 s hide behind the first layer's 5; the first layer's 1 s does not.
    #expect(simulation(nodes: 2, link: 10).seconds(parts) == 1 + 5 + 1 + 1)
    // Sixteen machines send 1.875 gradients: 3.75 s hide, 1.875 s do not.
    #expect(simulation(nodes: 16, link: 10).seconds(parts) == 1 + 5 + 1.875 + 1)
    // 10 times slower, the link is never free.
    #expect(simulation(nodes: 2, link: 1).seconds(parts) == 1 + 20 + 10 + 1)
  }
}
