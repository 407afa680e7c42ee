import Foundation
import Generation
import Images
import Storage
import Testing

/// What catgen writes: the same bytes for the same seed, whatever the way they were asked for.
@Suite struct CatgenOutputTests {
  private static let side = SmallGenerator.side
  private static let block = 3 * side * side

  @discardableResult
  private func catgen(_ words: String, in place: Place? = nil, checkpoint: String = SmallGenerator.path) throws -> Ended
  {
    let ended = try Program("catgen").run(
      ["--checkpoint", checkpoint, "--quiet"] + words.split(separator: " ").map(String.init), in: place?.path)
    try #require(ended.status == 0, "\(words): \(ended.error)")
    #expect(ended.error.isEmpty)
    return ended
  }

  private func raw(_ words: String) throws -> [[UInt8]] {
    let bytes = try catgen("\(words) --format raw --out -").output
    #expect(bytes.count % Self.block == 0)
    return stride(from: 0, to: bytes.count, by: Self.block).map { Array(bytes[$0..<$0 + Self.block]) }
  }

  @Test func sameSeedSameBytes() throws {
    let all = try raw("--seeds 0-16")
    #expect(all.count == 17 && Set(all).count == 17)
    for words in ["--batch-size 1", "--batch-size 5", "--batch-size 17", "--threads 1", "--threads 3 --batch-size 4"] {
      #expect(try raw("--seeds 0-16 \(words)") == all, "\(words)")
    }
    #expect(try raw("--count 17") == all)
    #expect(try raw("--seeds 16,3,3,0-1") == [16, 3, 3, 0, 1].map { all[$0] })
    #expect(try raw("") == [all[0]])
  }

  /// PPM frames one after another, a header and the raw bytes each.
  @Test func streamOfFrames() throws {
    let frames = try raw("--count 3")
    let stream = try catgen("--count 3 --format ppm --out -").output
    #expect(stream == frames.flatMap { Array("P6\n# CatGAN\n\(Self.side) \(Self.side)\n255\n".utf8) + $0 })
    let place = try Place()
    try catgen("--count 3 --out cats.ppm", in: place)
    #expect(try place.bytes("cats.ppm") == stream)
    #expect(place.names == ["cats.ppm"])
  }

  /// A film for video encoders: a header, then each frame's marker and three planes of as many samples as it has pixels.
  @Test func filmOfPlanes() throws {
    let words = "--interpolate --seeds 1,2 --frames 5 --fps 30"
    let stream = try catgen("\(words) --format y4m --out -").output
    let header = Array("YUV4MPEG2 W\(Self.side) H\(Self.side) F30:1 Ip A1:1 C444 XCOLORRANGE=LIMITED\n".utf8)
    try #require(stream.starts(with: header) && stream.count == header.count + 5 * (6 + Self.block))
    let frames = try raw(words)
    for (index, frame) in frames.enumerated() {
      let expected = frame.withUnsafeBufferPointer(YUV4MPEG.frame)
      #expect(Array(stream.dropFirst(header.count + index * expected.count).prefix(expected.count)) == expected)
    }
    let place = try Place()
    try catgen("\(words) --out film.y4m", in: place)
    #expect(try place.bytes("film.y4m") == stream)
    let folder = try Program("catgen").run(
      ["--checkpoint", SmallGenerator.path, "--count", "2", "--format", "y4m", "--out", place("folder")])
    #expect(folder.status == 2 && folder.error.contains("FILE.y4m") && place.names == ["film.y4m"])
  }

  @Test func folderOfPictures() throws {
    let place = try Place()
    try catgen("--seeds 0-2,20,12345 --out cats", in: place)
    let names = ["seed0000", "seed0001", "seed0002", "seed0020", "seed12345"].map { "cats/\($0).png" }
    #expect(place.names == (["cats"] + names).sorted())
    let single = try catgen("--seeds 20 --out -").output
    #expect(try place.bytes("cats/seed0020.png") == single, "a picture is the same file alone and in a folder")
    try catgen("--seeds 20 --out cats --format raw", in: place)
    #expect(try place.bytes("cats/seed0020.raw") == raw("--seeds 20")[0])
  }

  /// Each cell of a grid, on the way through PNG, is the picture of its seed.
  @Test(arguments: ["--grid 3x2 --count 5", "--count 5", "--grid 5x1", "--grid 1x5 --batch-size 2 --threads 1"])
  func cellsOfAGrid(words: String) throws {
    let pictures = try raw("--count 5")
    let bytes = try catgen("\(words) --format ppm --out - \(words.contains("--grid") ? "" : "--grid 3x2")").output
    let columns = words.contains("5x1") ? 5 : words.contains("1x5") ? 1 : 3
    let rows = columns == 5 ? 1 : columns == 1 ? 5 : 2
    let header = Array("P6\n# CatGAN\n\(columns * Self.side) \(rows * Self.side)\n255\n".utf8)
    #expect(bytes.prefix(header.count).elementsEqual(header))
    let pixels = Array(bytes.dropFirst(header.count))
    let row = 3 * Self.side
    for cell in 0..<columns * rows {
      let expected = cell < 5 ? pictures[cell] : [UInt8](repeating: 0, count: Self.block)
      let found = (0..<Self.side).flatMap { y in
        let start = ((cell / columns * Self.side + y) * columns + cell % columns) * row
        return pixels[start..<start + row]
      }
      #expect(found == expected, "cell \(cell)")
    }
  }

  @Test func gridWithoutSizeIsNearlySquare() throws {
    let png = try catgen("--count 5 --out -").output
    #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47]))
    func size(_ at: Int) -> Int { png[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
    #expect(size(16) == 3 * Self.side && size(20) == 2 * Self.side)
    #expect(try catgen("--count 5 --grid 3x2 --out -").output == png)
  }

  @Test func filmThroughSeveralSeeds() throws {
    let keys = try raw("--seeds 3,14,15")
    let open = try raw("--interpolate --seeds 3,14,15 --frames 9")
    #expect(open.count == 9 && open[0] == keys[0] && open[4] == keys[1] && open[8] == keys[2])
    let loop = try raw("--interpolate --seeds 3,14,15 --frames 9 --loop --batch-size 2")
    #expect(loop.count == 9 && loop[0] == keys[0] && loop[3] == keys[1] && loop[6] == keys[2])
    #expect(Set(loop).count == 9)
    let place = try Place()
    try catgen("--interpolate --seeds 3,14,15 --frames 9 --out film", in: place)
    #expect(place.names.count == 10 && place.names.contains("film/frame0008.png"))
  }

  /// The chunks of an animated PNG: as many frames as asked for, played for ever, numbered without gaps.
  @Test func animatedPNG() throws {
    let place = try Place()
    try catgen("--interpolate --seeds 1,2 --frames 7 --fps 25 --loop --out film.png", in: place)
    let bytes = try place.bytes("film.png")
    var (at, names, sequence, delays): (Int, [String], [Int], [Int]) = (8, [], [], [])
    func number(_ at: Int, _ count: Int) -> Int { bytes[at..<at + count].reduce(0) { $0 << 8 | Int($1) } }
    while at < bytes.count {
      let name = String(decoding: bytes[at + 4..<at + 8], as: UTF8.self)
      names.append(name)
      switch name {
      case "acTL": #expect(number(at + 8, 4) == 7 && number(at + 12, 4) == 0)
      case "fcTL":
        sequence.append(number(at + 8, 4))
        delays.append(number(at + 28, 2) * 1000 / number(at + 30, 2))
      case "fdAT": sequence.append(number(at + 8, 4))
      default: break
      }
      at += 12 + number(at, 4)
    }
    #expect(names.first == "IHDR" && names.last == "IEND" && names.count { $0 == "fcTL" } == 7)
    #expect(sequence == Array(0..<sequence.count))
    #expect(delays == [Int](repeating: 40, count: 7))
  }

  @Test func truncationAndDistributionChangeThePicture() throws {
    let usual = try raw("--seeds 7")
    #expect(try raw("--seeds 7 --truncation 0.5") != usual)
    #expect(try raw("--seeds 7 --z normal") != usual)
    #expect(try raw("--seeds 7 --truncation 1 --z uniform") == usual)
    #expect(try raw("--seeds 7,8 --truncation 0").count == 2)
    let same = try raw("--seeds 7,8 --truncation 0")
    #expect(same[0] == same[1])
  }

  @Test func inspection() throws {
    let place = try Place()
    let bare = try catgen("--inspect", in: place).text
    for line in [
      "pictures        64x64", "width           5\n",
      "trans_conv1: transposedConvolution 4x4 stride 2 without bias, 4x4x16 -> 8x8x8", "parameters      generator ",
    ] {
      #expect(bare.contains(line), "\(bare)")
    }
    #expect(place.names.isEmpty)

    var file = try SmallGenerator()
    file.metadata = ["catgan.data": "\u{1b}]0;evil\u{7}", "catgan.step": "12", "catgan.seed": "7"]
    try file.write(place("words.safetensors"))
    let text = try catgen("--inspect", checkpoint: place("words.safetensors")).text
    #expect(text.contains("step            12\n") && text.contains("seed            7\n"))
    #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0.value < 0x7f }, "\(text)")

    // The digest is looked at.
    var bytes = try place.bytes("words.safetensors")
    bytes[bytes.count - 1] ^= 1
    try place.write(bytes, to: "words.safetensors")
    let damaged = try Program("catgen").run(["--checkpoint", place("words.safetensors"), "--inspect"])
    #expect(damaged.status == 1 && damaged.error.contains("damaged"))
  }

  /// Nothing that a file says about itself is opened, and nothing beside the output is written.
  @Test func onlyTheOutputIsWritten() throws {
    let place = try Place()
    var file = try SmallGenerator()
    let bait = place("bait")
    file.metadata = ["catgan.data": bait, "catgan.note": bait, "catgan.config": "{\"preset\":\"\(bait)\"}"]
    try file.write(place("model.safetensors"))
    #expect(mkfifo(bait, 0o600) == 0)  // whoever opened it would wait for ever
    try catgen("--count 2 --out cats.png", in: place, checkpoint: place("model.safetensors"))
    #expect(place.names == ["bait", "cats.png", "model.safetensors"])
  }

  /// The directory of a run stands for its newest checkpoint, which the step in the name tells.
  @Test func theNewestCheckpointOfARun() throws {
    let place = try Place()
    try FileManager.default.createDirectory(atPath: place("run/checkpoints"), withIntermediateDirectories: true)
    let empty = try Program("catgen").run(["--checkpoint", "run", "--out", "-"], in: place.path)
    #expect(empty.status == 1 && empty.error.contains("'run' holds no checkpoints"), "\(empty.error)")
    let names = ["epoch0009-step00000900", "epoch0010-step00001000", "epoch0010-step00001001-partial", "epoch0010-x"]
    var file = try SmallGenerator()
    for (index, name) in names.enumerated() {
      file.metadata["catgan.step"] = "\(index)"
      try file.write(place("run/checkpoints/\(name).safetensors"))
    }
    for path in ["run", "run/"] {
      #expect(try catgen("--inspect", in: place, checkpoint: path).text.contains("step            2\n"))
    }
  }

  /// 5x5 kernels under a prefix, and a width, a base and a size of another's choosing.
  @Test func generatorsOfOtherPrograms() throws {
    let pictures = try catgen(
      "--seeds 0,5 --format raw --out -", checkpoint: Fixtures.path("generators/bare5.safetensors"))
    // PyTorch in double precision, Fixtures/generators/make_generators.py; rounding to bytes may differ by one.
    let expected = try Data(contentsOf: URL(filePath: Fixtures.path("generators/bare5.rgb")))
    #expect(pictures.output.count == expected.count)
    #expect(zip(pictures.output, expected).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
  }
}
