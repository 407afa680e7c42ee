// Which checkpoints of a run stay.

import Generation

/// Keeps the newest few checkpoints and, for good, one every so many epochs.
package struct Retention: Equatable, Sendable {
  /// How many of the newest stay; 0 keeps all.
  package let keep: Int
  /// Checkpoints of epochs divisible by this stay for good; 0 for none.
  package let milestoneEvery: Int

  package init(keep: Int, milestoneEvery: Int) {
    self.keep = keep
    self.milestoneEvery = milestoneEvery
  }

  /// The checkpoints that may go, oldest first.
  /// - Parameters:
  ///   - saved: the one just saved. Those of later steps belong to a past that training went back from: they do not
  ///     count, and stay.
  ///   - canBeRead: whether a checkpoint is worth anything; only those that are count. Asked for few of them.
  package func superfluous(
    _ checkpoints: [CheckpointName], saved: CheckpointName, canBeRead: (CheckpointName) -> Bool
  ) -> [CheckpointName] {
    guard keep > 0 else { return [] }
    var kept = 0
    var superfluous: [CheckpointName] = []
    for name in checkpoints.filter({ $0 <= saved }).sorted(by: >) {
      if kept < keep {
        kept += canBeRead(name) ? 1 : 0
      } else if !isMilestone(name) {
        superfluous.append(name)
      }
    }
    return superfluous.reversed()
  }

  private func isMilestone(_ name: CheckpointName) -> Bool {
    milestoneEvery > 0 && name.isEpochEnd && name.epoch % milestoneEvery == 0
  }
}
