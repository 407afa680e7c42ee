// What `--resume` names.

import Arguments
import CatGAN
import Generation
import Storage

/// An earlier run: its directory, where that run goes on, or one of its checkpoints, from which a new run begins while
/// the old one stays as it is.
struct Resumption {
  let configuration: RunConfiguration
  /// The run that goes on; nil where a new one begins.
  let run: RunDirectory?
  /// What the new run begins from: the checkpoint's file, and where new runs are made.
  let origin: (checkpoint: String, parent: String)?

  /// - Returns: nil without `--resume`.
  init?(_ arguments: Arguments) throws {
    guard let text = arguments.optionalString("--resume") else { return nil }
    for name in ["--dry-run", "--generator", "--discriminator"] where arguments.isGiven(name) {
      throw UsageError("\(name) does not go with --resume: leave one of them out")
    }
    let path = CheckpointPath(text)
    if case .run(let folder) = path {
      if arguments.isGiven("--out") {
        throw UsageError(
          "--out does not go with --resume and a run's directory: leave one of them out, or name RUN@STEP")
      }
      let run = try RunDirectory(resuming: folder)
      configuration = try RunConfiguration(ofRunAt: run.path)
      self.run = run
      origin = nil
    } else {
      let file = try path.file()
      // What cannot be read at all is said first.
      _ = try SafeTensors(path: file)
      // A link to a checkpoint leads to its run too.
      guard let old = CheckpointPath.run(of: file) ?? CheckpointPath.run(of: absolutePath(file)) else {
        throw RunError(
          "\(quoted(file)) lies in no run directory, whose config.json would say how to go on; name one that does, or "
            + "begin a new run with its generator: cattrain DATA_DIR --generator \(printable(file))")
      }
      configuration = try RunConfiguration(ofRunAt: old)
      run = nil
      origin = (absolutePath(file), arguments.isGiven("--out") ? arguments.string("--out") : Self.around(old))
    }
  }

  /// The folder that a run is in, also where it is named from within.
  private static func around(_ run: String) -> String {
    let name = run.split(separator: "/").last
    return directory(of: name == "." || name == ".." ? absolutePath(run) : run)
  }
}
