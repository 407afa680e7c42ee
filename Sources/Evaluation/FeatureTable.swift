// Vectors of equal length, one per picture, and the distances between them.

import Kernels

/// [count, dimension] features.
struct FeatureTable {
  let dimension: Int
  private(set) var values: [Float]

  var count: Int { values.count / dimension }

  /// - Parameter values: [count, dimension].
  init(dimension: Int, values: [Float]) {
    precondition(dimension > 0 && values.count % dimension == 0)
    self.dimension = dimension
    self.values = values
  }

  subscript(row: Int, column: Int) -> Float { values[row * dimension + column] }

  func rows(_ range: Range<Int>) -> FeatureTable {
    FeatureTable(
      dimension: dimension, values: Array(values[range.lowerBound * dimension..<range.upperBound * dimension]))
  }

  /// Squared distances from every vector to every one of `other`, [count, other.count].
  func squaredDistances(to other: FeatureTable, _ context: Context) -> [Float] {
    precondition(other.dimension == dimension)
    let d = dimension
    return [Float](unsafeUninitializedCapacity: count * other.count) { output, initialized in
      nonisolated(unsafe) let output = output.baseAddress
      values.withUnsafeBufferPointer { mine in
        other.values.withUnsafeBufferPointer { theirs in
          context.parallel(count) { i in
            let a = mine.baseAddress! + i * d
            for j in 0..<other.count {
              let b = theirs.baseAddress! + j * d
              // Four sums, so that an addition need not wait for the one before.
              var sums = SIMD4<Float>.zero
              var k = 0
              while k + 4 <= d {
                let difference =
                  SIMD4(a[k], a[k + 1], a[k + 2], a[k + 3]) - SIMD4(b[k], b[k + 1], b[k + 2], b[k + 3])
                sums += difference * difference
                k += 4
              }
              var sum = sums.sum()
              while k < d {
                sum += (a[k] - b[k]) * (a[k] - b[k])
                k += 1
              }
              (output! + i * other.count + j).initialize(to: sum)
            }
          }
        }
      }
      initialized = count * other.count
    }
  }
}
