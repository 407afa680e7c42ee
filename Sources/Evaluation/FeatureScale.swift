import Random

/// Puts features on one scale, that of the real pictures.
struct FeatureScale {
  private static let projectedDimension = 64
  private static let seed: UInt64 = 64

  private let mean: [Float]
  private let inverseDeviation: [Float]
  /// [dimension, projectedDimension].
  private let projection: [Float]

  /// Takes mean and deviation of each feature from `reals`.
  init(_ reals: FeatureTable) {
    var means: [Float] = []
    var inverses: [Float] = []
    for column in 0..<reals.dimension {
      var (sum, squares) = (0.0, 0.0)
      for row in 0..<reals.count {
        let value = Double(reals[row, column])
        sum += value
        squares += value * value
      }
      let mean = sum / Double(reals.count)
      let variance = max(0, squares / Double(reals.count) - mean * mean)
      means.append(Float(mean))
      // A feature that never changes says nothing.
      inverses.append(variance > 1e-12 ? Float(1 / variance.squareRoot()) : 0)
    }
    mean = means
    inverseDeviation = inverses
    var random = RandomGenerator(seed: FeatureScale.seed)
    let scale = 1 / Double(reals.dimension).squareRoot()
    projection = (0..<reals.dimension * FeatureScale.projectedDimension).map { _ in Float(scale * random.normal()) }
  }

  /// Features with mean 0 and deviation 1 over the real pictures.
  func apply(_ table: FeatureTable) -> FeatureTable {
    let values = table.values.indices.map { i in
      (table.values[i] - mean[i % table.dimension]) * inverseDeviation[i % table.dimension]
    }
    return FeatureTable(dimension: table.dimension, values: values)
  }

  /// Scaled features times a fixed random matrix of 64 columns, whose elements are normal with a variance of
  /// 1 / dimension: a covariance of all features would need more pictures than there are, and this keeps distances but for
  /// one factor (Johnson and Lindenstrauss 1984).
  func projected(_ table: FeatureTable) -> FeatureTable {
    let d = FeatureScale.projectedDimension
    var values = [Float](repeating: 0, count: table.count * d)
    for row in 0..<table.count {
      for column in 0..<table.dimension {
        let value = table[row, column]
        for k in 0..<d { values[row * d + k] += value * projection[column * d + k] }
      }
    }
    return FeatureTable(dimension: d, values: values)
  }
}
