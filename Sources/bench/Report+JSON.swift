#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

import Text

extension Report {
  /// The schema of Google Benchmark's `--benchmark_format=json` (version 1): its compare tool reads it. Each row is one
  /// entry with its median; the counters are extra keys, as user counters are there.
  var json: String {
    var context = [
      pair("date", machine.date), pair("host_name", machine.hostName), pair("executable", "bench"),
      pair("num_cpus", machine.cores), pair("mhz_per_cpu", machine.megahertz ?? 0),
      "\"caches\": [" + machine.caches.map(cache).joined(separator: ", ") + "]", pair("library_build_type", "release"),
      pair("json_schema_version", 1), pair("cpu", machine.processor ?? "unknown"),
      pair("cpu_flags", machine.flags.joined(separator: " ")), pair("git_revision", machine.revision ?? "unknown"),
    ]
    context += settings.map { pair($0.name, $0.value) }
    context += peaks.map { pair("peak_gflops_\($0.instructionSet)_t\($0.threads)", $0.flops / 1e9) }
    if !remarks.isEmpty { context.append("\"remarks\": [" + remarks.map(jsonString).joined(separator: ", ") + "]") }
    let entries = rows.enumerated().map { index, row in object(entry(row, index), indent: "    ") }
    return """
      {
        "context": \(object(context, indent: "  ")),
        "benchmarks": [
          \(entries.joined(separator: ",\n    "))
        ]
      }

      """
  }

  private func entry(_ row: Row, _ index: Int) -> [String] {
    var pairs = [
      pair("name", row.name), pair("family_index", index), pair("per_family_instance_index", 0),
      pair("run_name", row.name), pair("run_type", "iteration"), pair("repetitions", 1), pair("repetition_index", 0),
      pair("threads", row.threads), pair("iterations", row.iterations), pair("real_time", row.real * 1e3),
      pair("cpu_time", row.processor * 1e3), pair("time_unit", "ms"), pair("min_time", row.minimum * 1e3),
      pair("spread", row.spread), pair("samples", row.repetitions),
    ]
    for counter in Row.Counter.allCases {
      if let value = row.counters[counter], value.isFinite { pairs.append(pair(counter.rawValue, value)) }
    }
    if let shape = row.shape { pairs.append(pair("shape", shape)) }
    if !row.notes.isEmpty { pairs.append(pair("label", row.notes.joined(separator: "; "))) }
    return pairs
  }

  private func cache(_ cache: Machine.Cache) -> String {
    "{\(pair("type", cache.type)), \(pair("level", cache.level)), \(pair("size", cache.bytes)), \"num_sharing\": 0}"
  }

  private func object(_ pairs: [String], indent: String) -> String {
    "{\n" + pairs.map { "\(indent)  \($0)" }.joined(separator: ",\n") + "\n\(indent)}"
  }

  private func pair(_ name: String, _ value: String) -> String { "\(jsonString(name)): \(jsonString(value))" }
  private func pair(_ name: String, _ value: Int) -> String { "\(jsonString(name)): \(value)" }
  private func pair(_ name: String, _ value: Double) -> String {
    "\(jsonString(name)): \(value.isFinite ? "\(value)" : "0")"
  }
}

/// A row of another program's report in the same schema, as scripts/compare-peers writes it.
struct PeerRow: Equatable, Sendable {
  var name: String
  var seconds: Double
  var gigaflops: Double?

  /// What names of the two programs have in common: `layer/LAYER/PASS`, `conv/SHAPE/PASS`, `gemm/PRODUCT`, or
  /// `step/PRESET/WIDTH/BATCH`.
  var key: String { PeerRow.key(name) }

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
