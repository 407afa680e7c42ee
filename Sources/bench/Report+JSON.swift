import Storage

extension Report {
  /// The schema of Google Benchmark's `--benchmark_format=json` (version 1): its compare tool reads it. Each row is one
  /// entry with its median; the counters are extra keys, as user counters are there.
  var json: String {
    var context = [
      pair("date", machine.date), pair("host_name", machine.hostName), pair("executable", "bench"),
      pair("num_cpus", machine.cores), pair("mhz_per_cpu", machine.megahertz ?? 0),
      "\"caches\": ["
        + machine.caches.map { cache in
          "{\(pair("type", cache.type)), \(pair("level", cache.level)), \(pair("size", cache.bytes)), "
            + "\(pair("num_sharing", cache.processors))}"
        }.joined(separator: ", ") + "]",
      pair("library_build_type", "release"), pair("json_schema_version", 1),
      pair("cpu", machine.processor ?? "unknown"), pair("cpu_flags", machine.flags.joined(separator: " ")),
      pair("git_revision", machine.revision ?? "unknown"),
    ]
    context += settings.map { pair($0.key, $0.value) }
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
      pair("threads", row.threads), pair("iterations", row.timing.iterations), pair("real_time", row.real * 1e3),
      pair("cpu_time", row.timing.processor.median * 1e3), pair("time_unit", "ms"),
      pair("min_time", row.timing.real.minimum * 1e3), pair("spread", row.timing.real.spread),
      pair("samples", row.timing.real.values.count),
    ]
    for counter in Row.Counter.allCases {
      if let value = row.counters[counter], value.isFinite { pairs.append(pair(counter.rawValue, value)) }
    }
    if let shape = row.shape { pairs.append(pair("shape", shape)) }
    if !row.notes.isEmpty { pairs.append(pair("label", row.notes.joined(separator: "; "))) }
    return pairs
  }

  private func object(_ pairs: [String], indent: String) -> String {
    "{\n" + pairs.map { "\(indent)  \($0)" }.joined(separator: ",\n") + "\n\(indent)}"
  }

  private func pair(_ name: String, _ value: String) -> String { "\(jsonString(name)): \(jsonString(value))" }
  private func pair<Number: Numeric>(_ name: String, _ value: Number) -> String { "\(jsonString(name)): \(value)" }
}
