// The contents of `config.json`: what a run was asked for and which data it saw.

import Networks
import Storage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a run's `config.json` holds: what it was asked for and which data it saw.
public struct RunConfiguration: Codable, Sendable {
  /// Of the program that wrote it.
  public var version: String
  /// When the run began, in UTC, as `2026-03-01T12:30:00Z`.
  public var created: String
  /// The folder of pictures, as an absolute path where the system could tell.
  public var folder: String
  /// The pictures that it saw.
  public var data: DatasetSummary
  /// What it was asked for.
  public var options: RunOptions

  /// Of a run that begins now.
  public init(version: String, folder: String, data: DatasetSummary, options: RunOptions) {
    self.version = version
    self.created = currentTime()
    self.folder = folder
    self.data = data
    self.options = options
  }

  /// Reads the `config.json` of the run directory `run`.
  /// - Throws: `RunError` where it is missing, unreadable, or describes no run that this version can go on with.
  public init(ofRunAt run: String) throws {
    let path = "\(run)/config.json"
    let bytes: [UInt8]
    do throws(StorageError) { bytes = try contents(of: path) } catch {
      throw RunError("\(error), or restore it, for it says how the run was made, or start a new run")
    }
    do {
      self = try JSONDecoder().decode(RunConfiguration.self, from: Data(bytes))
    } catch {
      let place = (error as? DecodingError)?.place ?? ""
      throw RunError(
        "'\(path)' is not what cattrain wrote\(place.isEmpty ? "" : ", at \(place)"); restore it or start a new run")
    }
    guard RunOptions.presets.contains(options.preset) else {
      throw RunError("'\(path)' names the preset '\(options.preset)', which this version does not know")
    }
    if let choice = options.impossible {
      throw RunError("'\(path)' has the impossible \(choice.flag) \(choice.value); restore it or start a new run")
    }
    do throws(NetworkError) {
      try options.validate()
    } catch {
      throw RunError("'\(path)' describes no networks: \(error); restore it or start a new run")
    }
  }

  /// Writes the run's `config.json`, whole or not at all, over an older one.
  /// - Throws: `StorageError` for the disk's failures.
  public func write(to run: RunDirectory) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try run.write("config.json", text: String(decoding: try encoder.encode(self), as: UTF8.self) + "\n")
  }

  /// Checks that the data of a run that goes on, which are in `folder`, are those that it saw.
  /// - Throws: `RunError` where they are not, unless forced.
  public func allow(_ other: DatasetSummary, of folder: String, force: Bool) throws {
    guard other.digest != data.digest, !force else { return }
    throw RunError(
      "the data set has changed since this run began: then \(data.pictures) pictures of '\(self.folder)' with digest "
        + "\(data.digest), now \(other.pictures) of '\(folder)' with \(other.digest); give the same pictures (as "
        + "in cattrain NEW_DIR --resume RUN where they have moved), or add --force to go on with these")
  }
}

extension DecodingError {
  /// The keys that lead to what could not be read, such as `options.fit`.
  fileprivate var place: String {
    switch self {
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      context.codingPath.map(\.stringValue).joined(separator: ".")
    case .keyNotFound(let key, let context):
      (context.codingPath + [key]).map(\.stringValue).joined(separator: ".")
    @unknown default: ""
    }
  }
}
