/// A text file that only grows, by whole lines: `stats.jsonl`, `log.txt`.
public final class LineFile: Sendable {
  private let file: GrowingFile

  /// The name that it was opened by.
  public var path: String { file.path }
  /// How many bytes of an unfinished last line were taken away when the file was opened; 0 for a sound file.
  public var repairedBytes: Int { file.repairedBytes }

  /// Opens `path`, or creates it, and removes an unfinished last line.
  public init(_ path: String, fileSystem: any FileSystem = Disk()) throws {
    file = try GrowingFile(path, fileSystem) { file, size throws(SystemFailure) in
      try Self.lengthOfWholeLines(file, size: size, fileSystem: fileSystem)
    }
  }

  /// Appends `line` and an end of line. May be called from any thread.
  /// - Precondition: `line` holds no end of line.
  /// - Throws: `StorageError`; the file then holds whole lines still, or will before the next line is appended.
  public func append(_ line: String) throws {
    precondition(!line.utf8.contains(UInt8(ascii: "\n")), "a line holds no end of line")
    try file.append(Array(line.utf8) + [UInt8(ascii: "\n")])
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
