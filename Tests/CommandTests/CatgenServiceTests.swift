import Foundation
import Storage
import Testing

/// `catgen --stdin`: the pictures of catgen, and answers to lines that make no sense.
@Suite struct CatgenServiceTests {
  private static let block = 3 * SmallGenerator.side * SmallGenerator.side

  private struct Answer: Decodable {
    var line: Int
    var index: Int?
    var seed: UInt64?
    var format: String?
    var width: Int?
    var height: Int?
    var bytes: Int?
    var error: String?
    var content: [UInt8] = []

    private enum CodingKeys: String, CodingKey { case line, index, seed, format, width, height, bytes, error }
  }

  private func ended(_ lines: String, _ flags: String = "--format raw") throws -> Ended {
    let place = try Place()
    try place.write(lines.utf8, to: "lines")
    return try Program("catgen").run(
      ["--checkpoint", SmallGenerator.path, "--stdin"] + flags.split(separator: " ").map(String.init),
      in: place.path, input: FileHandle(forReadingFrom: URL(filePath: place("lines"))))
  }

  private func answers(_ lines: String, _ flags: String = "--format raw") throws -> [Answer] {
    let ended = try ended(lines, flags)
    try #require(ended.status == 0 && ended.error.isEmpty, "\(ended.error)")
    var rest = ended.output[...]
    var answers: [Answer] = []
    while !rest.isEmpty {
      let newline = try #require(rest.firstIndex(of: UInt8(ascii: "\n")))
      var answer = try JSONDecoder().decode(Answer.self, from: Data(rest[..<newline]))
      rest = rest[(newline + 1)...]
      let count = answer.bytes ?? 0
      try #require(rest.count >= count)
      answer.content = Array(rest.prefix(count))
      rest = rest.dropFirst(count)
      answers.append(answer)
    }
    return answers
  }

  private func pictures(_ words: String) throws -> [[UInt8]] {
    let ended = try Program("catgen").run(
      ["--checkpoint", SmallGenerator.path, "--format", "raw", "--out", "-"]
        + words.split(separator: " ").map(String.init))
    return stride(from: 0, to: ended.output.count, by: Self.block).map {
      Array(ended.output[$0..<$0 + Self.block])
    }
  }

  /// In whatever batches they are computed: 1, 8 and 64 at a time, or as --batch-size says.
  @Test(arguments: ["", " --batch-size 1", " --batch-size 5", " --truncation 0.5"])
  func sameAsCatgen(flags: String) throws {
    let expected = try pictures("--count 101\(flags)")
    let lines = "{\"seed\":3}\n{\"seed\": 0, \"count\": 100}\n\n  {\"count\":1,\"seed\":100}\r\n{\"seed\":7}"
    let answers = try answers(lines, "--format raw\(flags)")
    #expect(answers.map(\.line) == [1] + [Int](repeating: 2, count: 100) + [4, 5])
    #expect(answers.map(\.index) == [0] + Array(0..<100) + [0, 0])
    let seeds = [3] + Array(0..<100) + [100, 7]
    #expect(answers.map(\.seed) == seeds.map { UInt64($0) })
    #expect(answers.allSatisfy { $0.width == 64 && $0.height == 64 && $0.format == "raw" && $0.bytes == Self.block })
    #expect(answers.map(\.content) == seeds.map { expected[$0] })
  }

  @Test func formats() throws {
    for format in ["png", "ppm"] {
      let alone = try Program("catgen").run(
        ["--checkpoint", SmallGenerator.path, "--seeds", "20", "--format", format, "--out", "-"])
      let answer = try #require(try answers("{\"seed\":20}\n", "--format \(format)").first)
      #expect(answer.content == alone.output && answer.format == format)
    }
    #expect(try answers("{\"seed\":20}\n", "").first?.format == "png")
    #expect(try answers("", "").isEmpty)
  }

  @Test func vectorsAndTruncation() throws {
    let length = try #require(try SafeTensors(path: SmallGenerator.path).shape(of: "dense.weight"))[1]
    let z = (0..<length).map { Float($0) / 8 - 0.5 }
    let line = "{\"z\":[\(z.map { "\($0)" }.joined(separator: ","))]}\n"
    let halved = "{\"z\":[\(z.map { "\($0 * 2)" }.joined(separator: ","))],\"truncation\":0.5}\n"
    let answers = try answers(line + halved + "{\"seed\":5,\"truncation\":0.25}\n{\"seed\":5,\"truncation\":1}\n")
    #expect(answers[0].content == answers[1].content && answers[0].seed == nil)
    #expect(try answers[2].content == pictures("--seeds 5 --truncation 0.25")[0])
    #expect(try answers[3].content == pictures("--seeds 5")[0])
  }

  /// Each bad line has its number and a sentence, and the others their pictures.
  @Test func badLines() throws {
    let bad = [
      ("seven", "is not '{'"), ("{\"seed\":-1}", "is not a whole number"),
      ("{\"seed\":1.5}", "not written as a whole one"), ("{\"seed\":7e0}", "not written as a whole one"),
      ("{\"seed\":18446744073709551616}", "2^64"), ("{}", "neither seed nor z"), ("[1]", "is not '{'"),
      ("{\"seed\":1,\"seed\":2}", "twice"), ("{\"seed\":1,\"sead\":2}", "'sead'"), ("{\"z\":[0.5]}", "z has 1 numbers"),
      ("{\"seed\":1,\"z\":[0]}", "both"), ("{\"seed\":1,\"truncation\":3}", "from 0 to 2"),
      ("{\"seed\":1} x", "the end"),
      ("{\"seed\":18446744073709551615,\"count\":2}", "2^64"), ("{\"seed\":1,\"count\":0}", "count is 0"),
      ("{\"seed\":1", "ends where"), ("{\"z\":[1e999]}", "beyond all bounds"), ("{\"a\\\"\\u0007\":1}", "where seed"),
    ]
    let lines = bad.map { "\($0.0)\n{\"seed\":9}\n" }.joined()
    let answers = try answers(lines)
    try #require(answers.count == 2 * bad.count)
    let picture = try pictures("--seeds 9")[0]
    for (index, (line, says)) in bad.enumerated() {
      let (error, good) = (answers[2 * index], answers[2 * index + 1])
      #expect(error.line == 2 * index + 1 && error.error?.contains(says) == true, "\(line): \(error.error ?? "")")
      #expect(good.line == 2 * index + 2 && good.content == picture)
    }
  }

  /// More of them than are read ahead.
  @Test func manyBadLines() throws {
    let answers = try answers(String(repeating: "{}\n", count: 3000) + "{\"seed\":9}\n")
    #expect(answers.map(\.line) == Array(1...3001))
    #expect(answers.dropLast().allSatisfy { $0.error != nil } && answers.last?.content.count == Self.block)
  }

  @Test func linesWithoutBounds() throws {
    let long = "{\"z\":[" + String(repeating: "0,", count: 3 << 20) + "0]}\n"
    let answers = try answers(long + "{\"seed\":9}\n" + long.dropLast())
    #expect(answers.map(\.line) == [1, 2, 3])
    #expect(answers[0].error?.contains("longer than") == true && answers[2].error?.contains("longer than") == true)
    #expect(answers[1].content.count == Self.block)
  }

  /// A request is answered while the sender keeps the stream open.
  @Test func answersAtOnce() throws {
    let process = Process()
    process.executableURL = Program("catgen").url
    process.arguments = ["--checkpoint", SmallGenerator.path, "--stdin", "--format", "raw"]
    let (requests, answers) = (Pipe(), Pipe())
    (process.standardInput, process.standardOutput) = (requests, answers)
    process.standardError = FileHandle.nullDevice
    try process.run()
    for seed in 1...3 {
      try requests.fileHandleForWriting.write(contentsOf: Data("{\"seed\":\(seed)}\n".utf8))
      var header: [UInt8] = []
      while header.last != UInt8(ascii: "\n") {
        header += try #require(try answers.fileHandleForReading.read(upToCount: 1))
      }
      let answer = try JSONDecoder().decode(Answer.self, from: Data(header))
      #expect(answer.line == seed && answer.bytes == Self.block)
      #expect(try answers.fileHandleForReading.read(upToCount: Self.block)?.count == Self.block)
    }
    try requests.fileHandleForWriting.close()
    process.waitUntilExit()
    #expect(process.outcome == 0)
  }

  @Test func flagsThatMakeNoSense() throws {
    for flags in ["--count 3", "--seeds 1", "--interpolate", "--out cats", "--format y4m", "--grid 2x2", "--fps 3"] {
      let ended = try ended("{\"seed\":1}\n", flags)
      #expect(ended.status == 2 && ended.output.isEmpty && ended.error.contains("--"), "\(flags): \(ended.error)")
    }
  }

  /// Nothing is sent of weights that are not as they were written.
  @Test func damagedWeights() throws {
    let place = try Place()
    try SmallGenerator().write(place("good"))
    var bytes = try place.bytes("good")
    bytes[bytes.count - 9] ^= 1
    try place.write(bytes, to: "bad")
    try place.write("{\"seed\":1}\n".utf8, to: "lines")
    let ended = try Program("catgen").run(
      ["--checkpoint", "bad", "--stdin"], in: place.path,
      input: FileHandle(forReadingFrom: URL(filePath: place("lines"))))
    #expect(ended.status == 1 && ended.output.isEmpty && ended.error.contains("'bad'"), "\(ended.error)")
  }
}
