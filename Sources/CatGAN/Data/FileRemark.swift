// What is said of single files, and of many at once.

import Storage

/// A file or folder that was left out, or used although something is wrong with it.
public struct FileRemark: Sendable, Equatable, CustomStringConvertible {
  /// The file or folder.
  public let path: BytePath
  /// A phrase that follows the path.
  public let reason: String

  package init(path: BytePath, reason: String) {
    self.path = path
    self.reason = reason
  }

  public var description: String { "\(path) \(reason)" }
}

extension [FileRemark] {
  /// One line for each reason, in the order of their first files, with the number of files where there are several; and
  /// how many files the reasons beyond the first `limit` are about.
  public func lines(limit: Int) -> (lines: [String], others: Int) {
    var counts: [String: Int] = [:]
    var firsts: [FileRemark] = []
    for remark in self {
      counts[remark.reason, default: 0] += 1
      if counts[remark.reason] == 1 { firsts.append(remark) }
    }
    let lines = firsts.prefix(limit).map { first in
      let count = counts[first.reason]!
      return count == 1 ? "\(first)" : "\(first) (\(count) files like this)"
    }
    return (lines, firsts.dropFirst(limit).reduce(0) { $0 + counts[$1.reason]! })
  }
}
