// Line charts as SVG text, for the report. They know nothing about training.

import Text

/// One line of a chart.
struct Curve {
  let name: String
  let colour: String
  /// One value per point of the chart; NaN leaves a gap.
  let values: [Double]
}

/// A chart over steps, thinned so that a week's run stays a small page.
struct Chart {
  let title: String
  let steps: [Int]
  let curves: [Curve]
  /// A value worth comparing with, drawn dashed across the chart.
  var reference: (value: Double, label: String)?
  /// The vertical range, where it is known beforehand.
  var range: ClosedRange<Double>?

  /// Points per curve: about one per pixel of the plot.
  static let pointLimit = 600
  private static let size = (width: 760.0, height: 240.0)
  private static let margin = (left: 52.0, right: 12.0, top: 12.0, bottom: 28.0)

  /// Averages neighbouring values so that at most `pointLimit` are left; `steps` are those of each group's last value.
  static func thinned(_ steps: [Int], _ columns: [[Double]]) -> (steps: [Int], columns: [[Double]]) {
    guard steps.count > pointLimit else { return (steps, columns) }
    let group = (steps.count + pointLimit - 1) / pointLimit
    let starts = Array(stride(from: 0, to: steps.count, by: group))
    func ends(_ start: Int) -> Int { min(start + group, steps.count) }
    return (
      starts.map { steps[ends($0) - 1] },
      columns.map { column in
        starts.map { start in
          let values = column[start..<ends(start)].filter(\.isFinite)
          return values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
        }
      }
    )
  }

  /// The chart as an `<svg>` element whose `data-points` attribute holds what it shows, for a readout under the mouse.
  func svg() -> String {
    let (width, height) = Chart.size
    let margin = Chart.margin
    let span = verticalRange()
    let first = Double(steps.first ?? 0)
    let last = max(Double(steps.last ?? 1), first + 1)
    func x(_ step: Double) -> Double {
      margin.left + (step - first) / (last - first) * (width - margin.left - margin.right)
    }
    func y(_ value: Double) -> Double {
      let clamped = min(max(value, span.lowerBound), span.upperBound)
      let share = (clamped - span.lowerBound) / (span.upperBound - span.lowerBound)
      return height - margin.bottom - share * (height - margin.top - margin.bottom)
    }
    var body = ""
    for tick in roundNumbers(span.lowerBound, span.upperBound) {
      let at = decimal(y(tick), 1)
      body += "<line class=\"tick\" x1=\"\(margin.left)\" x2=\"\(width - margin.right)\" y1=\"\(at)\" y2=\"\(at)\"/>"
      body += "<text x=\"\(margin.left - 6)\" y=\"\(at)\" class=\"left\">\(Chart.label(tick))</text>"
    }
    for tick in roundNumbers(first, last) where tick == tick.rounded() {
      body += "<text x=\"\(decimal(x(tick), 1))\" y=\"\(height - 8)\" class=\"below\">\(grouped(Int(tick)))</text>"
    }
    if let reference, span.contains(reference.value) {
      let at = decimal(y(reference.value), 1)
      body += "<line class=\"chance\" x1=\"\(margin.left)\" x2=\"\(width - margin.right)\" y1=\"\(at)\" y2=\"\(at)\"/>"
      body += "<text x=\"\(width - margin.right - 4)\" y=\"\(decimal(y(reference.value) - 7, 1))\" class=\"right\">"
      body += escaped(reference.label) + "</text>"
    }
    for curve in curves {
      var path = ""
      var pen = "M"
      for (step, value) in zip(steps, curve.values) {
        guard value.isFinite else {
          pen = "M"
          continue
        }
        path += "\(pen)\(decimal(x(Double(step)), 1)) \(decimal(y(value), 1))"
        pen = "L"
      }
      body += "<path d=\"\(path)\" stroke=\"\(curve.colour)\"><title>\(escaped(curve.name))</title></path>"
    }
    let legend = curves.map { "<span style=\"color:\($0.colour)\">\(escaped($0.name))</span>" }.joined(separator: " ")
    return """
      <figure><figcaption>\(escaped(title)) \(legend) <output></output></figcaption>
      <svg viewBox="0 0 \(Int(width)) \(Int(height))" role="img" aria-label="\(escaped(title))" \
      data-left="\(margin.left)" data-right="\(width - margin.right)" data-points="\(escaped(points()))">\(body)</svg></figure>
      """
  }

  /// `{"steps":[...],"D":[...]}`, written by hand because JSON has no NaN.
  private func points() -> String {
    func list(_ values: [Double]) -> String {
      "[" + values.map { $0.isFinite ? decimal($0, 3) : "null" }.joined(separator: ",") + "]"
    }
    let columns = curves.map { "\"\($0.name)\":\(list($0.values))" }
    let first = "\"steps\":[" + steps.map(String.init).joined(separator: ",") + "]"
    return "{" + ([first] + columns).joined(separator: ",") + "}"
  }

  /// The given range, or the values' own without their outermost hundredth, so that one spike does not flatten the rest.
  private func verticalRange() -> ClosedRange<Double> {
    if let range { return range }
    let values = curves.flatMap(\.values).filter(\.isFinite).sorted()
    guard let smallest = values.first else { return 0...1 }
    let largest = values[Int(Double(values.count - 1) * 0.99)]
    var (low, high) = (min(smallest, 0), max(largest * 1.05, smallest + 1e-3))
    if let reference { (low, high) = (min(low, reference.value), max(high, reference.value * 1.1)) }
    return low...high
  }

  private static func label(_ value: Double) -> String {
    value == value.rounded() ? decimal(value, 0) : decimal(value, abs(value) < 0.1 ? 2 : 1)
  }
}
