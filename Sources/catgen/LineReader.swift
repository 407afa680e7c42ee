import Images
import Storage

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Lines of standard input as they come, without waiting where that is not needed.
struct LineReader {
  /// Bytes of the longest line: a z of 65536 numbers fits with room to spare.
  static let longest = 4 << 20
  private static let block = 1 << 16

  enum Line {
    case text([UInt8])
    case tooLong
  }

  private var bytes: [UInt8] = []
  /// Where the next line begins, and how far no newline has been found.
  private var start = 0
  private var searched = 0
  /// Within a line that has been given up.
  private var skipping = false
  private(set) var hasEnded = false
  /// Of the line that was returned last, from 1 on.
  private(set) var number = 0

  /// The next line without its newline, blank ones included.
  /// - Parameter waiting: whether to wait for one.
  /// - Returns: nil where there is none yet, or none any more.
  /// - Throws: `PictureError` where standard input cannot be read.
  mutating func next(waiting: Bool) throws -> Line? {
    while true {
      if let newline = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        let line = bytes[start..<newline]
        (start, searched) = (newline + 1, newline + 1)
        number += 1
        if !skipping { return .text(Array(line)) }
        skipping = false
        return .tooLong
      }
      searched = bytes.count
      if bytes.count - start > Self.longest || skipping {
        skipping = true
        start = bytes.count
      }
      if hasEnded {
        // The last line may lack its newline.
        guard start < bytes.count || skipping else { return nil }
        let line = Array(bytes[start...])
        start = bytes.count
        number += 1
        defer { skipping = false }
        return skipping ? .tooLong : .text(line)
      }
      guard waiting || isReady() else { return nil }
      try fill()
    }
  }

  /// - Parameter milliseconds: to wait at most; -1 for as long as it takes.
  private func isReady(within milliseconds: Int32 = 0) -> Bool {
    var descriptor = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    return poll(&descriptor, 1, milliseconds) > 0
  }

  private mutating func fill() throws {
    bytes.removeFirst(start)
    searched -= start
    start = 0
    let old = bytes.count
    bytes += [UInt8](repeating: 0, count: Self.block)
    while true {
      let count = bytes.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress! + old, Self.block) }
      if count < 0 && errno == EINTR { continue }
      if count < 0 && errno == EAGAIN {
        // The stream is non-blocking, and nothing is there yet.
        _ = isReady(within: -1)
        continue
      }
      guard count >= 0 else {
        throw PictureError(
          "cannot read standard input: \(SystemFailure(errno).reason); send it from somewhere else")
      }
      bytes.removeLast(Self.block - count)
      hasEnded = count == 0
      return
    }
  }
}
