// The page `report.html`: all that there is to see of a run, in one file that needs no network, and no other file but for
// grids that would make it too large.
// This builds its text, a piece at a time, so that a page of ten megabytes is never in memory; the run directory
// writes it.

import Text

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What the report shows.
package struct Report {
  /// A sample grid: what it is, where it is, and where its PNG file is to be part of the page, what reads its bytes.
  package struct Grid {
    package let label: String
    package let path: String
    /// Called when the page comes to this grid; nil, or a file that cannot be read, makes it a link to `path`.
    package let png: (() -> [UInt8]?)?

    package init(label: String, path: String, png: (() -> [UInt8]?)?) {
      self.label = label
      self.path = path
      self.png = png
    }

    /// The value of an attribute: a data URI, or the path within the run directory for a grid that is not part of the page.
    var source: String { png?().map(Report.dataURI) ?? escaped(path) }
  }

  package var title: String
  /// "running", or how it ended.
  package var status: String
  /// How far it is, as text; nil before the first step.
  package var place: String?
  package var isRunning: Bool
  /// When the page was written, as text.
  package var written: String
  package var history: History
  package var verdict: Verdict
  /// Names and values of the configuration.
  package var settings: [(name: String, value: String)]
  /// Names and values about the data set.
  package var data: [(name: String, value: String)]
  /// Pictures that could not be used, each with its reason.
  package var skipped: [(file: String, reason: String)]
  /// Pictures that are used, each with what is wrong with it.
  package var notes: [(file: String, reason: String)] = []
  package var reals: [UInt8]?
  /// In the order of their steps.
  package var grids: [Grid]
  /// Which losses the history holds.
  package var loss = AdversarialLoss.crossEntropy

  /// Files of a kind that are named on the page; more are only counted.
  static let fileLimit = 200
  /// Bytes of sample grids that become part of the page; the slider reaches the others through their files.
  package static let embeddedBytes = 8_000_000

  /// Which of the grids with these sizes in bytes, oldest first, become part of the page: the newest, the oldest, and
  /// as many in between, evenly spread, as `limit` allows.
  static func embedded(sizes: [Int], limit: Int = embeddedBytes) -> Set<Int> {
    guard !sizes.isEmpty else { return [] }
    var stride = 1
    while true {
      let chosen = Set(Swift.stride(from: sizes.count - 1, through: 0, by: -stride)).union(
        stride < sizes.count ? [0] : [])
      if chosen.reduce(0, { $0 + sizes[$1] }) <= limit || stride >= sizes.count { return chosen }
      stride += 1
    }
  }

  static func dataURI(_ png: [UInt8]) -> String { "data:image/png;base64," + Data(png).base64EncodedString() }

  /// The whole page as one text.
  package func html() -> String {
    var text = ""
    write { text += $0 }
    return text
  }

  /// Hands the page to `put`, piece by piece.
  package func write(_ put: (String) throws -> Void) rethrows {
    let state = verdict.state.rawValue
    let mark = verdict.state == .healthy ? "good" : verdict.state == .early ? "open" : "bad"
    let summary = place.map { "\($0), \(TimeSpan(seconds: history.seconds)) of training" }
    try put(
      """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data: 'self' file:; \
      style-src 'unsafe-inline'; script-src 'unsafe-inline'">
      <title>\(escaped(title))</title><style>\(Report.style)</style></head>
      <body data-running="\(isRunning)"><h1>\(escaped(title))</h1>
      <p id="status">\(escaped(status))\(summary.map { " · " + escaped($0) } ?? "") · written \(escaped(written))</p>
      <p id="verdict" class="\(mark)"><strong>\(escaped(state))</strong>: \(escaped(verdict.reason))</p>

      """)
    try writeSamples(put)
    try put(
      """

      <h2>Curves</h2>
      \(charts())\(traffic())
      \(warnings())
      \(starts())
      <h2>Configuration</h2>\(table("settings", settings))
      <h2>Data</h2>\(table("data", data))\(files("skipped", "skipped files", skipped))\(files("notes", "files with faults that cost no pixel", notes))\(realPictures())
      <script>\(Report.script)</script></body></html>

      """)
  }

  private func writeSamples(_ put: (String) throws -> Void) rethrows {
    guard let newest = grids.last else { return try put("<h2>Samples</h2><p>There is no sample grid yet.</p>") }
    try put(
      """
      <h2>Samples</h2>
      <p><input type="range" id="slider" min="0" max="\(grids.count - 1)" value="\(grids.count - 1)" step="1" \
      aria-label="sample grid"> <output id="label">\(escaped(newest.label))</output></p>
      <img id="sample" alt="\(escaped(newest.label))" src="\(newest.source)">
      <script type="application/json" id="grids">
      """)
    for (index, grid) in grids.enumerated() {
      try put("\(index == 0 ? "[" : ","){\"label\":\(quotedJSON(grid.label)),\"source\":")
      // Base64 needs no quoting, and looking for what would costs more than all the rest of the page.
      if let png = grid.png?() {
        try put("\"\(Report.dataURI(png))\"}")
      } else {
        try put("\(quotedJSON(grid.path))}")
      }
    }
    try put("]</script>")
  }

  /// A JSON string for the inside of a script element.
  private func quotedJSON(_ text: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    let json = (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    return json.replacing("<", with: "\\u003c")
  }

  private func charts() -> String {
    let records = history.steps
    guard !records.isEmpty else { return "<p>No step has been logged yet.</p>" }
    let (steps, columns) = Chart.thinned(
      records.map(\.step),
      [
        records.map { Double($0.discriminatorLoss) }, records.map { Double($0.generatorLoss) },
        records.map { Double($0.realProbability) }, records.map { Double($0.fakeProbability) },
        records.map { Double($0.imagesPerSecond) },
      ])
    let blue = "#2a78d6"
    let orange = "#d9622b"
    return [
      Chart(
        title: "Loss",
        steps: steps,
        curves: [
          Curve(name: "D", colour: blue, values: columns[0]), Curve(name: "G", colour: orange, values: columns[1]),
        ], reference: (loss.chance.discriminator, "chance of D, \(loss.chance.words)")),
      Chart(
        title: "Probability of being real",
        steps: steps,
        curves: [
          Curve(name: "D(x)", colour: blue, values: columns[2]),
          Curve(name: "D(G(z))", colour: orange, values: columns[3]),
        ], reference: (0.5, "chance, 0.5"), range: 0...1),
      Chart(title: "Speed", steps: steps, curves: [Curve(name: "images/s", colour: blue, values: columns[4])]),
      sampleChart(blue, orange),
    ].compactMap { $0?.svg() }.joined(separator: "\n")
  }

  /// What the grids show, where that was measured.
  private func sampleChart(_ first: String, _ second: String) -> Chart? {
    let grids = history.events.compactMap { event -> (step: Int, shares: [Double])? in
      guard event.event == .sample, let deviation = event.sampleDeviation, let realDeviation = event.realDeviation,
        let distance = event.sampleDistance, let realDistance = event.realDistance, realDeviation > 0, realDistance > 0
      else { return nil }
      return (event.step, [Double(deviation / realDeviation), Double(distance / realDistance)])
    }
    guard !grids.isEmpty else { return nil }
    let (steps, columns) = Chart.thinned(grids.map(\.step), (0..<2).map { column in grids.map { $0.shares[column] } })
    return Chart(
      title: "Samples beside real pictures",
      steps: steps,
      curves: [
        Curve(name: "contrast within", colour: first, values: columns[0]),
        Curve(name: "difference between", colour: second, values: columns[1]),
      ], reference: (1, "real pictures, 1"))
  }

  /// What one of several ranks sent.
  private func traffic() -> String {
    guard let last = history.steps.last, let sent = last.bytesSent else { return "" }
    return "\n<p id=\"traffic\">Rank 0 sent \(significant(Double(sent) / 1e6, 3)) MB in step \(grouped(last.step)).</p>"
  }

  private func warnings() -> String {
    let messages = history.events.filter { $0.event == .warning || $0.event == .diverged }
    guard !messages.isEmpty else { return "" }
    let items = messages.suffix(50).map {
      "<li>step \(grouped($0.step)): \(escaped($0.message ?? $0.event.rawValue))</li>"
    }
    return "<h2>Warnings</h2><ul id=\"warnings\">" + items.joined() + "</ul>"
  }

  /// The run's history, a row for each start.
  private func starts() -> String {
    guard !history.starts.isEmpty else { return "" }
    let rows = history.starts.map { start in
      let from = "epoch \(start.epoch), step \(grouped(start.step))" + (start.source.map { " of \($0)" } ?? "")
      let machine = start.processor.map { [$0] } ?? []
      let cells = [
        start.time, from, start.commandLine, start.changes.joined(separator: "; "),
        (["cattrain \(start.version)"] + machine + [start.instructionSet, "threads: \(start.threads)"]
          + (start.ranks.map { [$0.description] } ?? []))
          .joined(separator: ", "),
      ]
      return "<tr>" + cells.map { "<td>\(escaped($0))</td>" }.joined() + "</tr>"
    }
    let heads = ["started", "from", "command", "changed", "by"].map { "<th>\($0)</th>" }
    return "<h2>History</h2><table id=\"history\"><tr>" + heads.joined() + "</tr>" + rows.joined() + "</table>"
  }

  private func table(_ id: String, _ rows: [(name: String, value: String)]) -> String {
    "<table id=\"\(id)\">"
      + rows.map { "<tr><th>\(escaped($0.name))</th><td>\(escaped($0.value))</td></tr>" }.joined() + "</table>"
  }

  private func files(_ id: String, _ title: String, _ files: [(file: String, reason: String)]) -> String {
    guard !files.isEmpty else { return "" }
    let rows = files.prefix(Report.fileLimit).map {
      "<tr><th>\(escaped($0.file))</th><td>\(escaped($0.reason))</td></tr>"
    }
    let more = files.count - rows.count
    return "<details><summary>\(grouped(files.count)) \(title)</summary><table id=\"\(id)\">" + rows.joined()
      + "</table>" + (more > 0 ? "<p>and \(grouped(more)) more</p>" : "") + "</details>"
  }

  private func realPictures() -> String {
    guard let reals else { return "" }
    return "<h2>Real pictures</h2><img id=\"reals\" alt=\"real pictures\" src=\""
      + Report.dataURI(reals) + "\">"
  }
}
