// What ranks tell each other before they train.

import CatGAN
import Cluster
import Kernels

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Ranks {
  /// Processors for each rank of this machine: a launcher binds each to some of them, or lets all run on all.
  var processors: Int {
    let local = communicator.local
    guard areSeveral, local.processors > 0 else { return Context.processorCount }
    return max(1, min(Context.processorCount, local.processors / local.ranks))
  }

  /// The configuration that rank 0 goes on with, or nil.
  func share(_ configuration: RunConfiguration?) -> RunConfiguration? {
    guard areSeveral else { return configuration }
    let text = try! JSONEncoder().encode([configuration].compactMap(\.self))
    let shared = communicator.broadcast([UInt8](text))
    return try! JSONDecoder().decode([RunConfiguration].self, from: Data(shared)).first
  }

  /// All ranks; nil for a process by itself.
  func members(threads: Int, _ model: GANModel) -> StartRecord.Ranks? {
    guard areSeveral else { return nil }
    let all = communicator.gather(Array("\(threads) \(communicator.host)".utf8)).map {
      String(decoding: $0, as: UTF8.self).split(separator: " ", maxSplits: 1)
    }
    return StartRecord.Ranks(
      hosts: all.map { String($0[1]) }, threads: all.map { Int($0[0])! }, gradientBytes: model.gradientBytes)
  }
}
