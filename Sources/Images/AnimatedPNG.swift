/// A film as an animated PNG, which browsers play and everything else shows as its first frame.
///
/// Frames are compressed one by one by `PNGWriter` and only re-wrapped here (PNG specification, third edition, section
/// 11.3.4): the first stays in IDAT chunks, later ones become fdAT chunks, each frame behind an fcTL chunk.
public struct AnimatedPNG: Sendable {
  public let frameCount: Int
  private let framesPerSecond: Int
  private var file: [UInt8] = PNGChunks.signature
  private var width = 0
  private var height = 0
  private var appended = 0
  private var sequence: UInt32 = 0

  /// - Parameters:
  ///   - frameCount: how many frames will be appended; the format wants to know it first.
  ///   - framesPerSecond: 1 to 65535.
  public init(frameCount: Int, framesPerSecond: Int) {
    precondition(frameCount > 0 && (1...65_535).contains(framesPerSecond))
    self.frameCount = frameCount
    self.framesPerSecond = framesPerSecond
  }

  /// Appends a frame that `PNGWriter` has encoded; all frames have one size.
  public mutating func append(_ encoded: [UInt8], width: Int, height: Int) {
    precondition(appended < frameCount, "more frames than announced")
    let chunks = PNGChunks.split(encoded)
    if appended == 0 {
      (self.width, self.height) = (width, height)
      for chunk in chunks.prefix(while: { $0.type != "IDAT" }) {
        PNGChunks.append(chunk.type, chunk.data, to: &file)
        if chunk.type == "IHDR" { appendAnimationControl() }
      }
    }
    precondition(width == self.width && height == self.height, "frames of different sizes")
    appendFrameControl()
    for chunk in chunks where chunk.type == "IDAT" {
      if appended == 0 {
        PNGChunks.append("IDAT", chunk.data, to: &file)
      } else {
        var data: [UInt8] = []
        data.reserveCapacity(chunk.data.count + 4)
        PNGChunks.appendBigEndian(nextSequence(), to: &data)
        PNGChunks.append("fdAT", data + chunk.data, to: &file)
      }
    }
    appended += 1
  }

  /// The finished file, after the last frame.
  public func finished() -> [UInt8] {
    precondition(appended == frameCount, "\(appended) of \(frameCount) frames were appended")
    var complete = file
    PNGChunks.append("IEND", [], to: &complete)
    return complete
  }

  private mutating func nextSequence() -> UInt32 {
    defer { sequence += 1 }
    return sequence
  }

  private mutating func appendAnimationControl() {
    var data: [UInt8] = []
    PNGChunks.appendBigEndian(UInt32(frameCount), to: &data)
    PNGChunks.appendBigEndian(UInt32(0), to: &data)  // endless loop
    PNGChunks.append("acTL", data, to: &file)
  }

  private mutating func appendFrameControl() {
    var data: [UInt8] = []
    PNGChunks.appendBigEndian(nextSequence(), to: &data)
    PNGChunks.appendBigEndian(UInt32(width), to: &data)
    PNGChunks.appendBigEndian(UInt32(height), to: &data)
    PNGChunks.appendBigEndian(UInt64(0), to: &data)  // both offsets
    PNGChunks.appendBigEndian(UInt16(1), to: &data)  // shown for 1/framesPerSecond seconds
    PNGChunks.appendBigEndian(UInt16(framesPerSecond), to: &data)
    data += [0, 0]  // the next frame replaces this one
    PNGChunks.append("fcTL", data, to: &file)
  }
}
