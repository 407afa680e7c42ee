import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A file that only grows, by whole records. One that a crash or a full disk cut short is taken away again, so a reader
/// never sees part of a record that is not the newest one.
package final class GrowingFile: Sendable {
  let path: String
  /// How many bytes of an unfinished record were taken away when the file was opened.
  let repairedBytes: Int

  private let fileSystem: any FileSystem
  private let file: Int32
  /// Bytes of whole records in the file, and whether there may be more bytes than these.
  private let state: Mutex<(length: Int, torn: Bool)>

  /// Creates `path`.
  /// - Throws: `StorageError`, also where it is there.
  package convenience init(creating path: String, fileSystem: any FileSystem = Disk()) throws {
    try self.init(path, flags: O_CREAT | O_EXCL, fileSystem) { _, size throws(SystemFailure) in size }
  }

  /// Opens `path`, or creates it.
  /// - Parameter whole: how many bytes of a file of a given size are whole records; the others are taken away.
  init(
    _ path: String, flags: Int32 = O_CREAT, _ fileSystem: any FileSystem,
    whole: (_ file: Int32, _ size: Int) throws(SystemFailure) -> Int
  ) throws {
    do throws(SystemFailure) {
      let file = try fileSystem.uninterrupted { () throws(SystemFailure) in
        try fileSystem.open(path, flags: O_RDWR | O_CLOEXEC | flags, mode: 0o666)
      }
      do throws(SystemFailure) {
        let size = try fileSystem.uninterrupted { () throws(SystemFailure) in try fileSystem.size(file) }
        let length = try whole(file, size)
        if length < size { try Self.truncate(file, to: length, fileSystem) }
        self.repairedBytes = size - length
        self.state = Mutex((length, false))
      } catch {
        try? fileSystem.close(file)
        throw error
      }
      self.file = file
    } catch {
      throw StorageError("open", path, error)
    }
    self.path = path
    self.fileSystem = fileSystem
  }

  deinit {
    try? fileSystem.close(file)
  }

  /// Appends a record, in one call where the system lets it: a reader may look at any moment. May be called from any thread.
  /// - Throws: `StorageError`; the file then holds whole records still, or will before the next one is appended.
  package func append(_ record: [UInt8]) throws {
    do {
      try state.withLock { state in
        if state.torn { try Self.truncate(file, to: state.length, fileSystem) }
        state.torn = true
        do {
          try record.withUnsafeBytes { try fileSystem.writeAll(file, $0, at: state.length) }
        } catch {
          if (try? Self.truncate(file, to: state.length, fileSystem)) != nil { state.torn = false }
          throw error
        }
        state.length += record.count
        state.torn = false
      }
    } catch {
      throw StorageError("write", path, error as? SystemFailure ?? SystemFailure(EIO))
    }
  }

  private static func truncate(
    _ file: Int32, to length: Int, _ fileSystem: any FileSystem
  ) throws(SystemFailure) {
    try fileSystem.uninterrupted { () throws(SystemFailure) in try fileSystem.truncate(file, to: length) }
  }
}
