extension Report {
  /// Comma-separated values after RFC 4180 with full precision, times in the unit that the title names. The context is
  /// not part of it: bench writes it to standard error.
  var csv: String {
    let counters = Row.Counter.allCases.filter { counter in rows.contains { $0.counters[counter] != nil } }
    let titles =
      ["name", "iterations", "repetitions", "threads", "real_time_ms", "cpu_time_ms", "min_time_ms", "spread"]
      + counters.map(\.rawValue) + ["shape", "notes"]
    var lines = [titles.joined(separator: ",")]
    for row in rows {
      var cells = [Report.quoted(row.name), "\(row.iterations)", "\(row.repetitions)", "\(row.threads)"]
      cells += [row.real * 1e3, row.processor * 1e3, row.minimum * 1e3, row.spread].map { "\($0)" }
      cells += counters.map { row.counters[$0].map { "\($0)" } ?? "" }
      cells += [Report.quoted(row.shape ?? ""), Report.quoted(row.notes.joined(separator: "; "))]
      lines.append(cells.joined(separator: ","))
    }
    return lines.joined(separator: "\r\n") + "\r\n"
  }

  private static func quoted(_ text: String) -> String {
    guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
    return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
}
