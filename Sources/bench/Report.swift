/// What a run found: its rows in the order of measurement, and what they were measured on. Formats are extensions.
struct Report: Equatable, Sendable {
  enum Format: String, CaseIterable, Sendable {
    case table, json, csv, md, svg
  }

  var machine: Machine
  /// The run's settings as name and value, for readers of the report.
  var settings: [Setting]
  var rows: [Row] = []
  /// Sentences below the table.
  var remarks: [String] = []
  /// Best multiply-add peak seen, by instruction set and threads, in FLOP/s.
  var peaks: [Peak] = []
  /// Another program's rows, drawn beside ours.
  var peer: [PeerRow] = []

  struct Setting: Equatable, Sendable {
    var name: String
    var value: String
  }

  struct Peak: Equatable, Sendable {
    var instructionSet: String
    var threads: Int
    var flops: Double
  }

  init(machine: Machine, settings: [Setting] = []) {
    self.machine = machine
    self.settings = settings
  }

  mutating func keepBest(_ peak: Peak) {
    let known = peaks.firstIndex { $0.instructionSet == peak.instructionSet && $0.threads == peak.threads }
    guard let known else { return peaks.append(peak) }
    peaks[known].flops = max(peaks[known].flops, peak.flops)
  }

  func text(_ format: Format) -> String {
    switch format {
    case .table: table
    case .json: json
    case .csv: csv
    case .md: markdown
    case .svg: svg
    }
  }

  /// Facts of the run, one a line.
  var contextLines: [String] {
    var lines = [
      "date \(machine.date)",
      "processor \(machine.processor ?? "unknown"), \(machine.cores) cores",
      "flags \(machine.flags.joined(separator: " "))",
      "revision \(machine.revision ?? "unknown")",
    ]
    lines += settings.map { "\($0.name) \($0.value)" }
    lines += peaks.map {
      "peak \($0.instructionSet) on \($0.threads) \($0.threads == 1 ? "thread" : "threads"): "
        + "\(Number.fixed($0.flops / 1e9, 1)) GFLOP/s"
    }
    return lines
  }
}
