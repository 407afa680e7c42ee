// Ranks that train one run. Rank 0 leads: it alone decides, reads and writes, and says to the others what comes next.

import Cluster
import Storage

/// The lead, and those who follow.
public final class Team {
  package let communicator: Communicator
  private var hasAsked = false

  /// - Parameter communicator: all processes of the job.
  public init(_ communicator: Communicator) { self.communicator = communicator }

  /// What rank 0 says before each step that all ranks take.
  enum Directive: Equatable {
    /// Train the step behind a position.
    case step(Position)
    /// Take over rank 0's state.
    case state
    /// It is over.
    case end
  }

  /// Whether any rank was asked to stop. A signal may reach one rank or all.
  func isInterrupted(_ interruption: Interruption) -> Bool {
    hasAsked = true
    return communicator.maximum(interruption.isRequested ? 1 : 0) > 0
  }

  /// Rank 0's part.
  func lead(_ directive: Directive) {
    if !hasAsked { _ = communicator.maximum(0) }
    hasAsked = false
    let numbers: [Int64]
    switch directive {
    case .step(let position):
      numbers = [
        0, Int64(position.step), Int64(position.epoch), Int64(position.pictureInEpoch),
        Int64(position.rateScale.bitPattern),
      ]
    case .state: numbers = [1, 0, 0, 0, 0]
    case .end: numbers = [2, 0, 0, 0, 0]
    }
    _ = transfer(numbers)
  }

  private func transfer(_ numbers: [Int64]) -> [Int64] {
    var numbers = numbers
    numbers.withUnsafeMutableBytes { communicator.broadcast($0.baseAddress!, count: $0.count) }
    return numbers
  }

  /// Ends the part of all followers.
  public func end() { lead(.end) }

  /// The part of all other ranks, until rank 0 ends it.
  public func follow(
    _ model: any TrainingModel, _ dataset: Dataset, _ options: RunOptions, _ interruption: Interruption
  ) {
    var batches = Batches(dataset, options, share: model.share)
    while true {
      _ = isInterrupted(interruption)
      switch receive() {
      case .step(let position): _ = batches.step(model, at: position)
      case .state: model.shareState()
      case .end: return
      }
    }
  }

  private func receive() -> Directive {
    let numbers = transfer([0, 0, 0, 0, 0])
    switch numbers[0] {
    case 0:
      var position = Position()
      position.step = Int(numbers[1])
      position.epoch = Int(numbers[2])
      position.pictureInEpoch = Int(numbers[3])
      position.rateScale = Float(bitPattern: UInt32(numbers[4]))
      return .step(position)
    case 1: return .state
    default: return .end
    }
  }
}
