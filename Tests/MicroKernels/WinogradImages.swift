import MicroKernels8

/// Tiles of pixels: the vectors lie behind another panel of channels, pixels in an order that is not theirs.
private struct Pixels {
  let values: UnsafeMutablePointer<Float>
  let addresses: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
  let perTile, count: Int

  init(_ check: inout Check, tiles: Int, perTile: Int, blank: Bool, _ numbers: Numbers) {
    self.perTile = perTile
    count = tiles * perTile
    values = blank ? check.blank(2 * width * count) : check.operand(2 * width * count, numbers)
    let (values, count) = (values, count)
    addresses = check.array((0..<count).map { values + 2 * width * (count - 1 - $0) })
  }

  /// Where lane 0 of a pixel lies in `values`.
  func index(_ tile: Int, _ pixel: Int) -> Int { 2 * width * (count - 1 - tile * perTile - pixel) + width }
}

/// Tiles of points, in an order that is not theirs.
struct Points {
  let offsets: UnsafeMutablePointer<Int>
  let values: UnsafeMutablePointer<Float>
  let count: Int
  private let size: Int
  private let present: (rows: Range<Int>, columns: Range<Int>)

  /// - Parameters:
  ///   - run: how many vectors of each point there are.
  ///   - present: the points with values; no others are to be read. Without it all are to be written.
  init(_ check: inout Check, _ basis: Basis, run: Int, of present: (rows: Range<Int>, columns: Range<Int>)? = nil) {
    size = basis.size
    self.present = present ?? (0..<size, 0..<size)
    let points = size * size
    // Whole cache lines, which streams need.
    let stride = (run + 2) * width
    count = points * stride
    offsets = check.array((0..<points).map { (points - 1 - $0) * stride })
    values = present == nil ? check.blank(count) : check.operand(count, basis.numbers)
    for (r, c, lane) in grid(0..<size, 0..<size) where !has(r, c) {
      for k in 0..<run { values[offsets[r * size + c] + k * width + lane] = .nan }
    }
  }

  private func has(_ row: Int, _ column: Int) -> Bool { present.rows.contains(row) && present.columns.contains(column) }

  /// A value of a point, or zero where it is not there.
  subscript(_ row: Int, _ column: Int, _ place: Int) -> Float {
    has(row, column) ? values[offsets[row * size + column] + place] : 0
  }
}

func inputTransform(_ check: inout Check) {
  for basis in Basis.all {
    for (rows, columns) in basis.tileRanges {
      for tiles in [1, 3] {
        check.begin()
        let pixels = Pixels(
          &check, tiles: tiles, perTile: rows.upperBound * columns.upperBound, blank: false, basis.numbers)
        let points = Points(&check, basis, run: tiles)
        var wanted = [Reference](repeating: .unchanged(.nan), count: points.count)
        let (rowMatrix, columnMatrix) = (basis.input(rows.upperBound), basis.input(columns.upperBound))
        for tile in 0..<tiles {
          for (r, c, lane) in grid(rows, columns) {
            wanted[points.offsets[r * basis.size + c] + tile * width + lane] = transformed(
              rowMatrix, columnMatrix, r, c
            ) {
              pixels.values[pixels.index(tile, $0 * columns.upperBound + $1) + lane]
            }
          }
        }
        VectorKernels.inputTransform(
          pairs: basis.pairs, rowPoints: rows, columnPoints: columns, coefficients: check.array(basis.coefficients),
          tiles: tiles, pixels: pixels.addresses, channel: width, destination: points.values, offsets: points.offsets)
        check.compare(points.values, wanted, roundings: basis.roundings)
      }
    }
  }
}

func outputTransform(_ check: inout Check) {
  for basis in Basis.all {
    for (rows, columns) in basis.tileRanges {
      for activated in [false, true] {
        for streams in [false, true] {
          check.begin()
          let tiles = activated ? 1 : 3
          let pixels = Pixels(&check, tiles: tiles, perTile: 16, blank: true, basis.numbers)
          let points = Points(&check, basis, run: tiles, of: (rows, columns))
          let bias = check.operand(width, basis.numbers)
          let slope = slopes(basis.numbers)[1]
          var wanted = [Reference](repeating: .unchanged(.nan), count: 2 * width * pixels.count)
          let (rowMatrix, columnMatrix) = (basis.output(rows.upperBound), basis.output(columns.upperBound))
          for tile in 0..<tiles {
            for (r, c, lane) in grid(0..<4, 0..<4) {
              var sum = transformed(rowMatrix, columnMatrix, r, c) { points[$0, $1, tile * width + lane] }
              if activated {
                sum.add(Double(bias[lane]))
                sum = leaky(sum, slope)
              }
              wanted[pixels.index(tile, 4 * r + c) + lane] = sum
            }
          }
          VectorKernels.outputTransform(
            pairs: basis.pairs, rowPoints: rows, columnPoints: columns, coefficients: check.array(basis.coefficients),
            scratch: check.blank(64 * width), tiles: tiles, source: points.values, offsets: points.offsets,
            pixels: pixels.addresses, channel: width, bias: activated ? UnsafePointer(bias) : nil, slope: slope,
            streams: streams)
          check.compare(pixels.values, wanted, roundings: basis.roundings)
        }
      }
    }
  }
}

func outputGradientTransform(_ check: inout Check) {
  for basis in Basis.all {
    for (rows, columns) in basis.tileRanges {
      for tiles in [1, 3] {
        check.begin()
        let pixels = Pixels(&check, tiles: tiles, perTile: 16, blank: false, basis.numbers)
        let points = Points(&check, basis, run: tiles)
        var wanted = [Reference](repeating: .unchanged(.nan), count: points.count)
        for tile in 0..<tiles {
          for (r, c, lane) in grid(rows, columns) {
            wanted[points.offsets[r * basis.size + c] + tile * width + lane] =
              transformed(basis.outputGradient, basis.outputGradient, r, c) {
                pixels.values[pixels.index(tile, 4 * $0 + $1) + lane]
              }
          }
        }
        VectorKernels.outputGradientTransform(
          pairs: basis.pairs, rowPoints: rows, columnPoints: columns, coefficients: check.array(basis.coefficients),
          tiles: tiles, pixels: pixels.addresses, channel: width, destination: points.values, offsets: points.offsets)
        check.compare(points.values, wanted, roundings: basis.roundings)
      }
    }
  }
}

/// All lanes of all elements of a part of a tile.
func grid(_ rows: Range<Int>, _ columns: Range<Int>) -> [(row: Int, column: Int, lane: Int)] {
  rows.flatMap { row in columns.flatMap { column in (0..<width).map { (row, column, $0) } } }
}
