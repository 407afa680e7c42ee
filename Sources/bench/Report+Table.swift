extension Report {
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
      "| "
        + texts.map { $0.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|") }
        .joined(separator: " | ") + " |"
    }
    let head = [line(columns.map(\.title)), "|" + columns.map { $0.isText ? "---|" : "---:|" }.joined()]
    var lines = cells.isEmpty ? ["no rows"] : head + cells.map(line)
    for remark in remarks + [contextLines.joined(separator: "; ")] { lines += ["", remark] }
    return lines.joined(separator: "\n") + "\n"
  }
}
