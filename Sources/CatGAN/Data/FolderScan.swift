// Finding the pictures of a folder, in an order that depends on the names only.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What a folder, searched recursively, holds.
public struct FolderScan: Sendable {
  public let folder: BytePath
  /// JPEG and PNG files, told by content, sorted by the bytes of their paths within each folder.
  public internal(set) var pictures: [BytePath] = []
  /// What should have been a picture or a folder of pictures and is not, with reasons.
  public internal(set) var skipped: [SkippedFile] = []
  /// Files that are neither pictures nor named like one (notes, landmarks), and contact sheets that `Prepare` drew.
  public internal(set) var otherFiles: [BytePath] = []

  /// Searches `folder`. Links are followed, each real folder is entered once (so loops end), and names that begin
  /// with a dot are passed over, as they are the system's and editors' own.
  /// - Throws: `DatasetError` if `folder` itself cannot be read.
  public init(_ folder: BytePath) throws(DatasetError) {
    self.folder = folder
    var entered: Set<FileIdentity> = []
    if let reason = search(folder, entered: &entered) {
      throw DatasetError("\(folder) \(reason); give a folder of JPEG or PNG pictures")
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

  /// Adds what lies in `folder` and below; returns why it could not, or nil.
  private mutating func search(_ top: BytePath, entered: inout Set<FileIdentity>) -> String? {
    // A stack instead of recursion: folders can be nested deeper than threads have stack.
    var pending = [top]
    var status = stat()
    if top.withCString({ stat($0, &status) }) == 0 { entered.insert(FileIdentity(status)) }
    while let folder = pending.popLast() {
      let (names, reason) = Self.names(in: folder)
      if let reason {
        if folder == top { return reason }
        skipped.append(SkippedFile(path: folder, reason: reason))
      }
      var folders: [BytePath] = []
      for name in names {
        let path = folder.appending(name)
        guard path.withCString({ stat($0, &status) }) == 0 else {
          skipped.append(SkippedFile(path: path, reason: "cannot be examined: \(systemError(errno))"))
          continue
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
          if entered.insert(FileIdentity(status)).inserted { folders.append(path) }
        case S_IFREG: name == Array(PrepareFolder.contactSheet.utf8) ? otherFiles.append(path) : classify(path)
        default: otherFiles.append(path)
        }
      }
      pending += folders.reversed()
    }
    return nil
  }

  private mutating func classify(_ path: BytePath) {
    do {
      let head = try path.read(prefix: PictureReader.headLength, limit: 0)
      if PictureReader.recognises(head) {
        pictures.append(path)
      } else if Self.pictureExtensions.contains(path.fileExtension) || PictureReader.otherFormat(head) != nil {
        skipped.append(SkippedFile(path: path, reason: PictureReader.objection(head: head)))
      } else {
        otherFiles.append(path)
      }
    } catch {
      skipped.append(SkippedFile(path: path, reason: error.description))
    }
  }

  private static let pictureExtensions = Set(["jpg", "jpeg", "jpe", "jfif", "png"].map { Array($0.utf8) })

  /// The sorted names in a folder, or why it cannot be listed.
  private static func names(in folder: BytePath) -> ([[UInt8]], String?) {
    guard let directory = folder.withCString({ opendir($0) }) else {
      return ([], "cannot be searched: \(systemError(errno))")
    }
    defer { closedir(directory) }
    var names: [[UInt8]] = []
    errno = 0
    while let entry = readdir(directory) {
      // Read through the pointer: an entry is as long as its name, and copying the whole struct would read past it.
      let offset = MemoryLayout<dirent>.offset(of: \dirent.d_name)!
      let start = (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: UInt8.self)
      let name = Array(
        UnsafeBufferPointer(start: start, count: strlen(UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))))
      if name.first != UInt8(ascii: ".") { names.append(name) }
      errno = 0
    }
    let reason = errno == 0 ? nil : "cannot be searched to its end: \(systemError(errno))"
    return (names.sorted { $0.lexicographicallyPrecedes($1) }, reason)
  }
}

/// Why there is no data set: a whole sentence without its full stop.
public struct DatasetError: Error, Equatable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
