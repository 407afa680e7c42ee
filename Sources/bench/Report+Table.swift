import Text

/// `value` with `digits` digits after the point; "-" where it is not finite.
func fixed(_ value: Double, _ digits: Int) -> String { value.isFinite ? decimal(value, digits) : "-" }

/// Tables: aligned, in Markdown, and as comma-separated values.
extension Report {
  /// A column of the tables for people. One without any value is left out.
  private typealias Column = (title: String, isText: Bool, value: @Sendable (Row) -> String?)

  private static let columns: [Column] = [
    ("name", true, { $0.name }),
    ("median ms", false, { $0.real > 0 ? significant($0.real * 1e3) : nil }),
    ("min ms", false, { $0.timing.real.minimum > 0 ? significant($0.timing.real.minimum * 1e3) : nil }),
    ("spread", false, { $0.timing.real.values.count > 1 ? percent($0.timing.real.spread, 1) : nil }),
    ("ms/image", false, { $0.counters[.milliseconds].map { significant($0) } }),
    ("images/s", false, { $0.counters[.images].map { significant($0) } }),
    ("GFLOP/s", false, { $0.counters[.directGFLOPS].map { fixed($0, 1) } }),
    ("of peak", false, { $0.counters[.peakFraction].map { percent($0, 1) } }),
    ("GB/s", false, { $0.counters[.gigabytes].map { fixed($0, 1) } }),
    ("calls/step", false, { $0.counters[.callsPerStep].map { fixed($0, 0) } }),
    ("of step", false, { $0.counters[.stepShare].map { percent($0, 1) } }),
    ("speed-up", false, { $0.counters[.speedup].map { fixed($0, 2) + "x" } }),
    ("efficiency", false, { $0.counters[.efficiency].map { percent($0, 1) } }),
    ("peak MB", false, { $0.counters[.peakMemory].map { fixed($0 / 1e6, 0) } }),
    ("215 epochs, h", false, { $0.counters[.originalRunHours].map { fixed($0, 1) } }),
    ("shape", true, { $0.shape }),
    ("notes", true, { $0.notes.isEmpty ? nil : $0.notes.joined(separator: "; ") }),
  ]

  /// The columns that have something to say, and the lines of their titles and cells; no lines without rows.
  private var grid: (columns: [Column], lines: [[String]]) {
    let used = Report.columns.filter { column in rows.contains { column.value($0) != nil } }
    let lines = rows.map { row in used.map { $0.value(row) ?? "" } }
    return (used, lines.isEmpty ? [] : [used.map(\.title)] + lines)
  }

  /// Aligned columns for a terminal: context above, remarks below.
  var table: String {
    let (columns, lines) = grid
    let widths = columns.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    let body = lines.map { texts in
      let padded = texts.indices.map { i in
        let space = String(repeating: " ", count: widths[i] - texts[i].count)
        return columns[i].isText ? texts[i] + space : space + texts[i]
      }
      return String(padded.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
    }
    return (contextLines.map { "# \($0)" } + (body.isEmpty ? ["no rows"] : body) + remarks)
      .joined(separator: "\n") + "\n"
  }

  /// A Markdown table, remarks as paragraphs below.
  var markdown: String {
    let (columns, texts) = grid
    var lines = texts.map { cells in
      "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
    }
    if lines.isEmpty {
      lines = ["no rows"]
    } else {
      lines.insert("|" + columns.map { $0.isText ? "---|" : "---:|" }.joined(), at: 1)
    }
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
    let cells = rows.map { row in
      let (timing, real) = (row.timing, row.timing.real)
      return [row.name, "\(timing.iterations)", "\(real.values.count)", "\(row.threads)"]
        + [row.real * 1e3, timing.processor.median * 1e3, real.minimum * 1e3, real.spread].map { "\($0)" }
        + counters.map { row.counters[$0].map { "\($0)" } ?? "" }
        + [row.shape ?? "", row.notes.joined(separator: "; ")]
    }
    return CSV.text([titles] + cells)
  }
}
