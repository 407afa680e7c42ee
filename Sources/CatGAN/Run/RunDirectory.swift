// A run's own directory: names of its files and how they are written. Their contents are made elsewhere.

import Generation
import Storage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A run directory cannot be used, in one sentence.
public struct RunError: Error, Equatable, CustomStringConvertible {
  public let description: String

  package init(_ description: String) { self.description = description }
}

/// `runs/00003-cats64-w32`: made once, never taken by another run, held by one process at a time.
///
///     config.json   what was asked for            samples/      grids from fixed z, by epoch and step
///     stats.jsonl   one object per logged step    checkpoints/  by epoch and step
///     log.txt       what was said, with times     reals.png     as many real pictures
///     report.html   all of it to look at          tensorboard/  event files, where asked for
public final class RunDirectory {
  /// As it was given or made, without a slash at its end.
  public let path: String
  let fileSystem: any FileSystem
  private let statistics: LineFile
  private let log: LineFile
  /// Holds the lock that keeps a second process out; the system lets go of it when this process ends.
  private let lock: Int32

  /// Makes the next numbered directory inside `parent`, which is made too where it is missing.
  /// - Throws: `StorageError` for the disk's failures.
  public static func create(
    in parent: String, name: String, fileSystem: any FileSystem = Disk()
  ) throws -> RunDirectory {
    let path = try createNumberedDirectory(in: parent, name: name, fileSystem: fileSystem)
    for folder in ["samples", "checkpoints"] {
      try createDirectory("\(path)/\(folder)", fileSystem: fileSystem)
    }
    return try RunDirectory(holding: path, fileSystem: fileSystem)
  }

  /// Opens the directory of a run that is to go on. A last line that was cut short, and files that were never finished, go.
  /// - Throws: `RunError` where it is no run's or another process holds it, `StorageError` for the disk's failures.
  public convenience init(resuming path: String, fileSystem: any FileSystem = Disk()) throws {
    let path = withoutTrailingSlashes(path)
    guard try names(in: path, fileSystem: fileSystem).contains("config.json") else {
      let isThere = (try? fileSystem.kind(of: path)) != .absent
      let problem = isThere ? "is no run directory, as it holds no config.json" : "is not there"
      throw RunError("\(quoted(path)) \(problem); \(CheckpointPath.choices(path))")
    }
    for folder in ["samples", "checkpoints"] {
      try createDirectory("\(path)/\(folder)", fileSystem: fileSystem)
    }
    try self.init(holding: path, fileSystem: fileSystem)
    for folder in [path, "\(path)/checkpoints", "\(path)/samples"] {
      removeAbandonedTemporaries(in: folder, fileSystem: fileSystem)
    }
  }

  private init(holding path: String, fileSystem: any FileSystem) throws {
    self.path = path
    self.fileSystem = fileSystem
    lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // File systems without locks answer otherwise; the lock is a courtesy and not worth refusing to work there.
    if lock >= 0, flock(lock, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      close(lock)
      throw RunError("\(quoted(path)) is in use by another cattrain; stop that one first")
    }
    do {
      statistics = try LineFile("\(path)/stats.jsonl", fileSystem: fileSystem)
      log = try LineFile("\(path)/log.txt", fileSystem: fileSystem)
    } catch {
      if lock >= 0 { close(lock) }
      throw error
    }
  }

  deinit {
    if lock >= 0 { close(lock) }
  }

  /// What `stats.jsonl` holds; nothing in a new run.
  /// - Throws: `StorageError` where it cannot be read.
  public func history() throws -> History {
    guard size("stats.jsonl") != 0 else { return History() }
    return History(text: String(decoding: try contents(of: "\(path)/stats.jsonl"), as: UTF8.self))
  }

  package func append(_ record: some Encodable) throws { try statistics.append(try jsonLine(record)) }

  /// Adds a line to `log.txt`, with the time before it and line ends in it as spaces.
  public func note(_ message: String) throws {
    let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    try log.append("\(currentTime()) \(line)")
  }

  private static let savedWord = "saved"

  /// Says in `log.txt` that a checkpoint was saved.
  func noteSaved(_ checkpoint: CheckpointName) { try? note("\(Self.savedWord) \(checkpoint)") }

  /// Whether `log.txt` says so of any checkpoint.
  var hasSaved: Bool {
    String(decoding: read("log.txt") ?? [], as: UTF8.self).split(separator: "\n").contains {
      $0.split(separator: " ").dropFirst().first == Self.savedWord[...]
    }
  }

  /// Writes `name` within the run directory, whole or not at all, over an older one.
  public func write(_ name: String, text: String) throws {
    try AtomicFile.write("\(path)/\(name)", text: text, overwrite: true, fileSystem: fileSystem)
  }

  /// The same with a text that comes in pieces.
  func write(_ name: String, pieces: ((String) throws -> Void) throws -> Void) throws {
    try AtomicFile.write("\(path)/\(name)", overwrite: true, fileSystem: fileSystem) { file in
      try pieces { piece in
        var piece = piece
        try piece.withUTF8 { try file.write(UnsafeRawBufferPointer($0)) }
      }
    }
  }

  /// The same with bytes that can be made again: nobody waits for the disk, so a power cut may lose or empty the file.
  public func write(_ name: String, bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes {
      try AtomicFile.write("\(path)/\(name)", bytes: $0, overwrite: true, durable: false, fileSystem: fileSystem)
    }
  }

  /// The bytes of `name`, or nil where there is no such file.
  public func read(_ name: String) -> [UInt8]? {
    try? contents(of: "\(path)/\(name)")
  }

  /// How many bytes `name` has, or nil where there is no such file.
  func size(_ name: String) -> Int? {
    guard let file = try? fileSystem.open("\(path)/\(name)", flags: O_RDONLY | O_CLOEXEC, mode: 0) else { return nil }
    defer { try? fileSystem.close(file) }
    return try? fileSystem.size(file)
  }

  package func makeDirectory(_ name: String) throws {
    try createDirectory("\(path)/\(name)", fileSystem: fileSystem)
  }

  /// The checkpoints that are there, oldest first.
  /// - Throws: `StorageError` where the system does not tell.
  public func checkpoints() throws(StorageError) -> [CheckpointName] {
    try CheckpointPath.checkpoints(of: path, fileSystem: fileSystem)
  }

  /// Where a checkpoint of that name is, or would be.
  public func path(of checkpoint: CheckpointName) -> String { "\(path)/checkpoints/\(checkpoint)" }

  /// Removes a checkpoint.
  func remove(_ checkpoint: CheckpointName) throws {
    let path = path(of: checkpoint)
    do {
      try fileSystem.remove(path)
    } catch {
      throw RunError("the old checkpoint \(quoted(path)) could not be removed (error \(error.code))")
    }
  }

  /// Gives a checkpoint that cannot be read a name that is no checkpoint's: it may still be worth something to
  /// its owner, and must not become the newest again when training went on without it. Returns the new path.
  func setAside(_ checkpoint: CheckpointName) throws -> String {
    let old = path(of: checkpoint)
    var new = "\(old).unreadable"
    do {
      var number = 1
      while try fileSystem.kind(of: new) != .absent {
        number += 1
        new = "\(old).unreadable-\(number)"
      }
      try fileSystem.rename(old, to: new)
      return new
    } catch {
      throw RunError("the unreadable checkpoint \(quoted(old)) could not be renamed (error \(error.code))")
    }
  }
}

/// The time of day in UTC, as `2026-03-01T12:30:00Z`.
func currentTime() -> String { Date().formatted(.iso8601) }
