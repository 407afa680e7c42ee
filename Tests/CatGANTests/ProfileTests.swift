import Networks
import Testing

@testable import CatGAN
@testable import Kernels

/// What the description says that a step consists of, held against a real one.
@Suite struct ProfileTests {
  private static let networks = try! Preset.cats64.networks(width: 2)
  private static let shapes = StepShapes(networks, batch: 2)

  private static func subject() -> StepSubject {
    StepSubject(networks, batch: 2, context: Context(threads: 1))
  }

  /// The counts behind the work of a step (54.6 GFLOP per image) are the calls that the layers make.
  @Test func aStepCallsWhatItsShapesSay() {
    let parts = Self.subject().record()
    let calls = Dictionary(grouping: parts.filter { !$0.name.isEmpty }, by: \.name).mapValues(\.count)
    for layer in Self.shapes.layers {
      for pass in ConvPass.allCases {
        // The discriminator's update takes reals and fakes in one call, which counts as two.
        let saved = layer.name.hasPrefix("D.") && (layer.calls[pass] ?? 0) > 1 ? 1 : 0
        #expect(
          calls["\(layer.name) \(pass.rawValue)"] == layer.calls[pass].map { $0 - saved },
          "\(layer.name) \(pass.rawValue)")
      }
    }
    #expect(Self.shapes.batches("D.batch_conv2 fwd", calls: calls["D.batch_conv2 fwd"]!) == 3)
    #expect(Self.shapes.batches("G.batch_trans_conv2 fwd", calls: calls["G.batch_trans_conv2 fwd"]!) == 1)
    let unknown = Set(calls.keys).subtracting(Self.shapes.parts.keys)
    let never = Set(Self.shapes.parts.keys).subtracting(calls.keys)
    #expect(unknown.isEmpty)
    // The generator's first layer has no data gradient; everything else that is named does run.
    #expect(never == ["G.dense bwd-data"])
    #expect(parts.allSatisfy { $0.seconds > 0 && $0.regions.isEmpty })
  }

  @Test func timeOutsideRegionsIsSerial() {
    let regions = [
      ParallelRegion(start: 100, end: 400, tasks: [100, 200]), ParallelRegion(start: 500, end: 600, tasks: [100]),
    ]
    let section = StepPart(regions, seconds: 650e-9)
    #expect((section.serial - 250e-9).magnitude < 1e-15)
    #expect(section.regions.map(\.count) == [2, 1])
    #expect((section.total - 650e-9).magnitude < 1e-15)
  }

  @Test func aRecordedStepNamesItsParts() {
    let recording = Self.subject().recordTasks(repetitions: 2)
    let names = Set(recording.map(\.name))
    #expect(names.isSuperset(of: ["", "G.trans_conv1 fwd", "D.batch_conv5 bwd", "D adam", "G adam"]))
    #expect(recording.contains { !$0.regions.isEmpty })
  }

  /// A task that another program interrupted in one of the recordings counts as it was in the other.
  @Test func interruptionsDoNotCount() {
    func recording(_ serial: Double, _ tasks: [Double]) -> [StepPart] {
      [StepPart(name: "a", serial: serial, regions: [tasks, [4]], bytes: 7)]
    }
    var best = recording(2, [1, 9, 3])
    best.keepMinima(of: recording(1, [8, 2, 3]))
    #expect(best == [StepPart(name: "a", serial: 1, regions: [[1, 2, 3], [4]], bytes: 7)])
  }

  /// Four cores: a part of two equal tasks leaves two cores idle for its whole time, a serial part leaves three.
  @Test func lossesNameTheWorstPartAndItsReason() {
    let recording = [
      StepPart(name: "even", serial: 0, regions: [[1, 1, 1, 1]], bytes: 0),
      StepPart(name: "coarse", serial: 0, regions: [[3, 3]], bytes: 0),
      StepPart(name: "", serial: 0.5, regions: [], bytes: 0),
      StepPart(name: "heavy", serial: 0, regions: [[1, 1, 1, 1]], bytes: 80),
    ]
    let losses = Simulation(cores: 4, bandwidth: 40).losses(recording)
    // coarse: 4 * 3 - 6 = 6; heavy: 4 * 2 - 4 = 4; serial: 4 * 0.5 - 0.5 = 1.5; even: 0.
    #expect(losses.map(\.name) == ["coarse", "heavy", "between layers", "even"])
    #expect(losses.map(\.reason) == ["2 tasks", "bandwidth", "serial", "4 tasks"])
    #expect(losses[0].share == 6 / 11.5)
  }
}
