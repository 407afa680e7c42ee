/// Order statistics of repeated measurements. Times have a long right tail, so no means and no standard deviations.
struct Statistics: Equatable, Sendable {
  let values: [Double]

  /// - Precondition: `values` is not empty.
  init(_ values: [Double]) {
    precondition(!values.isEmpty)
    self.values = values.sorted()
  }

  var minimum: Double { values[0] }
  var maximum: Double { values[values.count - 1] }

  /// The middle value, or the mean of the two middle ones.
  var median: Double {
    let middle = values.count / 2
    return values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
  }

  /// Width of the whole range as a fraction of the median; 0 for a single value.
  var spread: Double { median > 0 ? (maximum - minimum) / median : 0 }
}
