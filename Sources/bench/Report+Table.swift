import Text

/// `value` with `digits` digits after the point; "-" where it is not finite.
func fixed(_ value: Double, _ digits: Int) -> String { value.isFinite ? decimal(value, digits) : "-" }

/// Tables: aligned, in Markdown, and as comma-separated values.
extension Report {
  /// A column of the tables for people. One without any value is left out.
  struct Column: Sendable {
    var title: String
    var isText = false
    var value: @Sendable (Row) -> String?
  }

  private static func percent(_ value: Double) -> String { fixed(value * 100, 1) + "%" }

  static let columns: [Column] = [
    Column(title: "name", isText: true) { $0.name },
    Column(title: "median ms") { $0.real > 0 ? significant($0.real * 1e3) : nil },
    Column(title: "min ms") { $0.minimum > 0 ? significant($0.minimum * 1e3) : nil },
    Column(title: "spread") { $0.repetitions > 1 ? percent($0.spread) : nil },
    Column(title: "ms/image") { $0.counters[.milliseconds].map { significant($0) } },
    Column(title: "images/s") { $0.counters[.images].map { significant($0) } },
    Column(title: "GFLOP/s") { $0.counters[.directGFLOPS].map { fixed($0, 1) } },
    Column(title: "of peak") { $0.counters[.peakFraction].map(percent) },
    Column(title: "GB/s") { $0.counters[.gigabytes].map { fixed($0, 1) } },
    Column(title: "calls/step") { $0.counters[.callsPerStep].map { fixed($0, 0) } },
    Column(title: "of step") { $0.counters[.stepShare].map(percent) },
    Column(title: "speed-up") { $0.counters[.speedup].map { fixed($0, 2) + "x" } },
    Column(title: "efficiency") { $0.counters[.efficiency].map(percent) },
    Column(title: "peak MB") { $0.counters[.peakMemory].map { fixed($0 / 1e6, 0) } },
    Column(title: "215 epochs, h") { $0.counters[.originalRunHours].map { fixed($0, 1) } },
    Column(title: "shape", isText: true) { $0.shape },
    Column(title: "notes", isText: true) { $0.notes.isEmpty ? nil : $0.notes.joined(separator: "; ") },
  ]

  /// Titles and cells of the columns that have something to say.
  private var grid: (columns: [Column], cells: [[String]]) {
    let used = Report.columns.filter { column in rows.contains { column.value($0) != nil } }
    return (used, rows.map { row in used.map { $0.value(row) ?? "" } })
  }

  /// Aligned columns for a terminal: context above, remarks below.
  var table: String {
    let (columns, cells) = grid
    let widths = columns.indices.map { column in
      max(columns[column].title.count, cells.map { $0[column].count }.max() ?? 0)
    }
    func line(_ texts: [String]) -> String {
      let padded = texts.indices.map { i in
        let space = String(repeating: " ", count: widths[i] - texts[i].count)
        return columns[i].isText ? texts[i] + space : space + texts[i]
      }
      return String(padded.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
    }
    let head = contextLines.map { "# \($0)" }
    let body = cells.isEmpty ? ["no rows"] : [line(columns.map(\.title))] + cells.map(line)
    return (head + body + remarks).joined(separator: "\n") + "\n"
  }

  /// A Markdown table, remarks as paragraphs below.
  var markdown: String {
    let (columns, cells) = grid
    func line(_ texts: [String]) -> String {
      "| " + texts.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
    }
    let head = [line(columns.map(\.title)), "|" + columns.map { $0.isText ? "---|" : "---:|" }.joined()]
    var lines = cells.isEmpty ? ["no rows"] : head + cells.map(line)
    for remark in remarks + [contextLines.joined(separator: "; ")] { lines += ["", remark] }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Comma-separated values with full precision, times in the unit that the title names. The context is not part of it:
  /// bench writes it to standard error.
  var csv: String {
    let counters = Row.Counter.allCases.filter { counter in rows.contains { $0.counters[counter] != nil } }
    let titles =
      ["name", "iterations", "repetitions", "threads", "real_time_ms", "cpu_time_ms", "min_time_ms", "spread"]
      + counters.map(\.rawValue) + ["shape", "notes"]
    return CSV.text(
      [titles]
        + rows.map { row in
          [row.name, "\(row.iterations)", "\(row.repetitions)", "\(row.threads)"]
            + [row.real * 1e3, row.processor * 1e3, row.minimum * 1e3, row.spread].map { "\($0)" }
            + counters.map { row.counters[$0].map { "\($0)" } ?? "" }
            + [row.shape ?? "", row.notes.joined(separator: "; ")]
        })
  }
}
