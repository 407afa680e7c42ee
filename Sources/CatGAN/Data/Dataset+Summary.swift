// A data set in words, and as the record that a run keeps of it.

import Images

/// What a run remembers of its data, to tell later whether they are the same.
public struct DatasetSummary: Sendable, Equatable, Codable {
  /// How many there are.
  public let pictures: Int
  /// Their side, in pixels.
  public let size: Int
  /// How they became square.
  public let fit: PictureFit
  /// Files and folders that gave no picture.
  public let skipped: Int
  /// `Dataset.digest`.
  public let digest: String
}

extension Dataset {
  /// What a run remembers of it.
  public var summary: DatasetSummary {
    DatasetSummary(pictures: count, size: size, fit: fit, skipped: skipped.count, digest: digest)
  }

  /// One line for people.
  public var description: String {
    let left = skipped.isEmpty ? "" : ", \(skipped.count) skipped"
    return "\(count) pictures of \(size)x\(size), \((pixels.count + 500_000) / 1_000_000) MB\(left), digest \(digest)"
  }
}
