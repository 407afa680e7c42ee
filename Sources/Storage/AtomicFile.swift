#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A file that appears under its name whole or not at all. It is written under a temporary name in the same
/// directory, brought to the disk, renamed, and the directory is brought to the disk too; whatever fails on the way,
/// and whenever the process is killed, the name leads to the old file or to the new one.
///
/// It is not for pipes and devices: a name that leads to anything but a regular file is refused, because renaming
/// over it would replace it.
public final class AtomicFile {
  private let fileSystem: any FileSystem
  private let file: Int32
  /// The name the caller asked for, used in messages.
  public let path: String
  /// How many bytes were written by `write(_:)` so far.
  public private(set) var count = 0

  private init(fileSystem: any FileSystem, file: Int32, path: String) {
    self.fileSystem = fileSystem
    self.file = file
    self.path = path
  }

  /// Creates `path` with the bytes that `body` writes.
  /// - Parameters:
  ///   - overwrite: without it a file of that name is left alone and the call throws.
  ///   - durable: false leaves out the waiting for the disk. The file still appears whole or not at all to other
  ///     programs, but a power cut may lose or empty it: right for pictures that can be made again.
  /// - Throws: `StorageError` for the disk's failures, and what `body` throws. Nothing is left behind then.
  public static func write<Result>(
    _ path: String, overwrite: Bool, durable: Bool = true, fileSystem: any FileSystem = Disk(),
    _ body: (AtomicFile) throws -> Result
  ) throws -> Result {
    do throws(SystemFailure) {
      switch try fileSystem.uninterrupted({ () throws(SystemFailure) in try fileSystem.kind(of: path) }) {
      case .absent: break
      case .file: if !overwrite { throw SystemFailure(EEXIST) }
      case .directory: throw SystemFailure(EISDIR)
      case .other:
        throw SystemFailure(EEXIST)
      }
    } catch {
      throw StorageError("write", path, error)
    }

    let temporary = temporaryName(in: directory(of: path))
    let file: AtomicFile
    do throws(SystemFailure) {
      let descriptor = try fileSystem.uninterrupted { () throws(SystemFailure) in
        try fileSystem.open(temporary, flags: O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode: 0o666)
      }
      file = AtomicFile(fileSystem: fileSystem, file: descriptor, path: path)
    } catch {
      throw StorageError("write", path, error)
    }

    let result: Result
    do {
      result = try body(file)
    } catch {
      try? fileSystem.close(file.file)
      fileSystem.discard(temporary)
      throw error
    }
    do throws(SystemFailure) {
      try file.commit(temporary, overwrite: overwrite, durable: durable)
    } catch {
      fileSystem.discard(temporary)
      throw StorageError("write", path, error)
    }
    return result
  }

  /// Creates `path` with `bytes`; see the form with a closure.
  public static func write(
    _ path: String, bytes: UnsafeRawBufferPointer, overwrite: Bool, durable: Bool = true,
    fileSystem: any FileSystem = Disk()
  ) throws {
    try write(path, overwrite: overwrite, durable: durable, fileSystem: fileSystem) { try $0.write(bytes) }
  }

  /// Creates `path` with `text` in UTF-8; see the form with a closure.
  public static func write(
    _ path: String, text: String, overwrite: Bool, fileSystem: any FileSystem = Disk()
  ) throws {
    var text = text
    try text.withUTF8 {
      try write(path, bytes: UnsafeRawBufferPointer($0), overwrite: overwrite, fileSystem: fileSystem)
    }
  }

  /// Appends `bytes`.
  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    try write(bytes, at: count)
    count += bytes.count
  }

  /// Replaces bytes that were written before: a header that is known only when everything after it is.
  public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    do {
      try fileSystem.writeAll(file, bytes, at: offset)
    } catch {
      throw StorageError("write", path, error)
    }
  }

  /// Gives the finished file its name. The descriptor is closed whatever happens.
  private func commit(_ temporary: String, overwrite: Bool, durable: Bool) throws(SystemFailure) {
    do throws(SystemFailure) {
      if durable { try fileSystem.uninterrupted { () throws(SystemFailure) in try fileSystem.synchronize(file) } }
    } catch {
      try? fileSystem.close(file)
      throw error
    }
    do throws(SystemFailure) {
      try fileSystem.close(file)
    } catch {
      // The descriptor is gone on Linux even when a signal interrupts close, and the data was already synchronized.
      if error.code != EINTR { throw error }
    }
    if overwrite {
      try fileSystem.uninterrupted { () throws(SystemFailure) in try fileSystem.rename(temporary, to: path) }
    } else {
      try appear(temporary)
    }
    if durable { try fileSystem.synchronizeDirectory(directory(of: path)) }
  }

  /// Renames without ever replacing: a second name can be given only where there is none, in one step of the system,
  /// so a file that another program made since the first look is safe too.
  private func appear(_ temporary: String) throws(SystemFailure) {
    do throws(SystemFailure) {
      try fileSystem.uninterrupted { () throws(SystemFailure) in try fileSystem.link(temporary, to: path) }
    } catch {
      // File systems without hard links (FAT, some network ones) leave a short gap between look and rename.
      guard [EPERM, ENOTSUP, EOPNOTSUPP, ENOSYS, EMLINK].contains(error.code) else { throw error }
      if try fileSystem.kind(of: path) != .absent { throw SystemFailure(EEXIST) }
      try fileSystem.rename(temporary, to: path)
      return
    }
    // The file is there; a temporary name that cannot be taken away is no reason to say that it is not.
    fileSystem.discard(temporary)
  }
}
