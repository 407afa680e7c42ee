// Products of a matrix [rows, columns], row after row, with vectors: what spectral normalisation asks of a weight.
// One pass over the matrix each, blocks of whole rows in parallel.

/// factor * left [rows] x right [columns].
public struct OuterProduct {
  /// Of every element.
  public var factor: Float
  /// One number per row.
  public var left: UnsafePointer<Float>
  /// One number per column.
  public var right: UnsafePointer<Float>

  /// - Parameters: see the properties of the same names.
  public init(factor: Float, left: UnsafePointer<Float>, right: UnsafePointer<Float>) {
    (self.factor, self.left, self.right) = (factor, left, right)
  }
}

extension Context {
  /// output [rows] = matrix x vector [columns], overwritten.
  public func multiply(
    _ matrix: UnsafePointer<Float>, rows: Int, columns: Int, by vector: UnsafePointer<Float>,
    into output: UnsafeMutablePointer<Float>
  ) {
    let kernels = self.kernels
    parallelRowBlocks(rows: rows, channels: columns) { block in
      for row in block { output[row] = Float(kernels.dot(matrix + row * columns, vector, columns)) }
    }
  }

  /// output [columns] = transposed matrix x vector [rows], overwritten. The rows of a block are added up in Float, the
  /// blocks in Double, in order.
  public func multiplyTransposed(
    _ matrix: UnsafePointer<Float>, rows: Int, columns: Int, by vector: UnsafePointer<Float>,
    into output: UnsafeMutablePointer<Float>
  ) {
    let cut = RowCut(rows: rows, channels: columns, elements: taskElements)
    let partial = scratch("transposed product", cut.parts * columns)
    let kernels = self.kernels
    parallel(cut.parts) { task in
      let sums = partial + task * columns
      sums.update(repeating: 0, count: columns)
      for row in cut.range(task) { kernels.addScaled(matrix + row * columns, sums, columns, factor: vector[row]) }
    }
    parallelColumns(columns, rows: cut.parts) { part in
      for column in part {
        var sum = 0.0
        for task in 0..<cut.parts { sum += Double(partial[task * columns + column]) }
        output[column] = Float(sum)
      }
    }
  }

  /// Sum of the products of the elements of two arrays of `count` floats.
  public func dot(_ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>, count: Int) -> Double {
    let cut = RowCut(rows: count, channels: 1, elements: taskElements)
    let sums = doubles("dot products", cut.parts)
    let kernels = self.kernels
    parallel(cut.parts) { task in
      let range = cut.range(task)
      sums[task] = kernels.dot(first + range.lowerBound, second + range.lowerBound, range.count)
    }
    combine(sums, tasks: cut.parts, count: 1)
    return sums[0]
  }

  /// output = factor * input, `count` floats, overwritten.
  public func scale(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, count: Int, by factor: Float
  ) {
    let kernels = self.kernels
    parallelElements(count) { range in
      kernels.scaleAndAdd(
        input + range.lowerBound, output + range.lowerBound, range.count, factor: factor, addend: 0)
    }
  }

  /// output [rows, columns] = factor * matrix + addend, overwritten.
  public func scale(
    _ matrix: UnsafePointer<Float>, rows: Int, columns: Int, by factor: Float, plus addend: OuterProduct,
    into output: UnsafeMutablePointer<Float>
  ) {
    let kernels = self.kernels
    parallelRowBlocks(rows: rows, channels: columns) { block in
      for row in block {
        let target = output + row * columns
        kernels.scaleAndAdd(matrix + row * columns, target, columns, factor: factor, addend: 0)
        kernels.addScaled(addend.right, target, columns, factor: addend.factor * addend.left[row])
      }
    }
  }
}
