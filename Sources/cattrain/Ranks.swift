// Processes that were started together, until they train: what one of them finds wrong all of them hear of, and all end
// alike, with one sentence.

import Arguments
import Cluster

struct Ranks {
  let communicator: Communicator

  var lead: Bool { communicator.rank == 0 }
  var areSeveral: Bool { communicator.count > 1 }

  /// Does what may fail on some ranks and not on others. All ranks come here, or to `end`.
  func together<Result>(_ work: () throws -> Result) throws -> Result {
    let result = try work()
    settle(nil)
    return result
  }

  /// Ends this process, and all others where it is an error. It is what the others wait for.
  func end(_ ending: Exit) -> Never {
    settle(ending)
    preconditionFailure("an end that did not come")
  }

  /// Returns where no rank has come to its end. Otherwise the first rank with the highest code speaks, and all take that.
  private func settle(_ ending: Exit?) {
    let ranks = communicator.count
    let mine = ending.map { (Int($0.code) + 1) * ranks + ranks - 1 - communicator.rank } ?? 0
    let first = communicator.maximum(mine)
    if first == 0 { return }
    var code = Int32(first / ranks - 1)
    if first == mine, let text = ending?.text {
      let isAlone = !areSeveral || code == 0 || lead
      code = Exit(code: code, text: isAlone ? text : "\(communicator.name): \(text)").say()
    }
    // Launchers kill the others once a process ended with an error, so nobody ends before the words are out.
    _ = communicator.maximum(0)
    communicator.finish()
    Exit(code: code).take()
  }

  /// Checks that all ranks were asked for the same.
  /// - Throws: `ClusterError` on all ranks, naming the first one that differs from rank 0.
  func compare(_ facts: [(name: String, value: String)]) throws {
    let separator = "\u{0}"
    let mine = (facts.flatMap { [$0.name, $0.value] } + [communicator.name]).joined(separator: separator)
    let all = communicator.gather(Array(mine.utf8)).map {
      String(decoding: $0, as: UTF8.self).components(separatedBy: Character(separator))
    }
    for other in all {
      for (i, value) in other.dropLast().enumerated() where i % 2 == 1 {
        let expected = i < all[0].count - 1 ? all[0][i] : ""
        if value == expected { continue }
        throw ClusterError(
          "\(other.last!) has another \(other[i - 1]) than \(all[0].last!): \(value), not \(expected); all ranks must"
            + " compute the same")
      }
    }
  }
}

extension String {
  fileprivate func components(separatedBy separator: Character) -> [String] {
    split(separator: separator, omittingEmptySubsequences: false).map { String($0) }
  }
}
