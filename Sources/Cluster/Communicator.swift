// The processes that train together, as MPI started them: who they are, and the few ways in which they talk. Built
// without the trait MPI, or started by no launcher, a process is alone, and every call is the trivial one.
//
// MPI moves bytes and compares integers, no more. It is free to add floats in any order, and does: by the number of
// ranks, the message's size and the library. So floats are added by the callers.

#if MPI
  import CMPI
#endif

/// All ranks of a job. Calls are collective: every rank makes the same ones, in the same order, on one thread.
public final class Communicator {
  /// 0 ..< count.
  public let rank: Int
  public let count: Int
  /// As MPI names it.
  public let host: String
  /// Ranks on this host, and the processors that they may run on together; 0 where that is not known.
  public let local: (ranks: Int, processors: Int)
  /// Bytes of results that this rank handed to others so far, whatever way they took.
  public private(set) var bytesSent = 0

  #if MPI
    let communicators: UnsafeMutablePointer<cluster_communicators>?
  #endif

  /// A process by itself.
  public init() {
    (rank, count, host, local) = (0, 1, "", (1, 0))
    #if MPI
      communicators = nil
    #endif
  }

  /// The job that a launcher started this process in, or a process by itself. To be called once.
  /// - Throws: `ClusterError` where a launcher started several that cannot find each other.
  public static func start(_ launch: Launch) throws(ClusterError) -> Communicator {
    guard launch.isLaunched else { return Communicator() }
    #if MPI
      let communicator = Communicator(launched: ())
      if communicator.count == 1, let expected = launch.count, expected > 1 {
        communicator.finish()
        throw ClusterError(
          "\(expected) processes were started, and each finds itself alone: the launcher is not of the MPI that this "
            + "program was built with; use that one's mpirun, or build again with this one's mpi-c")
      }
      return communicator
    #else
      if let count = launch.count, count > 1 {
        throw ClusterError(
          "\(count) processes were started, and this program was built without MPI, so that each would train by itself;"
            + " build it with make build MPI=1")
      }
      return Communicator()
    #endif
  }

  #if MPI
    private init(launched: ()) {
      let all = UnsafeMutablePointer<cluster_communicators>.allocate(capacity: 1)
      var (rank, count, ranks, processors): (Int32, Int32, Int32, Int32) = (0, 1, 1, 0)
      cluster_start(all, &rank, &count)
      cluster_local(&ranks, &processors)
      host = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(cluster_host_length)) { name in
        cluster_host(name.baseAddress!)
        return String(cString: name.baseAddress!)
      }
      communicators = all
      (self.rank, self.count, local) = (Int(rank), Int(count), (Int(ranks), Int(processors)))
    }
  #endif

  /// `rank 3 on node7`.
  public var name: String { "rank \(rank) on \(host)" }

  /// The largest value that any rank gives.
  public func maximum(_ value: Int) -> Int {
    #if MPI
      if let communicators { return Int(cluster_maximum(communicators, Int64(value))) }
    #endif
    return value
  }

  /// Overwrites everybody's `count` bytes with rank 0's.
  public func broadcast(_ bytes: UnsafeMutableRawPointer, count: Int) {
    #if MPI
      guard let communicators else { return }
      let piece = 1 << 30
      for first in stride(from: 0, to: count, by: piece) {
        cluster_broadcast(communicators, bytes + first, Int32(min(piece, count - first)))
      }
      if rank == 0 { bytesSent += count * (self.count - 1) }
    #endif
  }

  /// Rank 0's bytes.
  public func broadcast(_ bytes: [UInt8]) -> [UInt8] {
    var length = bytes.count
    broadcast(&length, count: MemoryLayout<Int>.size)
    var result = rank == 0 ? bytes : [UInt8](repeating: 0, count: length)
    result.withUnsafeMutableBytes {
      broadcast($0.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 8)!, count: $0.count)
    }
    return result
  }

  /// Everybody's bytes, by rank.
  public func gather(_ bytes: [UInt8]) -> [[UInt8]] {
    if count == 1 { return [bytes] }
    var lengths = [Int](repeating: 0, count: count)
    withUnsafeBytes(of: bytes.count) { mine in
      lengths.withUnsafeMutableBytes {
        gather(mine, into: $0.baseAddress!, counts: Array(repeating: MemoryLayout<Int>.size, count: count))
      }
    }
    var all = [UInt8](repeating: 0, count: max(lengths.reduce(0, +), 1))
    bytes.withUnsafeBytes { mine in
      all.withUnsafeMutableBytes { gather(mine, into: $0.baseAddress!, counts: lengths) }
    }
    var first = 0
    return lengths.map { length in
      defer { first += length }
      return Array(all[first..<first + length])
    }
  }

  /// Overwrites `result` with everybody's bytes one behind the other, by rank.
  /// - Parameters:
  ///   - mine: as many as `counts` has for this rank.
  ///   - counts: bytes of each rank.
  public func gather(_ mine: UnsafeRawBufferPointer, into result: UnsafeMutableRawPointer, counts: [Int]) {
    precondition(mine.count == counts[rank] && counts.count == count)
    #if MPI
      if let communicators {
        let places = Communicator.places(counts)
        cluster_gather(
          communicators, mine.baseAddress, Int32(mine.count), result, counts.map { Int32($0) }, places)
        bytesSent += mine.count * (count - 1)
        return
      }
    #endif
    if let first = mine.baseAddress { result.copyMemory(from: first, byteCount: mine.count) }
  }

  /// Sends each rank q its slice of `values`, of `slices[q]`, and overwrites `result` with what the others have of this
  /// rank's slice, by rank. Goes on while the caller computes; `values` and `result` are MPI's until the transfer is done.
  /// - Parameters:
  ///   - values: nil sends nothing.
  ///   - senders: which ranks send; of the others nothing comes.
  public func sendSlices(
    of values: UnsafePointer<Float>?, _ slices: [Range<Int>], senders: [Bool],
    into result: UnsafeMutablePointer<Float>
  ) -> Transfer {
    #if MPI
      if let communicators {
        let sizes = slices.map(\.count)
        let mine = slices[rank].count
        let transfer = Transfer([
          values == nil ? Array(repeating: 0, count: count) : sizes, slices.map(\.lowerBound),
          senders.map { $0 ? mine : 0 },
        ])
        transfer.add(Communicator.places(senders.map { $0 ? mine : 0 }).map { Int($0) })
        cluster_start_slices(
          communicators, values, transfer.numbers[0], transfer.numbers[1], result, transfer.numbers[2],
          transfer.numbers[3], transfer.request)
        if values != nil { bytesSent += (sizes.reduce(0, +) - mine) * MemoryLayout<Float>.size }
        return transfer
      }
    #endif
    preconditionFailure("slices for nobody")
  }

  /// Overwrites `result` with everybody's slice, each at its place. Goes on while the caller computes, as above.
  public func gatherSlices(
    _ mine: UnsafePointer<Float>, _ slices: [Range<Int>], into result: UnsafeMutablePointer<Float>
  ) -> Transfer {
    #if MPI
      if let communicators {
        let transfer = Transfer([slices.map(\.count), slices.map(\.lowerBound)])
        let own = slices[rank].count
        cluster_start_whole(
          communicators, mine, Int32(own), result, transfer.numbers[0], transfer.numbers[1], transfer.request)
        bytesSent += own * (count - 1) * MemoryLayout<Float>.size
        return transfer
      }
    #endif
    preconditionFailure("slices of nobody")
  }

  /// Leaves the job in order, as all ranks must. Whoever calls `exit` before ends all others too.
  public func finish() {
    #if MPI
      if communicators != nil { cluster_finish() }
    #endif
  }

  #if MPI
    private static func places(_ counts: [Int]) -> [Int32] {
      var first = 0
      return counts.map { count in
        defer { first += count }
        return Int32(first)
      }
    }
  #endif
}

/// Why processes that were started together are none, in one sentence.
public struct ClusterError: Error, Equatable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
