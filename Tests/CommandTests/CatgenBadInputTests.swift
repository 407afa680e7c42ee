import Foundation
import Storage
import Testing

/// What catgen refuses: one sentence, the right exit code, and no file that was not there before.
@Suite struct CatgenBadInputTests {
  static let catgen = Program("catgen")

  private func refused(
    _ words: [String], _ status: Int32, _ says: String, in place: Place, leaves names: [String]? = nil,
    output: FileHandle? = nil, prelude: String? = nil
  ) throws {
    let before = place.names
    let ended = try Self.catgen.run(words, in: place.path, output: output, prelude: prelude)
    #expect(ended.status == status, "\(words): \(ended.error)")
    #expect(ended.output.isEmpty)
    #expect(ended.error.hasPrefix("catgen: ") && ended.error.hasSuffix("\n"), "\(words): \(ended.error)")
    #expect(ended.error.split(separator: "\n").count == 1, "\(words): \(ended.error)")
    #expect(ended.error.contains(says), "\(words): \(ended.error)")
    #expect(place.names == names ?? before, "\(words)")
  }

  /// Usage, with what the sentence must hold. None of these gets as far as reading a checkpoint.
  static let mistakes: [(words: String, says: String)] = [
    ("--count 0", "--count 0"), ("--count -5", "--count -5"), ("--count x", "--count x"),
    ("--count 10000001", "--count 10000001"), ("--count 99999999999999999999", "--count"), ("--count", "--count"),
    ("--count 2 --seeds 1", "--count and --seeds"),
    ("--seeds 5-1", "1-5"), ("--seeds -1", "--seeds -1"), ("--seeds 1,,2", "--seeds 1,,2"), ("--seeds 1-2-3", "1-2-3"),
    ("--seeds 18446744073709551616", "18446744073709551615"), ("--seeds 0-18446744073709551615", "more than 10000000"),
    ("--seeds 0-9999999,3", "more than 10000000"), ("--seeds +1", "+1"), ("--seeds 1,1 --out folder", "twice"),
    ("--preset cats32", "cats64, cats128"), ("--preset cats64", "give one of them"),
    ("--grid 3", "--grid 3"), ("--grid 0x3", "--grid 0x3"), ("--grid 3x0", "--grid 3x0"),
    ("--grid 3x-1", "--grid 3x-1"),
    ("--grid 70000x1", "65535"), ("--grid 99999999999999999999x1", "--grid"), ("--grid 3x3x3", "--grid 3x3x3"),
    ("--grid 65535x65535", "--grid"), ("--grid 2x2 --count 5", "does not hold 5"),
    ("--grid 2x2 --out folder", "--grid"),
    ("--truncation 3", "--truncation 3"), ("--truncation nan", "--truncation nan"), ("--truncation -1", "-1"),
    ("--z cauchy", "--z cauchy"), ("--format gif", "--format gif"), ("--out cats.jpg", "--out cats.jpg"),
    ("--out cats.png --format ppm", "--out cats.png"), ("--frames 5", "--interpolate"), ("--loop", "--interpolate"),
    ("--interpolate", "--seeds"), ("--interpolate --seeds 1", "two or more"),
    ("--interpolate --seeds 1,2 --frames 1", "--frames 1"), ("--interpolate --seeds 1,2 --frames 100001", "--frames"),
    ("--interpolate --seeds 1,2 --grid 2x2", "--grid"), ("--interpolate --seeds 1,2 --fps 0", "--fps 0"),
    ("--batch-size 0", "--batch-size 0"), ("--batch-size 257", "--batch-size 257"), ("--threads 0", "--threads 0"),
    ("--threads 1025", "--threads 1025"), ("--nope", "--nope"), ("surplus", "surplus"), ("--count=", "--count"),
    ("--quiet --quiet=no", "--quiet"), ("--trunc 1", "did you mean --truncation?"),
  ]

  @Test(arguments: mistakes.indices) func mistakesOfUsage(index: Int) throws {
    let (words, says) = Self.mistakes[index]
    let place = try Place()
    let checkpoint = ["--checkpoint", SmallGenerator.path]
    try refused(checkpoint + words.split(separator: " ").map(String.init), 2, says, in: place)
  }

  @Test func impossibleGridOfTheseCats() throws {
    // 60000 x 64 pixels wide is a file, 60000 of them high is none.
    try refused(
      ["--checkpoint", SmallGenerator.path, "--grid", "3000x3000", "--count", "1"], 1, "3000x3000", in: Place())
    // PPM knows no such limit.
    try refused(
      ["--checkpoint", SmallGenerator.path, "--grid", "15626x1", "--count", "1"], 1, "a PNG file at most 1000000",
      in: Place())
  }

  @Test func truncatedCheckpoints() throws {
    let place = try Place()
    let whole = try Array(Data(contentsOf: URL(filePath: SmallGenerator.path)))
    for length in [0, 1, 7, 8, 9, 200, 2000, whole.count / 2, whole.count - 1] {
      let path = try place.write(whole.prefix(length), to: "cut.safetensors")
      try refused(["--checkpoint", path], 1, "cut.safetensors", in: place)
      try refused(["--checkpoint", path, "--inspect"], 1, "cut.safetensors", in: place)
    }
  }

  @Test func foreignFiles() throws {
    let place = try Place()
    let zip: [UInt8] = Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 4000)
    let json = Array("{\"weights\": [1, 2, 3]}".utf8)
    for (name, bytes) in [("model.pt", zip), ("model.json", json), ("zeros", [UInt8](repeating: 0, count: 4096))] {
      try refused(["--checkpoint", place.write(bytes, to: name)], 1, name, in: place)
    }
    for path in [Fixtures.path("pictures/png-rgb8.png"), "/dev/zero", place.path, place("missing"), #filePath] {
      try refused(["--checkpoint", path], 1, path, in: place)
    }
    // A sound file with none of a generator's tensors in it.
    try refused(
      ["--checkpoint", Fixtures.path("storage/pictures.safetensors")], 1, "holds no generator", in: place)
  }

  /// Sound files whose numbers or shapes cannot be a generator's.
  static let lies: [(says: String, change: @Sendable (inout SmallGenerator) -> Void)] = [
    ("dense.weight", { $0.tensors["dense.weight"]!.values[7] = .nan }),
    ("trans_conv3.weight", { $0.tensors["trans_conv3.weight"]!.values[0] = .infinity }),
    ("logits.bias", { $0.tensors["logits.bias"]!.values[2] = -.infinity }),
    ("running_var", { $0.tensors["batch_trans_conv2.running_var"]!.values[3] = -1 }),
    ("running_mean", { $0.tensors["batch_trans_conv1.running_mean"]!.values[0] = .nan }),
    // Finite weights whose pictures are not.
    (
      "not finite",
      { $0.tensors["trans_conv1.weight"]!.values = $0.tensors["trans_conv1.weight"]!.values.map { _ in 3e38 } }
    ),
    ("logits.bias", { $0.tensors["logits.bias"] = nil }),
    ("batch_trans_conv4.running_var", { $0.tensors["batch_trans_conv4.running_var"] = nil }),
    ("layers", { file in for stage in 1...4 { file.tensors["trans_conv\(stage).weight"] = nil } }),
    ("dense.weight", { $0.tensors["dense.weight"]!.shape = [256 * 6] }),
    ("dense.weight", { $0.tensors["dense.weight"]!.shape = [6, 256] }),
    ("expected", { $0.tensors["logits.weight"] = .init(shape: [5, 3, 5, 0], values: []) }),
    (
      "kernel",
      { $0.tensors["trans_conv1.weight"] = .init(shape: [16, 8, 1, 16], values: [Float](repeating: 0, count: 2048)) }
    ),
    ("averaged generator", { $0.tensors["generator_ema.dense.weight"] = .init(shape: [1], values: [1]) }),
    ("catgan.config", { $0.metadata["catgan.config"] = "{" }),
    ("uniform or normal", { $0.metadata["catgan.config"] = "{\"zDistribution\":\"\\u001b[2J\"}" }),
  ]

  @Test(arguments: lies.indices) func lyingCheckpoints(index: Int) throws {
    let (says, change) = Self.lies[index]
    let place = try Place()
    var file = try SmallGenerator()
    change(&file)
    try file.write(place("lie.safetensors"))
    for out in [["--out", "cats.png"], ["--out", "folder"], ["--out", "-", "--format", "raw"]] {
      let words = ["--checkpoint", place("lie.safetensors"), "--count", "3"] + out
      let ended = try Self.catgen.run(words, in: place.path)
      #expect(ended.status == 1 && ended.output.isEmpty, "\(ended.status) \(ended.error)")
      #expect(
        ended.error.split(separator: "\n").count == 1 && ended.error.contains("lie.safetensors"), "\(ended.error)")
      #expect(says == "averaged generator" || ended.error.contains(says), "\(ended.error)")
      #expect(ended.error.dropLast().unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7f })
      #expect(place.names == ["lie.safetensors"], "\(place.names)")
    }
  }

  /// Weights that are not as they were written never become pictures, however these are asked for: a run of zeros, as of a
  /// bad disk, and single bits.
  @Test func damagedWeights() throws {
    let place = try Place()
    let sound = try Array(Data(contentsOf: URL(filePath: Fixtures.path("cats64.safetensors"))))
    var zeros = sound
    zeros.replaceSubrange(3_686_400..<3_948_544, with: repeatElement(0, count: 262_144))
    var last = sound
    last[last.count - 1] ^= 1
    var made = try SmallGenerator()
    made.tensors["trans_conv2.bias"] = made.tensors["batch_trans_conv2.bias"]
    try made.write(place("made.safetensors"))
    var bit = try place.bytes("made.safetensors")
    bit[bit.count / 2] ^= 4
    // A bias that a generator can do without, under another name.
    var name = try place.bytes("made.safetensors")
    let bias = try #require(name.firstRange(of: Array("\"trans_conv2.bias\"".utf8)))
    name[bias.lowerBound + 11] = UInt8(ascii: "9")
    try FileManager.default.createDirectory(atPath: place("there"), withIntermediateDirectories: true)
    for (index, bytes) in [zeros, last, bit, name].enumerated() {
      let path = try place.write(bytes, to: "damaged\(index).safetensors")
      for words in [
        ["--out", "cats.png"], ["--out", "folder"], ["--out", "there"], ["--out", "-", "--format", "raw"],
        ["--interpolate", "--frames", "3", "--out", "film.png"],
      ] {
        try refused(["--checkpoint", path, "--seeds", "0-2"] + words, 1, "is damaged", in: place)
      }
    }
  }

  /// A few megabytes of weights that ask for gigabytes of results.
  @Test func memoryInProportionToTheFile() throws {
    let place = try Place()
    var file = try SmallGenerator()
    let many = 20_000
    file.tensors["trans_conv4.weight"] = .init(shape: [6, many, 4, 4], values: [Float](repeating: 0, count: 96 * many))
    for name in ["weight", "bias", "running_mean", "running_var"] {
      file.tensors["batch_trans_conv4.\(name)"] = .init(shape: [many], values: [Float](repeating: 1, count: many))
    }
    file.tensors["trans_conv4.bias"] = nil
    let last = file.tensors["logits.weight"]!.shape[2]
    file.tensors["logits.weight"] = .init(
      shape: [many, 3, last, last], values: [Float](repeating: 0, count: many * 3 * last * last))
    try file.write(place("wide.safetensors"))
    try refused(["--checkpoint", place("wide.safetensors")], 1, "warrant", in: place)
  }

  @Test func whatIsThereStays() throws {
    let place = try Place()
    let words = ["--checkpoint", SmallGenerator.path]
    try place.write([1, 2, 3], to: "cats.png")
    try FileManager.default.createDirectory(atPath: place("folder"), withIntermediateDirectories: true)
    try place.write([1, 2, 3], to: "folder/seed0002.png")
    try refused(words, 1, "cats.png", in: place)
    try refused(words + ["--count", "3", "--out", "folder"], 1, "folder/seed0002.png", in: place)
    #expect(try place.bytes("cats.png") == [1, 2, 3] && place.bytes("folder/seed0002.png") == [1, 2, 3])
    let forced = try Self.catgen.run(words + ["--count", "3", "--out", "folder", "--force"], in: place.path)
    #expect(forced.status == 0 && place.names.count == 5)
    #expect(try place.bytes("folder/seed0002.png").count > 1000)
  }

  @Test func placesThatCannotBeWritten() throws {
    let place = try Place()
    let words = ["--checkpoint", SmallGenerator.path, "--count", "2", "--out"]
    try place.write([], to: "file")
    for out in ["missing/cats.png", "file/cats.png", "file", "/dev/full", "/dev/null", "/proc/nothing/cats.png"] {
      try refused(words + [out], 1, out, in: place)
      try refused(words + [out, "--force"], 1, out, in: place)
    }
    try refused(words + [""], 2, "--out", in: place)
    try FileManager.default.createDirectory(atPath: place("cats.png"), withIntermediateDirectories: true)
    try refused(words + ["cats.png", "--force"], 1, "cats.png", in: place)
  }

  @Test func fullStandardOutput() throws {
    guard let full = FileHandle(forWritingAtPath: "/dev/full") else { return }  // only Linux has this device
    for format in ["png", "ppm", "raw"] {
      try refused(
        ["--checkpoint", SmallGenerator.path, "--count", "9", "--format", format, "--out", "-"], 1, "standard output",
        in: Place(), output: full)
    }
    for words in [["--checkpoint", SmallGenerator.path, "--inspect"], ["--help"]] {
      try refused(words, 1, "standard output", in: Place(), output: full)
    }
  }

  /// A limit on the size of files is a disk that takes some bytes and then no more, for anybody who runs the tests.
  @Test func filesThatGrowTooLarge() throws {
    let place = try Place()
    let words = ["--checkpoint", SmallGenerator.path, "--count", "64"]
    // Without the trap the system would end the program; ignored signals stay ignored across exec.
    let prelude = "trap '' XFSZ; ulimit -f 8"
    for out in ["cats.png", "cats.raw", "film.ppm"] {
      try refused(words + ["--out", out], 1, out, in: place, prelude: prelude)
    }
    try refused(words + ["--out", "folder", "--format", "raw"], 1, "folder/", in: place, prelude: prelude)
  }

  /// A real file system that is full, where the tests may mount one.
  @Test(.enabled(if: SmallDisk.isAllowed, "\(SmallDisk.remark)")) func fullFileSystem() throws {
    let place = try Place()
    let disk = try SmallDisk(in: place, kilobytes: 1024)
    defer { withExtendedLifetime(disk) {} }
    let words = ["--checkpoint", SmallGenerator.path, "--count", "200", "--out"]
    try refused(words + ["disk/cats.raw"], 1, "disk/cats.raw", in: place)
    #expect(try FileManager.default.contentsOfDirectory(atPath: place("disk")).isEmpty)
    let ended = try Self.catgen.run(words + ["disk/folder", "--format", "raw"], in: place.path)
    #expect(ended.status == 1 && ended.error.contains("No space left") && ended.error.split(separator: "\n").count == 1)
    // Pictures that were finished before stay, whole.
    let pictures = try FileManager.default.contentsOfDirectory(atPath: place("disk/folder"))
    #expect(pictures.count > 10 && pictures.count < 200)
    #expect(try pictures.allSatisfy { try place.bytes("disk/folder/\($0)").count == 3 * 64 * 64 }, "\(pictures)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: place("disk")) == ["folder"])
  }

  @Test func aClosedPipeEndsItQuietly() throws {
    let pipe = Pipe()
    let process = Process()
    process.executableURL = Self.catgen.url
    process.arguments = ["--checkpoint", SmallGenerator.path, "--count", "100000", "--format", "raw", "--out", "-"]
    process.standardOutput = pipe
    let complaints = Pipe()
    process.standardError = complaints
    try process.run()
    #expect(try pipe.fileHandleForReading.read(upToCount: 1000)?.isEmpty == false)
    try pipe.fileHandleForWriting.close()
    try pipe.fileHandleForReading.close()
    process.waitUntilExit()
    #expect(process.outcome == -SIGPIPE)
    #expect(try (complaints.fileHandleForReading.readToEnd() ?? Data()).isEmpty)
  }

  /// A parent may have made its end of the pipe, and so ours, one that does not wait.
  @Test func aPipeThatDoesNotWait() throws {
    let pipe = Pipe()
    let writing = pipe.fileHandleForWriting.fileDescriptor
    _ = fcntl(writing, F_SETFL, fcntl(writing, F_GETFL) | O_NONBLOCK)
    let process = Process()
    process.executableURL = Self.catgen.url
    process.arguments = ["--checkpoint", SmallGenerator.path, "--count", "100", "--format", "raw", "--out", "-"]
    process.standardOutput = pipe
    try process.run()
    try pipe.fileHandleForWriting.close()
    // A pipe holds 64 KB, a fraction of it.
    usleep(200_000)
    let bytes = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(process.outcome == 0 && bytes.count == 100 * 3 * 64 * 64, "\(bytes.count)")
  }

  /// Made text of, it would name another file.
  @Test func namesThatAreNoText() throws {
    let place = try Place()
    let ended = try Self.catgen.run(
      [], in: place.path, prelude: "exec \"$0\" --checkpoint '\(SmallGenerator.path)' --out \"$(printf 'x\\377.png')\"")
    #expect(ended.status == 2 && ended.error.contains("is not UTF-8"), "\(ended.error)")
    #expect(place.names.isEmpty)
  }

  /// Signalled while the temporary file is there, which is as late as can be.
  @Test(arguments: [SIGINT, SIGTERM, SIGHUP], ["film.raw", "folder"])
  func signalsLeaveNothingHalfWritten(number: Int32, out: String) throws {
    let place = try Place()
    let process = try Self.catgen.start(
      [
        "--checkpoint", SmallGenerator.path, "--count", "10000000", "--batch-size", "16", "--format", "raw", "--out",
        out,
      ],
      in: place.path)
    while process.isRunning && !place.names.contains(where: { $0.contains(".catgan-") || $0.hasSuffix("seed0000.raw") })
    {}
    kill(process.processIdentifier, number)
    process.waitUntilExit()
    #expect(process.outcome == -number)
    let left = place.names
    #expect(!left.contains { $0.contains(".catgan-") }, "\(left)")
    if out == "film.raw" { #expect(left.isEmpty) }
    for name in left where name.hasSuffix(".raw") { #expect(try place.bytes(name).count == 3 * 64 * 64, "\(name)") }
  }
}
