/// Draws the rows that have GFLOP/s as horizontal bars against the measured peak, the peer's bar below ours where both
/// name the same thing. Rows without work (Adam, batch norm) have no bar and are left out.
extension Report {
  var svg: String {
    let bars = rows.compactMap { row in row.counters[.directGFLOPS].map { (row: row, value: $0) } }
    let peerValues = Dictionary(
      peer.compactMap { row in row.gigaflops.map { (row.key, $0) } }, uniquingKeysWith: { first, _ in first })
    let peak = bars.compactMap { bar in bar.row.counters[.peakFraction].map { bar.value / $0 } }.max()
    let longest = max(bars.map(\.value).max() ?? 0, peerValues.values.max() ?? 0, peak ?? 0, 1) * 1.05

    let left = 8.0 + 6.6 * Double(bars.map(\.row.name.count).max() ?? 10)
    let plot = 640.0
    let pitch = peer.isEmpty ? 18.0 : 26.0
    let top = 56.0
    let bottom = top + pitch * Double(max(bars.count, 1))
    func x(_ value: Double) -> Double { left + plot * value / longest }

    var parts = [
      text(left, 20, "GFLOP/s by row (direct-equivalent for Winograd)", size: 14),
      text(left, 38, contextLines.prefix(2).joined(separator: "; "), size: 10, fill: "#666"),
    ]
    for tick in Report.ticks(longest) {
      parts.append(line(x(tick), top - 4, x(tick), bottom, "#ddd"))
      parts.append(text(x(tick), bottom + 14, Number.significant(tick, 3), size: 10, anchor: "middle", fill: "#666"))
    }
    for (index, bar) in bars.enumerated() {
      let y = top + pitch * Double(index)
      parts.append(text(left - 6, y + 10, bar.row.name, size: 11, anchor: "end"))
      parts.append(rectangle(left, y, x(bar.value) - left, 11, "#2b6cb0", title: bar.row.name, value: bar.value))
      parts.append(text(x(bar.value) + 4, y + 10, Number.fixed(bar.value, 0), size: 10, fill: "#333"))
      if let other = peerValues[PeerRow.key(bar.row.name)] {
        parts.append(rectangle(left, y + 12, x(other) - left, 8, "#dd6b20", title: "peer", value: other))
      }
    }
    if let peak {
      parts.append(line(x(peak), top - 8, x(peak), bottom, "#c53030"))
      parts.append(
        text(x(peak), top - 10, "peak \(Number.fixed(peak, 0))", size: 10, anchor: "middle", fill: "#c53030"))
    }
    if !peer.isEmpty {
      parts.append(text(left, bottom + 32, "blue: ours, orange: peer", size: 11, fill: "#333"))
    }
    let width = Number.fixed(left + plot + 40, 0)
    let height = Number.fixed(bottom + 44, 0)
    return """
      <?xml version="1.0" encoding="UTF-8"?>
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
      font-family="sans-serif">
      <rect width="100%" height="100%" fill="white"/>
      \(parts.joined(separator: "\n"))
      </svg>

      """
  }

  /// About five round values from 0 up to `limit`.
  static func ticks(_ limit: Double) -> [Double] {
    var step = 1e-6
    while limit / step > 6 {
      let steps = [2.0, 2.5, 2.0]  // 1, 2, 5, 10
      for factor in steps where limit / step > 6 { step *= factor }
    }
    return Array(stride(from: 0, through: limit, by: step))
  }

  private func text(
    _ x: Double, _ y: Double, _ content: String, size: Int, anchor: String = "start", fill: String = "#111"
  ) -> String {
    "<text x=\"\(Number.fixed(x, 1))\" y=\"\(Number.fixed(y, 1))\" font-size=\"\(size)\" text-anchor=\"\(anchor)\" "
      + "fill=\"\(fill)\">\(escaped(content))</text>"
  }

  private func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ color: String) -> String {
    "<line x1=\"\(Number.fixed(x1, 1))\" y1=\"\(Number.fixed(y1, 1))\" x2=\"\(Number.fixed(x2, 1))\" "
      + "y2=\"\(Number.fixed(y2, 1))\" stroke=\"\(color)\"/>"
  }

  private func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ color: String, title: String, value: Double
  ) -> String {
    "<rect x=\"\(Number.fixed(x, 1))\" y=\"\(Number.fixed(y, 1))\" width=\"\(Number.fixed(max(width, 0), 1))\" "
      + "height=\"\(Number.fixed(height, 1))\" fill=\"\(color)\"><title>\(escaped(title)): "
      + "\(Number.fixed(value, 1)) GFLOP/s</title></rect>"
  }

  private func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
  }
}
