import Networks
import Testing

@testable import Kernels
@testable import bench

/// What bench believes a step consists of, held against a real one.
@Suite struct BenchStepTests {
  private static let networks = try! Preset.cats64.networks(width: 2)
  private static let shapes = StepShapes(networks, batch: 2)

  private static func subject() -> StepSubject {
    StepSubject(networks, batch: 2, context: Context(threads: 1))
  }

  /// The counts behind the work of a step (54.6 GFLOP per image) are the calls that the layers make.
  @Test func aStepCallsWhatItsShapesSay() {
    let trace = StepTrace.record(Self.subject(), repetitions: 2) { 8 }
    let calls = Dictionary(uniqueKeysWithValues: trace.parts.map { ($0.name, $0.calls) })
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
    #expect(trace.steps.count == 2)
    #expect(trace.peaks == [8, 8])
    #expect(trace.parts.allSatisfy { $0.seconds.count == 2 })
    #expect(trace.accounted > 0 && trace.accounted <= 1)
  }

  @Test func trafficOfRows() throws {
    let shapes = try StepShapes(Preset.cats128.networks(), batch: 1)
    // conv2: 64x64x64 and 32x32x128 activations, 5x5x64x128 weights.
    let floats = 64 * 64 * 64 + 32 * 32 * 128 + 25 * 64 * 128
    #expect(shapes.parts["D.conv2 bwd-filter"]!.bytes == Double(4 * floats))
    #expect(shapes.parts["D.batch_conv2 fwd"]!.bytes == Double(4 * 32 * 32 * 128))
    // trans_conv1 puts out 16x16x512.
    #expect(shapes.parts["G.batch_trans_conv1 bwd"]!.bytes == Double(5 * 4 * 16 * 16 * 512))
    #expect(shapes.parts["G.logits bwd-bias"]!.bytes == Double(3 * 4 * 128 * 128 * 3))
    #expect(shapes.parts["D.conv2 bwd-bias"]!.bytes == 0)
    // The recipe's 17.5 million parameters of D, at 28 bytes.
    #expect((17.4e6...17.6e6).contains(shapes.parts["D adam"]!.bytes / 28))
    #expect((23.9e6...24.1e6).contains(shapes.parts["G adam"]!.bytes / 28))
  }

  @Test func timeOutsideRegionsIsSerial() {
    let regions = [
      ParallelRegion(start: 100, end: 400, tasks: [100, 200]), ParallelRegion(start: 500, end: 600, tasks: [100]),
    ]
    let section = TaskRecording.section(regions, from: 50, to: 700, bytes: 9)
    #expect((section.serial - 250e-9).magnitude < 1e-15)
    #expect(section.regions.map(\.count) == [2, 1])
    #expect((section.total - 650e-9).magnitude < 1e-15)
    #expect(section.bytes == 9)
  }

  @Test func aRecordedStepNamesItsParts() {
    let recording = TaskRecording.record(Self.subject(), shapes: Self.shapes, repetitions: 2)
    let names = Set(recording.sections.map(\.name))
    #expect(names.isSuperset(of: ["", "G.trans_conv1 fwd", "D.batch_conv5 bwd", "D adam", "G adam"]))
    #expect(recording.sections.contains { !$0.work.regions.isEmpty })
  }

  /// A task that another program interrupted in one of the recordings counts as it was in the other.
  @Test func interruptionsDoNotCount() {
    func recording(_ serial: Double, _ tasks: [Double]) -> TaskRecording {
      TaskRecording(sections: [.init(name: "a", work: .init(serial: serial, regions: [tasks, [4]], bytes: 7))])
    }
    var best = recording(2, [1, 9, 3])
    best.keepMinima(of: recording(1, [8, 2, 3]))
    #expect(best.sections[0].work == Scaling.Section(serial: 1, regions: [[1, 2, 3], [4]], bytes: 7))
  }

  /// Four cores: a part of two equal tasks leaves two cores idle for its whole time, a serial part leaves three.
  @Test func lossesNameTheWorstPartAndItsReason() {
    let recording = TaskRecording(sections: [
      .init(name: "even", work: .init(serial: 0, regions: [[1, 1, 1, 1]], bytes: 0)),
      .init(name: "coarse", work: .init(serial: 0, regions: [[3, 3]], bytes: 0)),
      .init(name: "", work: .init(serial: 0.5, regions: [], bytes: 0)),
      .init(name: "heavy", work: .init(serial: 0, regions: [[1, 1, 1, 1]], bytes: 80)),
    ])
    let losses = recording.losses(cores: 4, bandwidth: 40, regionOverhead: 0)
    // coarse: 4 * 3 - 6 = 6; heavy: 4 * 2 - 4 = 4; serial: 4 * 0.5 - 0.5 = 1.5; even: 0.
    #expect(losses.map(\.name) == ["coarse", "heavy", "between layers", "even"])
    #expect(losses.map(\.reason) == ["2 tasks", "bandwidth", "serial", "4 tasks"])
    #expect(losses[0].share == 6 / 11.5)
  }
}
