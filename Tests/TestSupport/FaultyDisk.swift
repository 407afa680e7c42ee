import Foundation
import Storage
import Synchronization

/// The real disk, except that the call with the number `failing` (and all later ones, if `forEver`) fails with `code`,
/// or, for a write with `short` set, takes half of its bytes first. Calls are counted from 0.
package final class FaultyDisk: FileSystem {
  private let disk = Disk()
  private let failing: Int?
  private let code: Int32
  private let forEver: Bool
  /// Every n-th call is interrupted by a signal before it does anything.
  private let interruptEvery: Int?
  /// Writes take at most so many bytes at a time.
  private let writeLimit: Int
  private let counters = Mutex((calls: 0, made: 0))

  package init(
    failing: Int? = nil, code: Int32 = ENOSPC, forEver: Bool = false, interruptEvery: Int? = nil,
    writeLimit: Int = .max
  ) {
    self.failing = failing
    self.code = code
    self.forEver = forEver
    self.interruptEvery = interruptEvery
    self.writeLimit = writeLimit
  }

  /// Calls so far, interrupted ones left out.
  package var calls: Int { counters.withLock { $0.calls } }

  private func count() throws(SystemFailure) {
    let call: Int? = counters.withLock { counters in
      counters.made += 1
      if let interruptEvery, counters.made % interruptEvery == 0 { return nil }
      counters.calls += 1
      return counters.calls - 1
    }
    guard let call else { throw SystemFailure(EINTR) }
    if let failing, call == failing || forEver && call > failing { throw SystemFailure(code) }
  }

  package func open(_ path: String, flags: Int32, mode: mode_t) throws(SystemFailure) -> Int32 {
    try count()
    return try disk.open(path, flags: flags, mode: mode)
  }

  package func close(_ file: Int32) throws(SystemFailure) {
    // A close that fails has closed the file all the same.
    try disk.close(file)
    try count()
  }

  package func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemFailure) -> Int {
    do throws(SystemFailure) {
      try count()
    } catch {
      // A full disk takes what fits before it says so.
      if error.code != EINTR { _ = try disk.write(file, .init(rebasing: bytes[..<(bytes.count / 2)]), at: offset) }
      throw error
    }
    return try disk.write(file, .init(rebasing: bytes.prefix(writeLimit)), at: offset)
  }

  package func read(_ file: Int32, into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemFailure)
    -> Int
  {
    try count()
    return try disk.read(file, into: bytes, at: offset)
  }

  package func size(_ file: Int32) throws(SystemFailure) -> Int {
    try count()
    return try disk.size(file)
  }

  package func truncate(_ file: Int32, to length: Int) throws(SystemFailure) {
    try count()
    try disk.truncate(file, to: length)
  }

  package func synchronize(_ file: Int32) throws(SystemFailure) {
    try count()
    try disk.synchronize(file)
  }

  package func lock(_ file: Int32) throws(SystemFailure) {
    try count()
    try disk.lock(file)
  }

  package func rename(_ old: String, to new: String) throws(SystemFailure) {
    try count()
    try disk.rename(old, to: new)
  }

  package func link(_ old: String, to new: String) throws(SystemFailure) {
    try count()
    try disk.link(old, to: new)
  }

  package func remove(_ path: String) throws(SystemFailure) {
    try count()
    try disk.remove(path)
  }

  package func makeDirectory(_ path: String) throws(SystemFailure) {
    try count()
    try disk.makeDirectory(path)
  }

  package func kind(of path: String) throws(SystemFailure) -> FileKind {
    try count()
    return try disk.kind(of: path)
  }

  package func names(in directory: String) throws(SystemFailure) -> [String] {
    try count()
    return try disk.names(in: directory)
  }
}
