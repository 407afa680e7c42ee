// Event files on disk. TensorBoard finds them by `tfevents` in the name and reads a directory's files in order of name.

import Generation
import Storage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Appends to one event file; a new session of a run opens a new one.
package final class TensorBoardWriter {
  private let encoder = TensorBoardEncoder()
  private let file: GrowingFile

  private static let prefix = "events.out.tfevents."

  /// Opens a new event file inside `directory`, which must be there.
  /// - Parameter start: the first step that has a record here; what older files hold from it on no longer counts.
  package init(directory: String, start: Int, fileSystem: any FileSystem = Disk()) throws {
    let now = Date().timeIntervalSince1970
    // Readers go from file to file in the order of these numbers, whatever clocks did meanwhile.
    let used = ((try? fileSystem.names(in: directory)) ?? []).filter { $0.hasPrefix(Self.prefix) }
      .compactMap { Int($0.dropFirst(Self.prefix.count).prefix { $0 != "." }) }.filter { $0 < 9_999_999_999 }
    let number = max(Int(now), (used.max() ?? 0) + 1)
    file = try GrowingFile(
      creating: "\(directory)/\(Self.prefix)\(zeroPadded(number, 10)).catgan.\(getpid())", fileSystem: fileSystem)
    try file.append(encoder.version(time: now))
    try file.append(encoder.start(time: now, step: start))
  }

  package func write(_ record: StepRecord) throws {
    try file.append(
      encoder.scalars(
        time: Date().timeIntervalSince1970, step: record.step,
        [
          ("loss/discriminator", record.discriminatorLoss), ("loss/generator", record.generatorLoss),
          ("probability/real", record.realProbability), ("probability/fake", record.fakeProbability),
          ("speed/images per second", record.imagesPerSecond),
        ]))
  }

  /// Writes a sample grid, a PNG file's bytes; what is too short to be one is left out.
  package func write(grid png: [UInt8], step: Int) throws {
    // Width and height follow the signature and the first chunk's length and name.
    guard png.count >= 24 else { return }
    func size(at offset: Int) -> Int { png[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
    try file.append(
      encoder.image(
        time: Date().timeIntervalSince1970, step: step, tag: "samples", png: png, width: size(at: 16),
        height: size(at: 20)))
  }
}
