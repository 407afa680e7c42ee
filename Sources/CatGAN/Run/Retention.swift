// Which checkpoints of a run stay.

/// Keeps the newest few checkpoints and, for good, one every so many epochs.
public struct Retention: Equatable, Sendable {
  /// How many of the newest stay; 0 keeps all.
  public let keep: Int
  /// Checkpoints of epochs divisible by this stay for good; 0 for none.
  public let milestoneEvery: Int

  public init(keep: Int, milestoneEvery: Int) {
    self.keep = keep
    self.milestoneEvery = milestoneEvery
  }

  /// The names that may go, oldest first.
  /// - Parameter names: file names in the form of `CheckpointName`; others are never returned.
  public func superfluous(_ names: [String]) -> [String] {
    guard keep > 0 else { return [] }
    let known = names.compactMap(CheckpointName.init).sorted()
    return known.dropLast(keep).filter { !(milestoneEvery > 0 && $0.isEpochEnd && $0.epoch % milestoneEvery == 0) }
      .map(\.description)
  }
}

/// The name of a checkpoint file: `epoch0005-step00001215.safetensors`, where the epoch is the last one completed.
/// One that was saved in the midst of an epoch ends in `-partial`.
public struct CheckpointName: Comparable, Sendable, CustomStringConvertible {
  public let epoch: Int
  public let step: Int
  public let isEpochEnd: Bool

  public init(epoch: Int, step: Int, isEpochEnd: Bool) {
    self.epoch = epoch
    self.step = step
    self.isEpochEnd = isEpochEnd
  }

  public init?(_ name: String) {
    guard name.hasPrefix("epoch"), name.hasSuffix(".safetensors") else { return nil }
    let parts = name.dropFirst(5).dropLast(12).split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3 && parts[2] == "partial", parts[1].hasPrefix("step"),
      let epoch = Int(parts[0]), let step = Int(parts[1].dropFirst(4)), epoch >= 0, step >= 0
    else { return nil }
    self.init(epoch: epoch, step: step, isEpochEnd: parts.count == 2)
    guard description == name else { return nil }
  }

  public var description: String {
    "epoch\(zeroPadded(epoch, 4))-step\(zeroPadded(step, 8))\(isEpochEnd ? "" : "-partial").safetensors"
  }

  public static func < (a: CheckpointName, b: CheckpointName) -> Bool { (a.step, a.epoch) < (b.step, b.epoch) }
}

func zeroPadded(_ value: Int, _ digits: Int) -> String {
  let text = String(value)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}
