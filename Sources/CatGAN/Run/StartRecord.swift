// How each session of a run was started: a run's history, as `stats.jsonl` and the report keep it.

import Layers
import Text

/// One start of a run. Readers that do not know it skip its line.
public struct StartRecord: Codable, Equatable, Sendable {
  package enum Kind: String, Codable, Sendable {
    case started
  }
  package var event = Kind.started
  /// Where training went on, as the checkpoint that it went on from has it; 0 for a fresh run.
  public var step = 0
  /// Epochs completed there.
  public var epoch = 0
  /// When, in UTC, as `2026-03-01T12:30:00Z`.
  public var time: String
  /// Of the program.
  public var version: String
  /// The words of the command line, as given.
  public var command: [String]
  /// All choices by their flags, as they came out of defaults, the run's configuration and the command line.
  public var settings: [String: String]
  /// What differs from the session before, forced or not: `--batch-size 64 -> 32 (forced)`.
  public var changes: [String]
  /// The checkpoint of another run that training began from, or the file that the generator came from.
  public var source: String?
  /// The folder of pictures, as `RunConfiguration.folder`.
  public var folder: String
  /// `Dataset.digest` of these pictures.
  public var dataDigest: String
  /// As the system names it.
  public var processor: String?
  /// The instruction set of the kernels, as `Context.instructionSet` names it.
  public var instructionSet: String
  /// Threads that the process computed with.
  public var threads: Int
  /// Of runs that several processes train; nil for one.
  public var ranks: Ranks?

  /// The processes that train a run, by rank.
  public struct Ranks: Codable, Equatable, Sendable, CustomStringConvertible {
    /// The host of each.
    public var hosts: [String]
    /// Of each.
    public var threads: [Int]
    /// Bytes of gradients that each sends in a step, as the sizes of the weights have it.
    public var gradientBytes: [Int]?

    package init(hosts: [String], threads: [Int], gradientBytes: [Int]? = nil) {
      self.hosts = hosts
      self.threads = threads
      self.gradientBytes = gradientBytes
    }

    /// `3 ranks: a with 2 x 4 threads, b with 1 x 8 threads; 15.5 MB of gradients per step from each`
    public var description: String {
      var groups: [(host: String, threads: Int, count: Int)] = []
      for (host, threads) in zip(hosts, threads) {
        if let last = groups.last, last.host == host, last.threads == threads {
          groups[groups.count - 1].count += 1
        } else {
          groups.append((host, threads, 1))
        }
      }
      return "\(hosts.count) ranks: "
        + groups.map { "\($0.host) with \($0.count) x \($0.threads) thread\($0.threads == 1 ? "" : "s")" }
        .joined(separator: ", ")
        + (gradientBytes?.max().map { "; \(significant(Double($0) / 1e6, 3)) MB of gradients per step from each" } ?? "")
    }
  }

  /// - Parameters:
  ///   - earlier: of the session before, or of the run that this one begins from; nil for a fresh run.
  ///   - configuration: of this session.
  ///   - isForced: whether `--force` was given, without which a run refuses what makes it another experiment.
  public init(
    command: [String], earlier: RunConfiguration?, configuration: RunConfiguration, isForced: Bool, source: String?,
    instructionSet: String, threads: Int
  ) {
    time = currentTime()
    version = configuration.version
    self.command = command
    settings = Dictionary(uniqueKeysWithValues: configuration.options.choices.map { ($0.flag, $0.value) })
    changes = earlier.map { $0.changes(to: configuration, isForced: isForced) } ?? []
    self.source = source
    folder = configuration.folder
    dataDigest = configuration.data.digest
    processor = SystemInformation.processor("model name")
    self.instructionSet = instructionSet
    self.threads = threads
  }

  /// The command line as a shell would take it.
  var commandLine: String { command.map(shellWord).joined(separator: " ") }
}

extension RunConfiguration {
  /// What differs in `other`, the program, the data and every choice, in words.
  func changes(to other: RunConfiguration, isForced: Bool) -> [String] {
    var changes = zip(options.choices, other.options.choices).filter { $0.value != $1.value }.map { old, new in
      "\(old.flag) \(old.value) -> \(new.value)\(isForced && old.change == .forced ? " (forced)" : "")"
    }
    if data.digest != other.data.digest {
      changes.append(
        "data of \(data.pictures) pictures, digest \(data.digest) -> \(other.data.pictures) pictures, digest "
          + "\(other.data.digest)\(isForced ? " (forced)" : "")")
    }
    if folder != other.folder { changes.append("folder \(folder) -> \(other.folder)") }
    if version != other.version { changes.append("version \(version) -> \(other.version)") }
    return changes
  }
}
