// PNG files put together from chunks, so that tests can damage some with the checksums right.

@testable import Generation

enum PNGFile {
  typealias Chunk = (type: String, data: [UInt8])

  static func chunks(_ file: [UInt8]) -> [Chunk] { PNGChunks.split(file).map { ($0.type, Array($0.data)) } }

  static func joined(_ chunks: [Chunk]) -> [UInt8] {
    var file = PNGChunks.signature
    for chunk in chunks { PNGChunks.append(chunk.type, chunk.data, to: &file) }
    return file
  }

  /// A film of two of the frame, as `catgen` writes it.
  static func film(_ frame: [UInt8], width: Int, height: Int) -> [UInt8] {
    var film = AnimatedPNG(frameCount: 2, framesPerSecond: 5)
    for _ in 0..<2 { film.append(frame, width: width, height: height) }
    return film.finished()
  }

  static func ppm(width: Int, height: Int) -> [UInt8] {
    Picture(width: width, height: height, pixels: [UInt8](repeating: 9, count: width * height * 3)).ppm
  }
}
