/// The columns that table, Markdown and CSV share. A column without any value is left out.
extension Report {
  struct Column: Sendable {
    var title: String
    var isText = false
    var value: @Sendable (Row) -> String?
  }

  static let columns: [Column] = [
    Column(title: "name", isText: true) { $0.name },
    Column(title: "median ms") { $0.real > 0 ? Number.significant($0.real * 1e3) : nil },
    Column(title: "min ms") { $0.minimum > 0 ? Number.significant($0.minimum * 1e3) : nil },
    Column(title: "spread") { $0.repetitions > 1 ? Number.fixed($0.spread * 100, 1) + "%" : nil },
    Column(title: "ms/image") { counter($0, .milliseconds) { Number.significant($0) } },
    Column(title: "images/s") { counter($0, .images) { Number.significant($0) } },
    Column(title: "GFLOP/s") { counter($0, .directGFLOPS) { Number.fixed($0, 1) } },
    Column(title: "of peak") { counter($0, .peakFraction) { Number.fixed($0 * 100, 1) + "%" } },
    Column(title: "GB/s") { counter($0, .gigabytes) { Number.fixed($0, 1) } },
    Column(title: "calls/step") { counter($0, .callsPerStep) { Number.fixed($0, 0) } },
    Column(title: "of step") { counter($0, .stepShare) { Number.fixed($0 * 100, 1) + "%" } },
    Column(title: "speed-up") { counter($0, .speedup) { Number.fixed($0, 2) + "x" } },
    Column(title: "efficiency") { counter($0, .efficiency) { Number.fixed($0 * 100, 1) + "%" } },
    Column(title: "peak MB") { counter($0, .peakMemory) { Number.fixed($0 / 1e6, 0) } },
    Column(title: "215 epochs, h") { counter($0, .originalRunHours) { Number.fixed($0, 1) } },
    Column(title: "shape", isText: true) { $0.shape },
    Column(title: "notes", isText: true) { $0.notes.isEmpty ? nil : $0.notes.joined(separator: "; ") },
  ]

  /// Titles and cells of the columns that have something to say.
  var grid: (columns: [Column], cells: [[String]]) {
    let used = Report.columns.filter { column in rows.contains { column.value($0) != nil } }
    return (used, rows.map { row in used.map { $0.value(row) ?? "" } })
  }

  private static func counter(_ row: Row, _ counter: Row.Counter, _ show: (Double) -> String) -> String? {
    row.counters[counter].map(show)
  }
}
