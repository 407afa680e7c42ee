import Storage

/// The entries of a checkpoint's metadata that say how far a training has come, and of what.
public enum CheckpointKey: String, CaseIterable, Sendable {
  case step = "catgan.step"
  case epoch = "catgan.epoch"
  case stepInEpoch = "catgan.step_in_epoch"
  case pictureInEpoch = "catgan.picture_in_epoch"
  case rateScale = "catgan.rate_scale"
  case seed = "catgan.seed"
  case data = "catgan.data"
  case dataDigest = "catgan.data_digest"
  case fit = "catgan.fit"
  case version = "catgan.version"

  /// The entry for what a person has to say about an exported generator.
  package static let note = "catgan.note"
  /// The entry that describes the networks.
  package static let configuration = "catgan.config"
}

extension SafeTensors {
  /// What the file says under `key`.
  package func entry(_ key: CheckpointKey) -> String? { metadata[key.rawValue] }

  /// Training steps that the file says it has behind it; nil where it does not say, or no number.
  package var steps: Int? { entry(.step).flatMap { Int($0) } }
}
