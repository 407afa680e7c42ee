#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A row of another program's report in the same schema, as scripts/compare-peers writes it.
struct PeerRow: Equatable, Sendable {
  var name: String
  var seconds: Double
  var gigaflops: Double?

  /// What names of the two programs have in common: `layer/LAYER/PASS`, `conv/SHAPE/PASS`, `gemm/PRODUCT`, or
  /// `step/PRESET/WIDTH/BATCH`.
  static func key(_ name: String) -> String {
    let parts = name.split(separator: "/")
    let counts: [Substring: Int] = ["layer": 3, "conv": 3, "gemm": 2]
    return parts.prefix(counts[parts.first ?? ""] ?? 4).joined(separator: "/")
  }

  static func read(_ path: String) throws(BenchError) -> [PeerRow] {
    struct File: Decodable {
      struct Entry: Decodable {
        var name: String
        var realTime: Double
        var timeUnit: String
        var directGflops: Double?
      }
      var benchmarks: [Entry]
    }
    guard let data = try? Data(contentsOf: URL(filePath: path)) else {
      throw BenchError("--peer \(path): cannot be read; give a JSON file that scripts/compare-peers wrote")
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    guard let file = try? decoder.decode(File.self, from: data) else {
      throw BenchError("--peer \(path): not a report in Google Benchmark's JSON; write it with scripts/compare-peers")
    }
    return try file.benchmarks.map { entry throws(BenchError) in
      guard let scale = ["s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9][entry.timeUnit] else {
        throw BenchError("--peer \(path): \(entry.name) has the unknown time_unit \(entry.timeUnit)")
      }
      return PeerRow(name: entry.name, seconds: entry.realTime * scale, gigaflops: entry.directGflops)
    }
  }
}
