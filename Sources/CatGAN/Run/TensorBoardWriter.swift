// Event files on disk. TensorBoard finds them by `tfevents` in the name and reads a directory's files in order of name.

import Generation

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
public final class TensorBoardWriter {
  private let encoder = TensorBoardEncoder()
  private let file: Int32
  private let path: String

  /// Opens a new event file inside `directory`, which must be there.
  /// - Parameter resumedAt: the step that training goes on from, or nil for a new run.
  public init(directory: String, resumedAt: Int? = nil) throws {
    let now = Date().timeIntervalSince1970
    path = "\(directory)/events.out.tfevents.\(zeroPadded(Int(now), 10)).catgan.\(getpid())"
    file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o666)
    guard file >= 0 else { throw RunError("'\(path)' cannot be created: \(String(cString: strerror(errno)))") }
    try append(encoder.version(time: now))
    if let resumedAt { try append(encoder.restart(time: now, step: resumedAt + 1)) }
  }

  deinit { close(file) }

  public func write(_ record: StepRecord) throws {
    try append(
      encoder.scalars(
        time: Date().timeIntervalSince1970, step: record.step,
        [
          ("loss/discriminator", record.discriminatorLoss), ("loss/generator", record.generatorLoss),
          ("probability/real", record.realProbability), ("probability/fake", record.fakeProbability),
          ("speed/images per second", record.imagesPerSecond),
        ]))
  }

  public func write(grid png: [UInt8], width: Int, height: Int, step: Int) throws {
    try append(
      encoder.image(
        time: Date().timeIntervalSince1970, step: step, tag: "samples", png: png, width: width, height: height))
  }

  /// One record in one call: a reader may look at any moment. A record that was cut short is taken away again.
  private func append(_ record: [UInt8]) throws {
    let before = lseek(file, 0, SEEK_END)
    let written = record.withUnsafeBytes { Self.writeOnce(file, $0) }
    guard written == record.count else {
      let reason = String(cString: strerror(written < 0 ? errno : ENOSPC))
      _ = ftruncate(file, before)
      throw RunError("'\(path)' cannot be written: \(reason)")
    }
  }

  private static func writeOnce(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
      Glibc.write(file, bytes.baseAddress, bytes.count)
    #else
      Darwin.write(file, bytes.baseAddress, bytes.count)
    #endif
  }
}
