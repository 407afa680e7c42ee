import Foundation
import Kernels
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@testable import bench

/// Every format from one small report whose texts hold what each format must escape.
@Suite struct BenchReportTests {
  static var report: Report {
    let machine = Machine(
      date: "2026-01-02T03:04:05Z", hostName: "host \"q\"", processor: "CPU <1> & \\2", cores: 2, megahertz: 2600,
      caches: [SystemInformation.Cache(level: 3, type: "Unified", bytes: 32 << 20, processors: 2)],
      flags: ["avx2", "fma"],
      revision: nil)
    var report = Report(machine: machine, settings: ["threads": "2"])
    report.peaks = [("avx2", 2, 100e9)]
    var first = Row(
      "layer/G.trans_conv2/fwd/direct/cats64/w8/b2/avx2/t2",
      .init(real: Statistics([0.002, 0.001, 0.004]), processor: Statistics([0.003]), iterations: 7), threads: 2,
      shape: "n2 8x8x4 -> 4x4x8 k5x5 s2 p1,1,2,2")
    first.timing.possible = Statistics([0.2e9])
    first.setWork(flops: 0.1e9, bytes: 1e6)
    first.notes = ["a, \"b\" | <c>"]
    var second = Row("step/cats64/w8/b2/avx2/t2", computed: 0.5, threads: 2)
    second.setImages(2)
    second.counters[.peakMemory] = 123_456_789
    report.rows = [first, second]
    report.remarks = ["one sentence"]
    report.peer = [PeerRow(name: "layer/G.trans_conv2/fwd/pytorch/cats64", seconds: 0.004, gigaflops: 25)]
    return report
  }

  @Test func derivedFigures() {
    let row = Self.report.rows[0]
    #expect(row.real == 0.002)
    #expect(row.timing.real.spread == 1.5)
    #expect(row.counters[.directGFLOPS] == 50)
    #expect(row.counters[.peakFraction] == 0.5)
    #expect(row.counters[.gigabytes] == 0.5)
    #expect(Self.report.rows[1].counters[.milliseconds] == 250)
    #expect(Self.report.rows[1].counters[.images] == 4)
  }

  /// The keys that Google Benchmark's JSON reporter writes for a run, and those its compare tool reads.
  @Test func jsonHasGoogleBenchmarksKeys() throws {
    let root = try #require(
      JSONSerialization.jsonObject(with: Data(Self.report.text(.json).utf8)) as? [String: Any])
    #expect(Set(root.keys) == ["context", "benchmarks"])
    let context = try #require(root["context"] as? [String: Any])
    for key in [
      "date", "host_name", "executable", "num_cpus", "mhz_per_cpu", "caches", "library_build_type",
      "json_schema_version", "cpu", "git_revision", "threads",
    ] {
      #expect(context[key] != nil, "context lacks \(key)")
    }
    #expect(context["host_name"] as? String == "host \"q\"")
    #expect(context["cpu"] as? String == "CPU <1> & \\2")
    #expect(context["peak_gflops_avx2_t2"] as? Double == 100)

    let rows = try #require(root["benchmarks"] as? [[String: Any]])
    #expect(rows.count == 2)
    for row in rows {
      for key in [
        "name", "run_name", "run_type", "repetitions", "repetition_index", "threads", "iterations", "real_time",
        "cpu_time", "time_unit", "family_index", "per_family_instance_index",
      ] {
        #expect(row[key] != nil, "row lacks \(key)")
      }
      #expect(row["run_type"] as? String == "iteration")
      #expect(row["time_unit"] as? String == "ms")
    }
    #expect(rows[0]["real_time"] as? Double == 2)
    #expect(rows[0]["cpu_time"] as? Double == 3)
    #expect(rows[0]["iterations"] as? Int == 7)
    #expect(rows[0]["direct_gflops"] as? Double == 50)
    #expect(rows[0]["peak_fraction"] as? Double == 0.5)
    #expect(rows[1]["ms_per_image"] as? Double == 250)
    #expect(rows[1]["peak_rss_bytes"] as? Double == 123_456_789)
  }

  @Test func reportsReadTheirOwnJSONAsPeer() throws {
    let place = try TemporaryFolder()
    defer { place.remove() }
    let file = URL(filePath: place("peer.json"))
    try Data(Self.report.text(.json).utf8).write(to: file)
    let rows = try PeerRow.read(file.path())
    #expect(rows.map(\.seconds) == [0.002, 0.5])
    #expect(rows[0].gigaflops == 50)
    #expect(rows.map { PeerRow.key($0.name) } == ["layer/G.trans_conv2/fwd", "step/cats64/w8/b2"])
    try Data("{}".utf8).write(to: file)
    #expect(throws: BenchError.self) { try PeerRow.read(file.path()) }
    #expect(throws: BenchError.self) { try PeerRow.read(file.path() + "-missing") }
  }

  @Test func svgIsWellFormedAndDrawsEachBar() {
    final class Counter: NSObject, XMLParserDelegate {
      var bars = 0
      var texts: [String] = []
      func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
      ) {
        if name == "title" { bars += 1 }
      }
      func parser(_ parser: XMLParser, foundCharacters string: String) { texts.append(string) }
    }
    let counter = Counter()
    let parser = XMLParser(data: Data(Self.report.text(.svg).utf8))
    parser.delegate = counter
    #expect(parser.parse(), "\(String(describing: parser.parserError))")
    // One row has work; the peer's row of the same name stands beside it.
    #expect(counter.bars == 2)
    #expect(counter.texts.joined().contains("CPU <1> & \\2"))
    #expect(XMLParser(data: Data(Report(machine: Self.report.machine).text(.svg).utf8)).parse())
  }

  @Test func csvQuotesAndHasOneCellPerColumn() {
    let lines = Self.report.text(.csv).components(separatedBy: "\r\n").filter { !$0.isEmpty }
    #expect(lines.count == 3)
    #expect(lines[0].hasPrefix("name,iterations,repetitions,threads,real_time_ms,cpu_time_ms"))
    #expect(lines[1].hasSuffix(",\"n2 8x8x4 -> 4x4x8 k5x5 s2 p1,1,2,2\",\"a, \"\"b\"\" | <c>\""))
    let cells = lines[2].split(separator: ",", omittingEmptySubsequences: false)
    #expect(cells.count == lines[0].split(separator: ",").count)
  }

  @Test func tableLeavesEmptyColumnsOutAndAligns() {
    let lines = Self.report.text(.table).split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
    #expect(lines[0].contains("peak MB"))
    #expect(!lines[0].contains("speed-up"))
    let title = lines[0].components(separatedBy: "median ms")[0].count + "median ms".count
    let figure = lines[1].components(separatedBy: "2.000")[0].count + "2.000".count
    #expect(title == figure)
    #expect(lines.last == "one sentence")
  }

  @Test func markdownEscapesBars() {
    let lines = Self.report.text(.md).split(separator: "\n")
    #expect(lines[0].hasPrefix("| name | median ms |"))
    #expect(lines[2].contains("a, \"b\" \\| <c>"))
    #expect(Report(machine: Self.report.machine).text(.md).hasPrefix("no rows\n"))
  }
}
