// Finding the pictures of a folder, in an order that depends on the names only.

import ImageFormats
import Images
import Storage

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What a folder, searched recursively, holds.
public struct FolderScan: Sendable {
  /// The folder that was searched.
  public let folder: BytePath
  /// Files of the formats that are read, told by content, sorted by the bytes of their paths within each folder.
  public internal(set) var pictures: [BytePath] = []
  /// What should have been a picture or a folder of pictures and is not, with reasons.
  public internal(set) var skipped: [FileRemark] = []
  /// Files that are neither pictures nor named like one (notes, landmarks).
  public internal(set) var otherFiles: [BytePath] = []
  /// What this software made and is nothing to learn from: directories of runs, samples, sheets.
  public internal(set) var ownOutput: [BytePath] = []
  private let takesOwnOutput: Bool

  /// Searches `folder`. Links are followed, each real folder is entered once (so loops end), and names that begin
  /// with a dot are passed over, as they are the system's and editors' own.
  /// - Parameter takingOwnOutput: take what this software made for pictures like others.
  /// - Throws: `DatasetError` if `folder` itself cannot be read.
  public init(_ folder: BytePath, takingOwnOutput: Bool = false) throws(DatasetError) {
    self.folder = folder
    takesOwnOutput = takingOwnOutput
    var entered: Set<FileIdentity> = []
    if let reason = search(folder, entered: &entered) {
      throw DatasetError("\(folder) \(reason); give a folder of pictures")
    }
  }

  private struct FileIdentity: Hashable {
    let device: UInt64
    let file: UInt64

    init(_ status: stat) {
      device = UInt64(truncatingIfNeeded: status.st_dev)
      file = UInt64(truncatingIfNeeded: status.st_ino)
    }
  }

  /// Adds what is in `folder` and below; returns why it could not, or nil.
  private mutating func search(_ top: BytePath, entered: inout Set<FileIdentity>) -> String? {
    // A stack instead of recursion: folders can be nested deeper than threads have stack.
    var pending: [(BytePath, source: [UInt8]?)] = [(top, nil)]
    var copies: [(file: BytePath, source: [UInt8])] = []
    var status = stat()
    if top.withCString({ stat($0, &status) }) == 0 { entered.insert(FileIdentity(status)) }
    while let (folder, source) = pending.popLast() {
      let (names, reason) = Self.names(in: folder)
      if let reason {
        if folder == top { return reason }
        skipped.append(FileRemark(path: folder, reason: reason))
      }
      if !takesOwnOutput, Self.isRun(names) {
        if folder == top { return "is the directory of a run" }
        ownOutput.append(folder)
        continue
      }
      let isPrepared = Self.isPrepared(names)
      var folders: [(BytePath, source: [UInt8]?)] = []
      for name in names {
        let path = folder.appending(name)
        guard path.withCString({ stat($0, &status) }) == 0 else {
          skipped.append(FileRemark(path: path, reason: "cannot be examined: \(SystemFailure(errno).reason)"))
          continue
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
          if entered.insert(FileIdentity(status)).inserted {
            folders.append((path, source ?? (takesOwnOutput ? nil : Self.sourceOfPrepared(path, among: names))))
          }
        case S_IFREG:
          if let source {
            copies.append((path, source))
          } else if isPrepared, name == Array(Self.contactSheet.utf8) {
            ownOutput.append(path)
          } else {
            classify(path)
          }
        default: otherFiles.append(path)
        }
      }
      pending += folders.reversed()
    }
    takePrepared(copies)
    return nil
  }

  private mutating func classify(_ path: BytePath) {
    do {
      let head = try path.read(prefix: PictureReader.headLength, limit: 0)
      if PictureReader.recognises(head) {
        if !takesOwnOutput, OwnMark.isIn(head) { ownOutput.append(path) } else { pictures.append(path) }
      } else if let reason = PictureFormat.objection(head: head, name: path) {
        skipped.append(FileRemark(path: path, reason: reason))
      } else {
        otherFiles.append(path)
      }
    } catch {
      skipped.append(FileRemark(path: path, reason: error.description))
    }
  }

  /// Whether these are the names in a run's directory. All are there from its first checkpoint on.
  private static func isRun(_ names: [[UInt8]]) -> Bool {
    ["config.json", "stats.jsonl", "checkpoints"].allSatisfy { names.contains(Array($0.utf8)) }
  }

  /// Whether a folder was made by an earlier version's `prepare`, whose contact sheet is among the pictures and bears no
  /// mark.
  private static func isPrepared(_ names: [[UInt8]]) -> Bool {
    ["kept.csv", "rejected.csv", contactSheet].allSatisfy { names.contains(Array($0.utf8)) }
  }

  /// Takes what is in folders that `prepare` made, unless the photos that it was made from are here too.
  private mutating func takePrepared(_ files: [(file: BytePath, source: [UInt8])]) {
    let photos = pictures
    var isHere: [[UInt8]: Bool] = [:]
    for (file, source) in files {
      let isCopy =
        isHere[source]
        ?? photos.contains { $0.bytes.count > source.count && $0.bytes.suffix(source.count) == source[...] }
      isHere[source] = isCopy
      if isCopy { ownOutput.append(file) } else { classify(file) }
    }
  }

  /// Where the folder at `path` was made by `prepare`, the end of the path of the first photo that it was made from, with a
  /// slash before it; nil for other folders. The list beside the folder says it.
  private static func sourceOfPrepared(_ path: BytePath, among names: [[UInt8]]) -> [UInt8]? {
    let lists = [".kept.csv", ".rejected.csv"].map { Array($0.utf8) }
    guard lists.allSatisfy({ names.contains(path.name + $0) }),
      let text = try? BytePath(bytes: path.bytes + lists[0]).read(prefix: 8192, limit: 0)
    else { return nil }
    let rows = text.split(separator: UInt8(ascii: "\n"), maxSplits: 2)
    guard rows.count > 1, let comma = rows[1].firstIndex(of: UInt8(ascii: ",")) else { return nil }
    let field = rows[1][(comma + 1)...].filter { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\r") }
    return [UInt8(ascii: "/")] + field
  }

  private static let contactSheet = "contact-sheet.png"

  /// What the folder holds instead of pictures: a clause for each kind, the most likely cause first.
  /// - Parameter refused: what is wrong with the pictures found, `skipped` among it.
  func contents(refused: [FileRemark]) -> String {
    let (lines, others) = refused.lines(limit: 5)
    var parts = lines
    if others > 0 { parts.append("\(others) more are of no use for other reasons") }
    if !ownOutput.isEmpty { parts.append(ownOutputText) }
    if !otherFiles.isEmpty {
      var counts: [String: Int] = [:]
      for file in otherFiles {
        let suffix = BytePath(bytes: file.fileExtension)
        counts[suffix.bytes.isEmpty ? "without suffix" : ".\(suffix)", default: 0] += 1
      }
      let kinds = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(5)
      parts.append(
        "\(otherFiles.count) other file\(otherFiles.count == 1 ? "" : "s") ("
          + kinds.map { "\($0.value) \($0.key)" }.joined(separator: ", ") + ")")
    }
    return parts.isEmpty ? "it is empty" : parts.joined(separator: "; ")
  }

  /// What is said of `ownOutput`, on one line.
  public var ownOutputText: String {
    let count = ownOutput.count
    return "\(ownOutput[0])\(count == 1 ? "" : " and \(count - 1) more") made by CatGAN itself, no data"
  }

  /// The sorted names in a folder, or why it cannot be listed.
  private static func names(in folder: BytePath) -> ([[UInt8]], String?) {
    let (names, failure) = folder.withCString(listing)
    let visible = names.filter { $0.first != UInt8(ascii: ".") }.sorted { $0.lexicographicallyPrecedes($1) }
    return (visible, failure.map { "cannot be searched\(names.isEmpty ? "" : " to its end"): \($0.reason)" })
  }
}

/// Why there is no data set: a whole sentence without its full stop.
public struct DatasetError: Error, Equatable, CustomStringConvertible {
  public let description: String

  package init(_ description: String) { self.description = description }
}
