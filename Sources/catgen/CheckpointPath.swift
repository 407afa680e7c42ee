// Which file the weights come from.

import Generation
import Storage

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

enum CheckpointPath {
  /// The file that `--checkpoint` means: itself, or the newest checkpoint of a run's directory.
  static func find(_ path: String) throws -> String {
    guard (try? Disk().kind(of: path)) == .directory else { return path }
    var folder = path
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    let names = (try? Disk().names(in: "\(folder)/checkpoints")) ?? []
    guard let newest = names.compactMap({ name in step(name).map { ($0, name) } }).max(by: <) else {
      throw PictureError("'\(path)' is a folder without checkpoints/*.safetensors: name a run's directory or a file")
    }
    return "\(folder)/checkpoints/\(newest.1)"
  }

  /// The step in a name that cattrain gives: `epoch0005-step00001215.safetensors`.
  private static func step(_ name: String) -> Int? {
    guard name.hasPrefix("epoch"), name.hasSuffix(".safetensors"), let mark = name.firstRange(of: "-step") else {
      return nil
    }
    return Int(name[mark.upperBound...].prefix(while: \.isNumber))
  }

  /// Fixtures/cats64.safetensors, under the working directory or a folder above the program.
  static func shipped() throws -> String {
    let name = "Fixtures/cats64.safetensors"
    if access(name, R_OK) == 0 { return name }
    #if os(Linux)
      if let program = realpath("/proc/self/exe", nil) {
        var folder = directory(of: String(cString: program))
        free(program)
        // .build/release/catgen, or .build/x86_64-unknown-linux-gnu/release/catgen, and one to spare.
        for _ in 0..<5 {
          if access("\(folder)/\(name)", R_OK) == 0 { return "\(folder)/\(name)" }
          folder = directory(of: folder)
        }
      }
    #endif
    throw PictureError(
      "there is no \(name) here or beside the program: train one with 'cattrain FOLDER', or name one with --checkpoint")
  }
}
