import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A text file that only grows, by whole lines: `stats.jsonl`, `log.txt`. A line that a crash or a full disk cut
/// short is taken away again, so a reader never sees half a line that is not the newest one.
public final class LineFile: Sendable {
  /// The name that it was opened by.
  public let path: String
  /// How many bytes of an unfinished last line were taken away when the file was opened; 0 for a sound file.
  public let repairedBytes: Int

  private let fileSystem: any FileSystem
  private let file: Int32
  /// Bytes of whole lines in the file, and whether there may be more bytes than these.
  private let state: Mutex<(length: Int, torn: Bool)>

  /// Opens `path`, or creates it, and removes an unfinished last line.
  public init(_ path: String, fileSystem: any FileSystem = Disk()) throws {
    do throws(SystemFailure) {
      let file = try fileSystem.uninterrupted { () throws(SystemFailure) in
        try fileSystem.open(path, flags: O_RDWR | O_CREAT | O_CLOEXEC, mode: 0o666)
      }
      do throws(SystemFailure) {
        let size = try fileSystem.uninterrupted { () throws(SystemFailure) in try fileSystem.size(file) }
        let length = try Self.lengthOfWholeLines(file, size: size, fileSystem: fileSystem)
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

  /// Appends `line` and an end of line. May be called from any thread.
  /// - Precondition: `line` holds no end of line.
  /// - Throws: `StorageError`; the file then holds whole lines still, or will before the next line is appended.
  public func append(_ line: String) throws {
    precondition(!line.utf8.contains(UInt8(ascii: "\n")), "a line holds no end of line")
    do {
      try state.withLock { state in
        if state.torn { try Self.truncate(file, to: state.length, fileSystem) }
        state.torn = true
        let bytes = Array(line.utf8) + [UInt8(ascii: "\n")]
        do {
          try bytes.withUnsafeBytes { try fileSystem.writeAll(file, $0, at: state.length) }
        } catch {
          if (try? Self.truncate(file, to: state.length, fileSystem)) != nil { state.torn = false }
          throw error
        }
        state.length += bytes.count
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

  /// The number of bytes up to and including the last end of line, found from the end of the file.
  private static func lengthOfWholeLines(
    _ file: Int32, size: Int, fileSystem: any FileSystem
  ) throws(SystemFailure) -> Int {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
    defer { block.deallocate() }
    var end = size
    while end > 0 {
      let start = max(0, end - block.count)
      let count = try fileSystem.readAll(file, into: .init(rebasing: block[..<(end - start)]), at: start)
      if let index = block[..<count].lastIndex(of: UInt8(ascii: "\n")) { return start + index + 1 }
      end = start
    }
    return 0
  }
}
