// PNG files put together from chunks, so that tests can damage some with the checksums right.

import Images

package enum PNGFile {
  package typealias Chunk = (type: String, data: [UInt8])

  package static func chunks(_ file: [UInt8]) -> [Chunk] { PNGChunks.split(file).map { ($0.type, Array($0.data)) } }

  package static func joined(_ chunks: [Chunk]) -> [UInt8] {
    var file = PNGChunks.signature
    for chunk in chunks { PNGChunks.append(chunk.type, chunk.data, to: &file) }
    return file
  }

  /// A film of two of the frame, as `catgen` writes it.
  package static func film(_ frame: [UInt8], width: Int, height: Int) -> [UInt8] {
    var film = AnimatedPNG(frameCount: 2, framesPerSecond: 5)
    for _ in 0..<2 { film.append(frame, width: width, height: height) }
    return film.finished()
  }

  package static func ppm(width: Int, height: Int) -> [UInt8] {
    Picture(width: width, height: height, pixels: [UInt8](repeating: 9, count: width * height * 3)).ppm
  }
}
