import Testing

@testable import Kernels

/// Matrix-vector products of small whole numbers are exact in Float whatever the order, so the tolerance is 0.
@Suite struct MatrixVectorTests {
  /// Rows and columns around the vector widths, single ones, and more rows than one task takes (65536 elements).
  static let sizes = [(1, 1), (75, 32), (3, 17), (100, 1), (1, 300), (700, 129), (7000, 24), (140_000, 1)]

  @Test(arguments: sizes.indices, InstructionSet.available)
  func exact(index: Int, set: InstructionSet) {
    let (rows, columns) = Self.sizes[index]
    func number(_ i: Int, _ salt: Int) -> Float { Float((i &* 7 &+ i / 3 &+ salt) % 7 - 3) }
    let matrix = Buffer((0..<rows * columns).map { number($0, 1) })
    let left = Buffer((0..<rows).map { number($0, 2) })
    let right = Buffer((0..<columns).map { number($0, 3) })
    for threads in [1, 3] {
      let context = Context(threads: threads, instructionSet: set)
      let (byRow, byColumn) = (Buffer(count: rows + 1), Buffer(count: columns + 1))
      byRow.fill(-77)
      byColumn.fill(-77)
      context.multiply(matrix.pointer, rows: rows, columns: columns, by: right.pointer, into: byRow.pointer)
      context.multiplyTransposed(matrix.pointer, rows: rows, columns: columns, by: left.pointer, into: byColumn.pointer)
      var expectedRows = [Float](repeating: 0, count: rows)
      var expectedColumns = [Float](repeating: 0, count: columns)
      var form = 0.0
      for r in 0..<rows {
        for c in 0..<columns {
          let element = matrix.pointer[r * columns + c]
          expectedRows[r] += element * right.pointer[c]
          expectedColumns[c] += element * left.pointer[r]
        }
        form += Double(left.pointer[r] * expectedRows[r])
      }
      expectSameBits(byRow.array, expectedRows + [-77], "\(rows) x \(columns) by a column")
      expectSameBits(byColumn.array, expectedColumns + [-77], "\(rows) x \(columns) by a row")
      #expect(context.dot(left.pointer, byRow.pointer, count: rows) == form)
      #expect(context.dot(byColumn.pointer, right.pointer, count: columns) == form)

      let changed = Buffer(count: rows * columns + 1)
      changed.fill(-77)
      context.scale(
        matrix.pointer, rows: rows, columns: columns, by: 2,
        plus: OuterProduct(factor: -3, left: left.pointer, right: right.pointer), into: changed.pointer)
      let wanted = (0..<rows * columns).map {
        2 * matrix.pointer[$0] - 3 * left.pointer[$0 / columns] * right.pointer[$0 % columns]
      }
      expectSameBits(changed.array, wanted + [-77], "\(rows) x \(columns) scaled")
      context.scale(matrix.pointer, into: changed.pointer, count: rows * columns, by: 0.5)
      expectSameBits(changed.array, matrix.array.map { $0 / 2 } + [-77], "\(rows) x \(columns) halved")
    }
  }
}
