import Text

/// Draws the rows that have GFLOP/s as horizontal bars against the measured peak, the peer's bar below ours where both
/// name the same thing. Rows without work (Adam, batch norm) have no bar and are left out.
extension Report {
  var svg: String {
    let bars = rows.compactMap { row in row.counters[.directGFLOPS].map { (name: row.name, value: $0, row: row) } }
    let peers = Dictionary(peer.compactMap { row in row.gigaflops.map { (PeerRow.key(row.name), $0) } }) { first, _ in
      first
    }
    let peak = bars.compactMap { bar in bar.row.counters[.peakFraction].map { bar.value / $0 } }.max()
    let longest = max(bars.map(\.value).max() ?? 0, peers.values.max() ?? 0, peak ?? 0, 1) * 1.05
    let (left, plot) = (8.0 + 6.6 * Double(bars.map(\.name.count).max() ?? 10), 640.0)
    let (pitch, top) = (peer.isEmpty ? 18.0 : 26.0, 56.0)
    let bottom = top + pitch * Double(max(bars.count, 1))
    func x(_ value: Double) -> Double { left + plot * value / longest }

    var parts: [String] = []
    func text(_ x: Double, _ y: Double, _ content: String, size: Int = 10, anchor: String = "start") {
      parts.append(
        "<text x=\"\(fixed(x, 1))\" y=\"\(fixed(y, 1))\" font-size=\"\(size)\" text-anchor=\"\(anchor)\">"
          + escaped(content) + "</text>")
    }
    func line(_ x: Double, _ color: String) {
      parts.append("<path d=\"M\(fixed(x, 1)) \(fixed(top - 6, 1))V\(fixed(bottom, 1))\" stroke=\"\(color)\"/>")
    }
    func bar(_ y: Double, height: Int, _ color: String, _ name: String, _ value: Double) {
      parts.append(
        "<rect x=\"\(fixed(left, 1))\" y=\"\(fixed(y, 1))\" width=\"\(fixed(max(x(value) - left, 0), 1))\" "
          + "height=\"\(height)\" fill=\"\(color)\"><title>\(escaped(name)): \(fixed(value, 1)) GFLOP/s</title></rect>")
    }

    text(left, 20, "GFLOP/s by row (direct-equivalent for Winograd)", size: 14)
    text(left, 38, contextLines.prefix(2).joined(separator: "; "))
    for tick in roundNumbers(0, longest) {
      line(x(tick), "#ddd")
      text(x(tick), bottom + 14, significant(tick, 3), anchor: "middle")
    }
    for (index, (name, value, _)) in bars.enumerated() {
      let y = top + pitch * Double(index)
      text(left - 6, y + 10, name, size: 11, anchor: "end")
      bar(y, height: 11, "#2b6cb0", name, value)
      text(x(value) + 4, y + 10, fixed(value, 0))
      if let other = peers[PeerRow.key(name)] { bar(y + 12, height: 8, "#dd6b20", "peer", other) }
    }
    if let peak {
      line(x(peak), "#c53030")
      text(x(peak), top - 10, "peak \(fixed(peak, 0))", anchor: "middle")
    }
    if !peer.isEmpty { text(left, bottom + 32, "blue: ours, orange: peer", size: 11) }
    let (width, height) = (fixed(left + plot + 40, 0), fixed(bottom + 44, 0))
    return """
      <?xml version="1.0" encoding="UTF-8"?>
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
      font-family="sans-serif">
      <rect width="100%" height="100%" fill="white"/>
      \(parts.joined(separator: "\n"))
      </svg>

      """
  }
}
