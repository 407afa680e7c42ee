import Generation
import Storage

/// What a checkpoint holds beside tensors: how far a run has come and what it needs to go on exactly.
public struct CheckpointState: Equatable, Sendable {
  /// Training steps done.
  public var step = 0
  /// Epochs completed.
  public var epoch = 0
  /// Steps of the present batch size in the pictures shown of the epoch after those: what older versions go on from.
  public var stepInEpoch = 0
  /// Pictures shown of that epoch: the cursor in the data, whose order is a function of the seed and the epoch. nil in
  /// files of older versions.
  public var pictureInEpoch: Int?
  /// The learning rates are multiplied by this; rolling back lowers it.
  public var rateScale: Float = 1
  /// The seed of the run.
  public var seed: UInt64 = 0
  /// The data set in one line, for people.
  public var data = ""
  /// The digest of the data set, to tell whether a run goes on with the same.
  public var dataDigest = ""
  /// How pictures became square: crop, pad or stretch; nil in files of older versions.
  public var fit: String?
  /// The version of the program that wrote the file.
  public var version = ""

  /// The state before the first step; texts are empty.
  public init() {}

  var metadata: [String: String] {
    var result: [String: String] = [:]
    for key in CheckpointKey.allCases {
      result[key.rawValue] =
        switch key {
        case .step: String(step)
        case .epoch: String(epoch)
        case .stepInEpoch: String(stepInEpoch)
        case .pictureInEpoch: pictureInEpoch.map { String($0) }
        // The shortest text that reads back as the same bits.
        case .rateScale: rateScale.description
        case .seed: String(seed)
        case .data: data
        case .dataDigest: dataDigest
        case .fit: fit
        case .version: version
        }
    }
    return result
  }

  /// Reads the state from a file's metadata.
  /// - Throws: `StorageError` naming the entry that is missing or makes no sense.
  init(_ file: SafeTensors) throws {
    func text(_ key: CheckpointKey) throws -> String { try Checkpoint.metadata(file, key.rawValue) }
    func number<Number: LosslessStringConvertible>(_ key: CheckpointKey, _ valid: (Number) -> Bool) throws -> Number {
      try Checkpoint.number(file, key.rawValue, valid)
    }
    step = try number(.step) { $0 >= 0 }
    epoch = try number(.epoch) { $0 >= 0 }
    stepInEpoch = try number(.stepInEpoch) { $0 >= 0 }
    if file.entry(.pictureInEpoch) != nil { pictureInEpoch = try number(.pictureInEpoch) { $0 >= 0 } }
    rateScale = try number(.rateScale) { $0 > 0 && $0 <= 1 }
    seed = try number(.seed) { _ in true }
    data = try text(.data)
    dataDigest = try text(.dataDigest)
    fit = file.entry(.fit)
    version = try text(.version)
  }
}
