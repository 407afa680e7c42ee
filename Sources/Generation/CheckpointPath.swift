// How a checkpoint is named, on every command line alike. This looks at names only; what is in a file is its reader's.

import Storage

/// A checkpoint as a person names it: by its file, by its run's directory, which stands for the newest one, or by the
/// directory and a step, `RUN@1200`.
public enum CheckpointPath: Equatable, Sendable {
  case file(String)
  case run(String)
  case step(Int, run: String)

  /// What `text` means by what is on the disk: a name that is there is taken as it is, also one with an @. A name
  /// that is not there is a run's, unless it ends as a file does.
  public init(_ text: String) {
    let kind = Self.kind(text)
    if kind == .directory {
      self = .run(withoutTrailingSlashes(text))
    } else if kind == .absent, let (run, step) = Self.split(text), Self.kind(run) == .directory {
      self = .step(step, run: run)
    } else {
      self = kind == .absent && !text.hasSuffix(".safetensors") ? .run(withoutTrailingSlashes(text)) : .file(text)
    }
  }

  /// The file that is meant.
  /// - Throws: `CheckpointError` where there is none, with the names that would do.
  public func file() throws -> String {
    switch self {
    case .file(let path):
      if Self.kind(path) == .absent, let run = Self.run(of: path) {
        throw CheckpointError(path, "is not there; \(Self.choices(run))")
      }
      return path
    case .run(let run):
      if let newest = try Self.checkpoints(of: run).last { return "\(run)/checkpoints/\(newest)" }
      let problem = Self.kind(run) == .absent ? "is not there" : "holds no checkpoints/*.safetensors"
      throw CheckpointError(run, "\(problem); \(Self.choices(run))")
    case .step(let step, let run):
      let name = try Self.checkpoints(of: run).last { $0.step == step }
      if let name { return "\(run)/checkpoints/\(name)" }
      throw CheckpointError(run, "has no checkpoint of step \(step); \(Self.choices(run))")
    }
  }

  /// `error`, and where it is about the newest checkpoint of a named run, the older ones that may do instead.
  /// - Parameter name: what the command line has, nil for nothing.
  public static func explained(_ error: any Error, name: String?) -> any Error {
    guard let name, case .run(let run) = CheckpointPath(name), error is StorageError || error is CheckpointError,
      (error as? CheckpointError)?.isAboutFlag != true,
      let newest = listed(of: run).last, "\(error)".contains(quoted("\(run)/checkpoints/\(newest)"))
    else { return error }
    let older = listed(of: run).map(\.step).filter { $0 != newest.step }
    return older.isEmpty ? error : CheckpointError(sentence: "\(error); an older one may do: \(list(older, of: run))")
  }

  /// The checkpoints of a run, oldest first; none where there is no folder of them.
  /// - Throws: `StorageError` where there is one that cannot be listed: what is in it is not gone.
  public static func checkpoints(
    of run: String, fileSystem: any FileSystem = Disk()
  ) throws(StorageError) -> [CheckpointName] {
    try names(in: "\(run)/checkpoints", fileSystem: fileSystem).compactMap(CheckpointName.init).sorted()
  }

  /// The same for a sentence, which lists what can be listed.
  private static func listed(of run: String) -> [CheckpointName] { (try? checkpoints(of: run)) ?? [] }

  /// The directory of the run that the checkpoint at `path` is in, nil where it is in none.
  public static func run(of path: String) -> String? {
    let folder = directory(of: path)
    guard folder == "checkpoints" || folder.hasSuffix("/checkpoints"), kind(folder) == .directory else { return nil }
    return directory(of: folder)
  }

  // MARK: Words

  /// Names that a sentence lists at most.
  private static let most = 8

  /// The names that would do in place of one that does not: those of a run's checkpoints, newest first, the run around
  /// a folder of checkpoints, or the runs in a folder of runs.
  public static func choices(_ path: String) -> String {
    let path = withoutTrailingSlashes(path)
    if kind(path) == .absent, let mark = path.lastIndex(of: "@") { return choices(String(path[..<mark])) }
    let steps = listed(of: path).map(\.step)
    if !steps.isEmpty { return "name one that is there: \(list(steps, of: path))" }
    let names = ((try? Disk().names(in: path)) ?? []).sorted(by: >)
    if names.contains(where: { CheckpointName($0) != nil }) { return "name the run, \(printable(directory(of: path)))" }
    let runs = names.lazy.map { path == "/" ? "/\($0)" : "\(path)/\($0)" }.filter { !listed(of: $0).isEmpty }
    let found = Array(runs.prefix(most + 1))
    return found.isEmpty ? "name a checkpoint or a run's directory" : "name one of the runs in it: \(list(found))"
  }

  private static func list(_ steps: [Int], of run: String) -> String {
    list(Set(steps).sorted(by: >).map { "\(run)@\($0)" })
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(most).map { printable($0) }.joined(separator: ", ")
    return names.count > most ? "\(shown) and others" : shown
  }

  // MARK: Names

  private static func kind(_ path: String) -> FileKind { (try? Disk().kind(of: path)) ?? .other }

  /// `RUN@1200` in its parts.
  private static func split(_ text: String) -> (run: String, step: Int)? {
    guard let mark = text.lastIndex(of: "@") else { return nil }
    let digits = text[text.index(after: mark)...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let step = Int(digits) else {
      return nil
    }
    return (withoutTrailingSlashes(String(text[..<mark])), step)
  }
}
