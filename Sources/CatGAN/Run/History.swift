// What a run says about itself, line by line: the contents of `stats.jsonl`. Nothing here trains or draws.

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The figures of one logged training step.
public struct StepRecord: Codable, Equatable, Sendable {
  /// Training steps done, this one included.
  public var step: Int
  /// The epoch that this step belongs to, from 1.
  public var epoch: Int
  /// Mean over the batch, reals plus fakes; at chance 2 ln 2, or 2 for hinge.
  public var discriminatorLoss: Float
  /// Mean over the batch; at chance ln 2, or 0 for hinge.
  public var generatorLoss: Float
  /// Mean probability that the discriminator gives to real pictures, D(x).
  public var realProbability: Float
  /// Mean probability that the discriminator gives to generated pictures before its update, D(G(z)).
  public var fakeProbability: Float
  /// Real pictures per second of wall-clock time, averaged since the last logged step.
  public var imagesPerSecond: Float
  /// Seconds of training in all sessions of this run up to here.
  public var seconds: Double
  /// Bytes that rank 0 sent to others in this step; nil for a process by itself.
  public var bytesSent: Int?

  var isFinite: Bool {
    discriminatorLoss.isFinite && generatorLoss.isFinite && realProbability.isFinite && fakeProbability.isFinite
  }
}

/// Something that happened between steps.
public struct RunEvent: Codable, Equatable, Sendable {
  /// What it was.
  public enum Kind: String, Codable, Sendable {
    /// Training went on from a checkpoint: what was logged after its step no longer counts.
    case resumed
    /// A sample grid was written.
    case sample
    /// Something to look at: an alarm, a save that failed.
    case warning
    /// A loss, gradient or weight was not finite.
    case diverged
  }
  /// What happened.
  public var event: Kind
  /// Training steps done; of `diverged` the step that failed is among them.
  public var step: Int
  /// Epochs completed; of `diverged` the one that failed is among them.
  public var epoch: Int
  /// In words, where there is something to say.
  public var message: String?
  /// The grid's path within the run directory (`sample`).
  public var file: String?
  /// Mean distance between two samples of the grid: root mean square over pixels in [-1, 1] (`sample`).
  public var sampleDistance: Float?
  /// The same between as many real pictures (`sample`).
  public var realDistance: Float?
  /// Mean deviation of the levels within a sample of the grid, and within as many real pictures (`sample`).
  public var sampleDeviation: Float?
  /// The same within as many real pictures (`sample`).
  public var realDeviation: Float?
  /// Share of levels within 2.5% of black or of a channel's brightest, of the grid and of as many real pictures (`sample`).
  public var sampleClipped: Float?
  /// The same of as many real pictures (`sample`).
  public var realClipped: Float?

  package init(
    _ event: Kind, step: Int, epoch: Int, message: String? = nil, file: String? = nil, samples: PictureSpread? = nil,
    reals: PictureSpread? = nil
  ) {
    self.event = event
    self.step = step
    self.epoch = epoch
    self.message = message
    self.file = file
    sampleDistance = samples?.distance
    realDistance = reals?.distance
    sampleDeviation = samples?.deviation
    realDeviation = reals?.deviation
    sampleClipped = samples?.clipped
    realClipped = reals?.clipped
  }
}

/// All that a run has logged, without what rolling back has undone, in order.
public struct History: Equatable, Sendable {
  /// Every logged step.
  public private(set) var steps: [StepRecord] = []
  /// What happened between steps.
  public private(set) var events: [RunEvent] = []
  /// Every start, those that training went back from later too.
  public private(set) var starts: [StartRecord] = []

  package init() {}

  /// Reads the text of `stats.jsonl`. A line that is not a whole record (the last one of a machine that lost power) is
  /// left out: the rest is still worth showing.
  public init(text: String) {
    let decoder = JSONDecoder()
    for line in text.split(whereSeparator: \.isNewline) {
      let data = Data(line.utf8)
      if let event = try? decoder.decode(RunEvent.self, from: data) {
        append(event)
      } else if let step = try? decoder.decode(StepRecord.self, from: data) {
        append(step)
      } else if let start = try? decoder.decode(StartRecord.self, from: data) {
        append(start)
      }
    }
  }

  package mutating func append(_ record: StepRecord) { steps.append(record) }

  package mutating func append(_ record: StartRecord) { starts.append(record) }

  package mutating func append(_ event: RunEvent) {
    if event.event == .resumed {
      steps.removeAll { $0.step > event.step }
      events.removeAll { $0.step > event.step }
    }
    events.append(event)
  }

  /// Seconds of training up to the last record.
  public var seconds: Double { steps.last?.seconds ?? 0 }
}

/// One line of `stats.jsonl`, or one entry of a checkpoint, without a newline.
func jsonLine(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
