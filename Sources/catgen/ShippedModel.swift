// The models that come with the program.

import Generation
import Images
import Storage

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// docs/model-cards.md says where each comes from.
enum ShippedModel: String, CaseIterable {
  case cats64, cats128

  /// Fixtures/NAME.safetensors, under the working directory or a folder above the program, or where `make install` puts
  /// it beside the program's folder.
  func path() throws -> String {
    let name = "Fixtures/\(rawValue).safetensors"
    let installed = "share/catgan/\(rawValue).safetensors"
    if access(name, R_OK) == 0 { return name }
    #if os(Linux)
      let program = "/proc/self/exe"
    #else
      // The name that it was called by, which leads to it unless it was found along PATH.
      let program = CommandLine.arguments[0]
    #endif
    if let program = realpath(program, nil) {
      var folder = directory(of: String(cString: program))
      free(program)
      // .build/release/catgen, or .build/x86_64-unknown-linux-gnu/release/catgen, and one to spare.
      for _ in 0..<5 {
        if access("\(folder)/\(name)", R_OK) == 0 { return "\(folder)/\(name)" }
        if access("\(folder)/\(installed)", R_OK) == 0 { return "\(folder)/\(installed)" }
        folder = directory(of: folder)
      }
    }
    throw PictureError(
      "there is no \(name) here or beside the program: run it in CatGAN's folder, install it with 'make install', or name a "
        + "checkpoint with --checkpoint")
  }
}
