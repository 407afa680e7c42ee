import CPNG
import Random
import Testing

@testable import Images

private func noise(_ width: Int, _ height: Int, seed: UInt64) -> Picture {
  var generator = RandomGenerator(seed: seed)
  return Picture(
    width: width, height: height,
    pixels: (0..<width * height * 3).map { _ in UInt8.random(in: 0...255, using: &generator) })
}

/// Decodes through libpng's own reader.
private func decode(_ file: [UInt8]) -> Picture? {
  var image = png_image()
  image.version = UInt32(PNG_IMAGE_VERSION)
  guard png_image_begin_read_from_memory(&image, file, file.count) != 0 else { return nil }
  image.format = UInt32(PNG_FORMAT_FLAG_COLOR)
  var pixels = [UInt8](repeating: 0, count: Int(image.width * image.height) * 3)
  guard png_image_finish_read(&image, nil, &pixels, 0, nil) != 0 else { return nil }
  return Picture(width: Int(image.width), height: Int(image.height), pixels: pixels)
}

@Test(arguments: [(1, 1), (3, 5), (64, 64), (1000, 3), (257, 300)])
func pngsDecodeToTheSamePixels(width: Int, height: Int) throws {
  // Noise does not compress: it also tries the bound of the encoded size.
  let picture = noise(width, height, seed: 1)
  #expect(decode(try PNGWriter.encode(picture)) == picture)
}

@Test func ppmIsHeaderAndPixels() {
  let picture = noise(2, 1, seed: 2)
  #expect(picture.ppm == Array("P6\n# CatGAN\n2 1\n255\n".utf8) + picture.pixels)
}

@Test func aGridPutsEveryPictureInItsCell() throws {
  var grid = try Grid(columns: 3, rows: 2, cellWidth: 4, cellHeight: 2)
  let pictures = (0..<5).map { noise(4, 2, seed: $0) }
  for (index, picture) in pictures.enumerated() { grid.place(picture.pixels, at: index) }
  #expect(grid.picture.width == 12 && grid.picture.height == 4)
  for index in 0..<6 {
    for y in 0..<2 {
      for x in 0..<12 {
        let (pixel, channel) = (x / 3, x % 3)
        let whole = ((index / 3 * 2 + y) * 12 + index % 3 * 4 + pixel) * 3 + channel
        #expect(grid.picture.pixels[whole] == (index < 5 ? pictures[index].pixels[y * 12 + x] : 0))
      }
    }
  }
}

@Test func gridSidesAreNearlySquareAndLargeOnesRefused() {
  let sides = [1: (1, 1), 2: (2, 1), 4: (2, 2), 5: (3, 2), 7: (3, 3), 64: (8, 8), 65: (9, 8)]
  for (count, expected) in sides { #expect(Grid.sides(for: count) == expected) }
  #expect(throws: PictureError.self) { try Grid(columns: 65_535, rows: 65_535, cellWidth: 256, cellHeight: 256) }
  #expect(throws: PictureError.self) { try Grid(columns: .max, rows: 2, cellWidth: 2, cellHeight: 2) }
}

@Test func checksumIsThatOfTheStandard() {
  // The check value that every list of CRC-32 gives for these nine digits.
  #expect(PNGChunks.crc32(Array("123456789".utf8)[...]) == 0xCBF4_3926)
}

/// Walks the file with nothing but the specification in hand.
@Test func anAnimatedPNGIsInOrder() throws {
  let frames = (0..<4).map { noise(48, 40, seed: $0) }
  var film = AnimatedPNG(frameCount: 4, framesPerSecond: 24)
  for frame in frames { film.append(try PNGWriter.encode(frame), width: 48, height: 40) }
  let file = film.finished()
  #expect(decode(file) == frames[0])

  var sequence: UInt32 = 0
  var types: [String] = []
  var compressed: [[UInt8]] = []
  var header: [UInt8] = []
  var position = 8
  func number(_ at: Int) -> UInt32 { file[at..<at + 4].reduce(0) { $0 << 8 | UInt32($1) } }
  while position < file.count {
    let length = Int(number(position))
    let type = String(decoding: file[position + 4..<position + 8], as: UTF8.self)
    let data = position + 8
    if types.last != type { types.append(type) }
    switch type {
    case "IHDR": header = Array(file[data..<data + length])
    case "acTL": #expect(number(data) == 4 && number(data + 4) == 0)
    case "fcTL":
      #expect(length == 26 && number(data) == sequence && number(data + 4) == 48 && number(data + 8) == 40)
      #expect(number(data + 12) == 0 && number(data + 16) == 0)
      #expect(Array(file[data + 20..<data + 26]) == [0, 1, 0, 24, 0, 0])
      sequence += 1
      compressed.append([])
    case "IDAT":
      #expect(compressed.count == 1)
      compressed[0] += file[data..<data + length]
    case "fdAT":
      #expect(compressed.count > 1 && number(data) == sequence)
      sequence += 1
      compressed[compressed.count - 1] += file[data + 4..<data + length]
    default: break
    }
    position = data + length + 4
  }
  #expect(position == file.count)
  #expect(types.first == "IHDR" && types[1] == "acTL" && types.last == "IEND")
  #expect(
    types.drop { $0 != "fcTL" }.dropLast() == ["fcTL", "IDAT", "fcTL", "fdAT", "fcTL", "fdAT", "fcTL", "fdAT"])
  // Each frame's data, wrapped as a plain PNG, is that frame.
  for (frame, data) in zip(frames, compressed) {
    var still = PNGChunks.signature
    PNGChunks.append("IHDR", header, to: &still)
    PNGChunks.append("IDAT", data, to: &still)
    PNGChunks.append("IEND", [], to: &still)
    #expect(decode(still) == frame)
  }
}
