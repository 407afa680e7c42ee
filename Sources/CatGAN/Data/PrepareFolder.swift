// The folder that `prepare` fills: new or empty before, complete or empty after.

import ImageFormats
import Images
import Storage
import Text

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

struct PrepareFolder {
  let path: BytePath
  /// Beside the folder and not in it: tools that read every picture of a folder must not meet the sheet.
  let contactSheet: BytePath
  let kept: BytePath
  let rejected: BytePath

  /// Only looks; nothing is made before there is something to write.
  /// - Throws: `DatasetError` unless `path` is an empty folder or a new name, in a folder that can be written to, and nothing is
  ///   where the lists go.
  init(_ path: BytePath) throws(DatasetError) {
    self.path = path
    let stem = path.stem
    func beside(_ suffix: String) -> BytePath { BytePath(bytes: stem.bytes + Array(suffix.utf8)) }
    (contactSheet, kept, rejected) = (beside(".contact-sheet.png"), beside(".kept.csv"), beside(".rejected.csv"))
    for file in [contactSheet, kept, rejected] where file.withCString({ access($0, F_OK) }) == 0 {
      throw DatasetError("\(file) is there already, of an earlier prepare; remove it or give another folder")
    }
    // The lists come beside the folder.
    guard contactSheet.folder.withCString({ access($0, W_OK | X_OK) }) == 0 else {
      let remedy = errno == ENOENT ? "make the folder around it first, or name another" : "give another folder"
      throw DatasetError("\(contactSheet) cannot be made: \(SystemFailure(errno).reason); \(remedy)")
    }
    guard let directory = path.withCString({ opendir($0) }) else {
      guard errno == ENOENT else {
        throw DatasetError("\(path) cannot be written to: \(SystemFailure(errno).reason); give a new or empty folder")
      }
      return
    }
    defer { closedir(directory) }
    var entries = 0
    while readdir(directory) != nil { entries += 1 }
    // "." and ".."
    guard entries <= 2 else { throw DatasetError("\(path) is not empty; give a new or empty folder") }
  }

  /// Writes the data set. The lists come last, so that a folder with one beside it is complete.
  /// - Throws: `DatasetError`, after removing what was written.
  func write(
    _ report: PrepareReport, pictures: [[UInt8]], isCancelled: () -> Bool, progress: (_ done: Int) -> Void
  ) throws(DatasetError) {
    let made = path.withCString { mkdir($0, 0o777) } == 0
    guard made || errno == EEXIST else {
      throw DatasetError("\(path) cannot be made: \(SystemFailure(errno).reason); give another folder")
    }
    var written: [BytePath] = []
    do {
      func write(_ bytes: [UInt8], to file: BytePath) throws(PictureError) {
        guard !isCancelled() else { throw PictureError("was still to be written when it was stopped") }
        // A file that appeared since the check is another program's: not overwritten, and not removed below.
        try file.create(bytes) { written.append(file) }
      }
      for (index, picture) in pictures.enumerated() {
        try write(picture, to: path.appending(Array(report.kept[index].name.utf8)))
        progress(index + 1)
      }
      let sheet = try ContactSheet.draw(pictures)
      try write(PNGWriter.encode(sheet, isOwnOutput: true), to: contactSheet)
      let sources = report.kept.map { [$0.name, $0.source.description] }
      try write(Array(CSV.text([["name", "source"]] + sources).utf8), to: kept)
      let reasons = report.rejected.map { [$0.path.description, $0.reason] }
      try write(Array(CSV.text([["file", "reason"]] + reasons).utf8), to: rejected)
    } catch {
      for file in written { _ = file.withCString { unlink($0) } }
      if made { _ = path.withCString { rmdir($0) } }
      throw DatasetError("\(path): nothing was kept, as a file \(error)")
    }
  }
}

extension BytePath {
  /// The folder that it is in.
  fileprivate var folder: BytePath {
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return BytePath(".") }
    return BytePath(bytes: Array(bytes[..<max(slash, 1)]))
  }

  /// The path without slashes at its end, and with a name at its end where it has none (".", "..", "/").
  fileprivate var stem: BytePath {
    var bytes = bytes
    while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
    let path = BytePath(bytes: bytes)
    guard [".", "..", ""].contains(where: { path.name == Array($0.utf8) }) else { return path }
    guard let real = path.withCString({ realpath($0, nil) }) else { return path }
    defer { free(real) }
    return BytePath(String(cString: real))
  }
}
