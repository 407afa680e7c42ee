// Which checkpoints of a run stay.

import Generation

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
