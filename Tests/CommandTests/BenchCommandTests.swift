import Arguments
import Foundation
import Kernels
import Testing

@testable import bench

/// The command line of bench: what it accepts, and the sentence and exit code for what it does not.
@Suite struct BenchCommandTests {
  @Test func commandsAreOfOneVersion() throws {
    let said = try ["cattrain", "catgen", "bench"].map { try Program($0).run(["--version"]).text.split(separator: " ") }
    #expect(said.allSatisfy { $0.count == 2 } && Set(said.map(\.last)).count == 1, "\(said)")
  }

  private static let machine = Machine(
    date: "", hostName: "", processor: nil, cores: 4, megahertz: nil, caches: [], flags: [], revision: nil)

  private func options(_ words: String, environment: String? = nil) throws -> Options {
    try Options(
      Options.command.parse(words.split(separator: " ").map(String.init)), machine: Self.machine,
      environment: environment)
  }

  @Test func defaults() throws {
    let options = try options("")
    #expect(options.topics == Options.Topic.usual)
    #expect(options.network == "cats128/w64/b16")
    #expect(options.threads == [4])
    #expect(options.instructionSets == [try #require(InstructionSet.available.last)])
    #expect(options.passes == ConvPass.allCases)
    #expect(options.measure.repetitions == 5)
    #expect(options.format == .table)
    #expect(options.wants("anything"))
  }

  @Test func suffixOfOutChoosesTheFormatUnlessOneIsNamed() throws {
    #expect(try options("--out a/report.svg").format == .svg)
    #expect(try options("--out report.json").format == .json)
    #expect(try options("--out report.json --format md").format == .md)
    #expect(try options("--out report.txt").format == .table)
  }

  @Test func filterIsARegularExpressionThatMatchesAnywhere() throws {
    let options = try options(#"--filter G\.trans_conv[12]/(fwd|bwd-data)"#)
    #expect(options.wants("layer/G.trans_conv2/bwd-data/cats64"))
    #expect(!options.wants("layer/G.trans_conv3/fwd/cats64"))
    #expect(!options.wants("layer/G_trans_conv1/fwd/cats64"))
  }

  @Test func environmentChoosesInstructionsUnlessTheFlagDoes() throws {
    #expect(try options("", environment: "avx2").instructionSets == [.avx2])
    let widest = try #require(InstructionSet.available.last)
    #expect(try options("--isa \(widest.rawValue)", environment: "avx2").instructionSets == [widest])
    #expect(throws: EnvironmentError.self) { try options("", environment: "mmx") }
  }

  @Test(arguments: [
    "--filter (", "--format pdf", "--preset cats256", "--pass sideways", "--algorithm fft", "--cores 0",
    "--bandwidth 0",
    "--images 0", "--threads 0", "--threads 5", "--threads x",
    "--isa sse", "--repetitions 0", "--min-time -1", "--width 0", "--batch-size 0", "--frobnicate", "nonsense",
    "--out", "--width 8 --width 9",
  ])
  func refusesWithASentenceThatNamesTheFlag(words: String) throws {
    let error = #expect(throws: UsageError.self) { try options(words) }
    let sentence = try #require(error?.description)
    let culprit = words.split(separator: " ")[0]
    #expect(sentence.contains(culprit), "\(sentence)")
    #expect(!sentence.contains("\n"))
  }

  @Test func filtersThatDoNotCompileSaySo() {
    let error = #expect(throws: UsageError.self) { try options("--filter [") }
    #expect(error?.description.hasPrefix("--filter '['") == true)
  }

  private func run(_ words: [String]) throws -> (status: Int32, output: String, error: String) {
    let ended = try Program("bench").run(words)
    return (ended.status, ended.text, ended.error)
  }

  private static let quick = ["--threads", "1", "--repetitions", "1", "--min-time", "0"]

  @Test(arguments: [
    ("--filter (", Int32(2)), ("--nope", 2), ("step --cold", 2), ("peak sample --check", 2),
    ("--out /nowhere/at/all.json", 1),
  ])
  func mistakesExitWithOneSentence(words: String, status: Int32) throws {
    let result = try run(words.split(separator: " ").map(String.init))
    #expect(result.status == status)
    #expect(result.output.isEmpty)
    #expect(result.error.hasPrefix("bench: ") && result.error.split(separator: "\n").count == 1, "\(result.error)")
  }

  @Test func outOverwritesOnlyWithForce() throws {
    let place = try Place()
    let report = try place.write(Array("mine".utf8), to: "report.json")
    let words = ["plan", "--preset", "cats64", "--width", "8", "--out"]
    for path in [report, "/dev/null", place.path] {
      let refused = try run(words + [path])
      #expect(refused.status == 1 && refused.error.hasPrefix("bench: --out \(path): is"), "\(refused.error)")
    }
    #expect(try place.bytes("report.json") == Array("mine".utf8))
    #expect(try run(words + [report, "--force"]).status == 0)
    #expect(try place.bytes("report.json").starts(with: Array("{\n  \"context\"".utf8)))
    #expect(place.names == ["report.json"])
  }

  @Test func fullStandardOutput() throws {
    guard let full = FileHandle(forWritingAtPath: "/dev/full") else { return }  // only Linux has this device
    let ended = try Program("bench").run(["plan", "--preset", "cats64", "--width", "8"], output: full)
    #expect(ended.status == 1 && ended.error.contains("standard output"), "\(ended.error)")
  }

  @Test func layersAreNamedAndChecked() throws {
    let result = try run(
      [
        "layers", "--preset", "cats64", "--width", "2", "--batch-size", "2", "--check", "--isa", "avx2", "--format",
        "csv",
      ]
        + Self.quick)
    #expect(result.status == 0, "\(result.error)")
    let lines = result.output.components(separatedBy: "\r\n").dropFirst().filter { !$0.isEmpty }
    for layer in ["G.dense", "G.trans_conv1", "G.trans_conv4", "G.logits", "D.conv1", "D.conv5", "D.dense"] {
      for pass in ["fwd", "bwd-data", "bwd-filter"] where !(layer == "G.dense" && pass == "bwd-data") {
        let name = "layer/\(layer)/\(pass)/"
        let rows = lines.filter { $0.hasPrefix(name) }
        #expect(!rows.isEmpty, "no row \(name)")
        #expect(rows.allSatisfy { $0.contains("/cats64/w2/b2/avx2/t1,") })
      }
    }
    // Rows within the step are no kernels by themselves, so there is nothing to check them against.
    let unchecked = lines.filter { !$0.contains("/in-step/") && !$0.contains("checked, error") }
    #expect(unchecked.isEmpty)
    for part in ["G.batch_trans_conv1/fwd", "D.batch_conv5/bwd", "G/adam", "D/adam"] {
      #expect(lines.contains { $0.hasPrefix("layer/\(part)/in-step/") }, "no row for \(part)")
    }
    // CSV carries no context; standard error does.
    #expect(result.error.contains("# isa avx2"))
  }

  @Test func fileAppearsWholeAndHoldsOnlyFilteredRows() throws {
    let place = try TemporaryFolder()
    defer { place.remove() }
    let file = URL(filePath: place("bench.json"))
    let result = try run(
      [
        "layers", "--preset", "cats64", "--width", "2", "--batch-size", "1", "--filter", "D.conv2/fwd", "--out",
        file.path(),
      ]
        + Self.quick)
    #expect(result.status == 0, "\(result.error)")
    #expect(result.output.isEmpty)
    let rows = try PeerRow.read(file.path())
    #expect(!rows.isEmpty && rows.allSatisfy { $0.name.hasPrefix("layer/D.conv2/fwd/") })
    #expect(!FileManager.default.fileExists(atPath: file.path() + ".part"))
  }

  /// Names and counters as readers of the JSON know them.
  @Test func wholeStepsAndSamplesAreNamedAndCounted() throws {
    let result = try run(
      [
        "step", "sample", "scaling", "plan", "--preset", "cats64", "--width", "2", "--batch-size", "2", "--images",
        "1,3",
        "--cores", "2,32", "--bandwidth", "10", "--isa", "avx2", "--format", "json",
      ] + Self.quick)
    #expect(result.status == 0, "\(result.error)")
    let root = try #require(JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    let list = try #require(root["benchmarks"] as? [[String: Any]])
    let rows = Dictionary(list.map { ($0["name"] as? String ?? "", $0) }, uniquingKeysWith: { first, _ in first })
    #expect(rows.count == list.count)
    for name in ["step/cats64/w2/b2/avx2/t1", "sample/cats64/w2/n1/avx2/t1", "sample/cats64/w2/n3/avx2/t1"] {
      let row = try #require(rows[name], "no row \(name)")
      for counter in ["ms_per_image", "images_per_second", "direct_gflops", "peak_fraction"] {
        #expect((row[counter] as? Double ?? 0) > 0, "\(name) lacks \(counter)")
      }
      #if os(Linux)
        #expect((row["peak_rss_bytes"] as? Double ?? 0) > 1e6)
      #endif
    }
    #expect(rows["scaling/measured/cats64/w2/b2/avx2/t1"]?["efficiency"] as? Double == 1)
    for cores in [2, 32] {
      let row = try #require(rows["scaling/simulated/cats64/w2/b2/avx2/t\(cores)"])
      #expect((row["label"] as? String)?.hasPrefix("SIMULATED") == true)
      let efficiency = try #require(row["efficiency"] as? Double)
      #expect(efficiency > 0 && efficiency <= 1)
    }
    #expect(rows.keys.contains { $0.hasPrefix("plan/G.trans_conv2/bwd-data/") })
  }

  @Test func productsAreChecked() throws {
    let result = try run(["gemm", "--check", "--filter", "k100/|k256/", "--format", "csv"] + Self.quick)
    #expect(result.status == 0, "\(result.error)")
    let lines = result.output.components(separatedBy: "\r\n").filter { $0.hasPrefix("gemm/") }
    #expect(lines.count == 2)
    #expect(lines.allSatisfy { $0.contains("checked, error") })
  }
}
