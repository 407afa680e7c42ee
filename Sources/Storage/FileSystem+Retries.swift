#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What every writer of this module needs on top of the bare calls: interrupted calls are made again, short writes
/// are continued, directories are created with their parents.
extension FileSystem {
  /// Makes the call again as long as a signal interrupts it.
  func uninterrupted<Result>(
    _ call: () throws(SystemFailure) -> Result
  ) throws(SystemFailure) -> Result {
    while true {
      do {
        return try call()
      } catch {
        if error.code != EINTR { throw error }
      }
    }
  }

  /// Writes all of `bytes` at `offset`.
  func writeAll(_ file: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemFailure) {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      let written = try uninterrupted { () throws(SystemFailure) in try write(file, rest, at: offset + done) }
      // A disk that takes nothing and gives no reason would otherwise make this loop endless.
      if written == 0 { throw SystemFailure(EIO) }
      done += written
    }
  }

  /// Reads `bytes.count` bytes at `offset`, or fewer at the end of the file; returns how many.
  func readAll(_ file: Int32, into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemFailure) -> Int {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
      let count = try uninterrupted { () throws(SystemFailure) in try read(file, into: rest, at: offset + done) }
      if count == 0 { break }
      done += count
    }
    return done
  }

  /// Takes a name away if the disk lets it; for temporary names, which only take space.
  func discard(_ path: String) {
    try? uninterrupted { () throws(SystemFailure) in try remove(path) }
  }

  /// Makes the entries of a directory last: without it a crash can undo a rename whose file was already safe.
  func synchronizeDirectory(_ path: String) throws(SystemFailure) {
    let directory = try uninterrupted { () throws(SystemFailure) in
      try open(path, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC, mode: 0)
    }
    defer { try? close(directory) }
    do {
      try uninterrupted { () throws(SystemFailure) in try synchronize(directory) }
    } catch {
      // Some network file systems have no such call; they keep their own promises about entries.
      if error.code != EINVAL && error.code != ENOTSUP { throw error }
    }
  }
}
