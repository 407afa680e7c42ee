import Storage

/// The name of a checkpoint file: `epoch0005-step00001215.safetensors`, where the epoch is the last one completed.
/// One that was saved within an epoch ends in `-partial`. Names, and never the times of files, say which
/// checkpoint is newer: clocks jump, and copies have times of their own.
public struct CheckpointName: Comparable, Hashable, Sendable, CustomStringConvertible {
  public let epoch: Int
  public let step: Int
  public let isEpochEnd: Bool

  public init(epoch: Int, step: Int, isEpochEnd: Bool) {
    self.epoch = epoch
    self.step = step
    self.isEpochEnd = isEpochEnd
  }

  /// Reads a file's name; nil where it is not exactly what `description` would give.
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

  public static func < (a: CheckpointName, b: CheckpointName) -> Bool {
    (a.step, a.epoch, a.isEpochEnd ? 0 : 1) < (b.step, b.epoch, b.isEpochEnd ? 0 : 1)
  }
}
