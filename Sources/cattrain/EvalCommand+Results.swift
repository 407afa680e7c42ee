// What `cattrain eval` writes.

import Arguments
import CatGAN
import Evaluation
import Images
import Storage

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension EvalCommand {
  private static let sheet = "neighbours.png"
  private static let report = "figures.json"

  /// The folders that `--export` fills, and how their files begin.
  private static let exports = [(folder: "samples", prefix: "seed"), (folder: "reals", prefix: "real")]

  private static func name(_ prefix: String, _ index: Int) -> String {
    "\(prefix)\(zeroPadded(index, 4)).png"
  }

  /// Refused before anything is computed.
  func refuseOverwriting() throws {
    let (out, export) = (arguments.optionalString("--out"), arguments.optionalString("--export"))
    if let out, let export, overlap(out, export) {
      throw UsageError(
        "--out \(out) and --export \(export) must be two folders, neither within the other: tools would take the sheet for "
          + "a picture; name another")
    }
    var taken: [String] = []
    for folder in [out, export] {
      guard let folder else { continue }
      if let kind = try? Disk().kind(of: folder), kind != .directory, kind != .absent {
        throw RunError("\(quoted(folder)) is no folder; name another")
      }
      try requireWritable(folder)
    }
    if let out {
      for name in [Self.report, Self.sheet] where access("\(out)/\(name)", F_OK) == 0 { taken.append("\(out)/\(name)") }
    }
    for (folder, prefix) in export == nil ? [] : Self.exports {
      let path = "\(export!)/\(folder)"
      for name in try names(in: path).sorted() {
        // Whatever else is there, a tool would count.
        guard Self.isExported(name, prefix) else {
          throw RunError("'\(path)' holds '\(name)', which is of no earlier export; choose another folder")
        }
        taken.append("\(path)/\(name)")
      }
    }
    if let first = taken.first, !arguments.isOn("--force") {
      throw RunError("'\(first)' is there already; choose another folder, or overwrite it with --force")
    }
  }

  private static func isExported(_ name: String, _ prefix: String) -> Bool {
    Int(name.dropFirst(prefix.count).dropLast(4)).map { Self.name(prefix, $0) } == name
  }

  mutating func export(_ samples: PictureSet, beside reals: PictureSet) throws {
    guard let export = arguments.optionalString("--export") else { return }
    for (pictures, (folder, prefix)) in zip([samples, reals], Self.exports) {
      let path = "\(export)/\(folder)"
      try createDirectory(path)
      removeAbandonedTemporaries(in: path)
      for index in 0..<pictures.count {
        let picture = Picture(width: pictures.size, height: pictures.size, pixels: pictures.picture(index))
        try PNGWriter.encode(picture).withUnsafeBytes {
          try AtomicFile.write(
            "\(path)/\(Self.name(prefix, index))", bytes: $0, overwrite: arguments.isOn("--force"), durable: false)
        }
        try interruption.check()
        progress.counting("writing \(folder)", index + 1, of: pictures.count, now: monotonicTime())
      }
      // Those of an earlier, longer export would be counted among these.
      let written = Set((0..<pictures.count).map { Self.name(prefix, $0) })
      for name in try Disk().names(in: path) where Self.isExported(name, prefix) && !written.contains(name) {
        try Disk().remove("\(path)/\(name)")
      }
    }
    progress.finish()
  }

  func writeResults(_ evaluation: Evaluation) throws {
    guard let folder = arguments.optionalString("--out") else { return }
    try createDirectory(folder)
    removeAbandonedTemporaries(in: folder)
    let force = arguments.isOn("--force")
    try AtomicFile.write("\(folder)/\(Self.report)", text: try evaluation.figures.json(), overwrite: force)
    try evaluation.neighbourSheet().withUnsafeBytes {
      try AtomicFile.write("\(folder)/\(Self.sheet)", bytes: $0, overwrite: force, durable: false)
    }
    try interruption.check()
  }
}

/// Whether both paths lead to one folder, or one of them into the other's.
private func overlap(_ a: String, _ b: String) -> Bool {
  let (a, b) = (absolutePath(a) + "/", absolutePath(b) + "/")
  return a.hasPrefix(b) || b.hasPrefix(a)
}
