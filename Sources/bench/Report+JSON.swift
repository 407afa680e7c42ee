extension Report {
  /// The schema of Google Benchmark's `--benchmark_format=json` (version 1): its compare tool reads it. Each row is one
  /// entry with its median; the counters are extra keys, as user counters are there.
  var json: String {
    let context =
      [
        pair("date", string(machine.date)), pair("host_name", string(machine.hostName)),
        pair("executable", string("bench")), pair("num_cpus", "\(machine.cores)"),
        pair("mhz_per_cpu", "\(machine.megahertz ?? 0)"), pair("caches", cacheList),
        pair("library_build_type", string("release")), pair("json_schema_version", "1"),
        pair("cpu", string(machine.processor ?? "unknown")),
        pair("cpu_flags", string(machine.flags.joined(separator: " "))),
        pair("git_revision", string(machine.revision ?? "unknown")),
      ] + settings.map { pair($0.name, string($0.value)) }
      + peaks.map { pair("peak_gflops_\($0.instructionSet)_t\($0.threads)", number($0.flops / 1e9)) }
      + (remarks.isEmpty ? [] : [pair("remarks", "[" + remarks.map(string).joined(separator: ", ") + "]")])
    let entries = rows.enumerated().map { index, row in object(entry(row, index), indent: 4) }
    return """
      {
        "context": \(object(context, indent: 2)),
        "benchmarks": [
          \(entries.joined(separator: ",\n    "))
        ]
      }

      """
  }

  private func entry(_ row: Row, _ index: Int) -> [String] {
    var pairs = [
      pair("name", string(row.name)), pair("family_index", "\(index)"), pair("per_family_instance_index", "0"),
      pair("run_name", string(row.name)), pair("run_type", string("iteration")),
      pair("repetitions", "1"), pair("repetition_index", "0"), pair("threads", "\(row.threads)"),
      pair("iterations", "\(row.iterations)"), pair("real_time", number(row.real * 1e3)),
      pair("cpu_time", number(row.processor * 1e3)), pair("time_unit", string("ms")),
      pair("min_time", number(row.minimum * 1e3)), pair("spread", number(row.spread)),
      pair("samples", "\(row.repetitions)"),
    ]
    for counter in Row.Counter.allCases {
      if let value = row.counters[counter], value.isFinite { pairs.append(pair(counter.rawValue, number(value))) }
    }
    if let shape = row.shape { pairs.append(pair("shape", string(shape))) }
    if !row.notes.isEmpty { pairs.append(pair("label", string(row.notes.joined(separator: "; ")))) }
    return pairs
  }

  private var cacheList: String {
    let caches = machine.caches.map {
      "{\"type\": \(string($0.type)), \"level\": \($0.level), \"size\": \($0.bytes), \"num_sharing\": 0}"
    }
    return "[" + caches.joined(separator: ", ") + "]"
  }

  private func object(_ pairs: [String], indent: Int) -> String {
    let space = String(repeating: " ", count: indent)
    return "{\n" + pairs.map { "\(space)  \($0)" }.joined(separator: ",\n") + "\n\(space)}"
  }

  private func pair(_ name: String, _ value: String) -> String { "\(string(name)): \(value)" }

  private func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "0" }

  private func string(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
