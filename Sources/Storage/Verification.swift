import Dispatch

/// A check of some tensors of a file that runs beside other work.
public final class Verification: @unchecked Sendable {
  private let group = DispatchGroup()
  // Written before the group is left, read after.
  private var failure: (any Error)?

  /// Begins `file.verify(names)`.
  public init(of names: [String], in file: SafeTensors) {
    DispatchQueue.global(qos: .userInitiated).async(group: group) {
      do { try file.verify(names) } catch { self.failure = error }
    }
  }

  /// Waits for the end.
  /// - Throws: what `verify` throws, as often as it is called.
  public func result() throws {
    group.wait()
    if let failure { throw failure }
  }
}
