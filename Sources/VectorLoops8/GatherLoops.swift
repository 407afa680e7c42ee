import VectorLoops

extension UnsafePointer<Float> {
  @inline(__always)
  var vector: Vector { UnsafeRawPointer(self).loadUnaligned(as: Vector.self) }
}

extension UnsafeMutablePointer<Float> {
  @inline(__always)
  var vector: Vector {
    get { UnsafeRawPointer(self).loadUnaligned(as: Vector.self) }
    nonmutating set { UnsafeMutableRawPointer(self).storeBytes(of: newValue, as: Vector.self) }
  }
}

/// The first `count` lanes from memory, zero in the others; touches no memory beyond them.
@inline(__always)
func partialVector(_ source: UnsafePointer<Float>, _ count: Int) -> Vector {
  var v = Vector.zero
  for l in 0..<count { v[l] = source[l] }
  return v
}

/// W x W floats, transposed by log2(W) perfect shuffles: each interleaves the first half of the rows with the second.
/// Through memory: an array of W vectors in this module costs the products' tiles their registers. The shuffles alternate
/// between the destination and W x W floats on the stack; a kilobyte that asks for no more than a Float's alignment is the
/// most that goes there rather than to the heap.
@inline(__always)
private func transposeSquare(
  _ source: UnsafePointer<Float>, _ stride: Int, _ destination: UnsafeMutablePointer<Float>
) {
  let w = Vector.scalarCount
  withUnsafeTemporaryAllocation(of: Float.self, capacity: w * w) { other in
    let buffers = (destination, other.baseAddress!)
    var from = source
    var step = stride
    for remaining in (0..<w.trailingZeroBitCount).reversed() {
      let to = remaining % 2 == 0 ? buffers.0 : buffers.1
      for i in 0..<w / 2 {
        let (a, b) = ((from + i * step).vector, (from + (i + w / 2) * step).vector)
        var low = Vector.zero
        var high = Vector.zero
        low.evenHalf = a.lowHalf
        low.oddHalf = b.lowHalf
        high.evenHalf = a.highHalf
        high.oddHalf = b.highHalf
        (to + 2 * i * w).vector = low
        (to + (2 * i + 1) * w).vector = high
      }
      from = UnsafePointer(to)
      step = w
    }
  }
}

extension Loops {
  @inline(never)
  public static func gatherPanels(
    _ count: Int, source: UnsafePointer<Float>, offsets: UnsafePointer<Int>, channels: Int,
    panels: UnsafeMutablePointer<Float>, panelStride: Int
  ) {
    let w = Vector.scalarCount
    let (whole, rest) = (channels / w, channels % w)
    for i in 0..<count {
      let offset = offsets[i]
      let target = panels + i * w
      if offset < 0 {
        for p in 0..<(rest == 0 ? whole : whole + 1) { (target + p * panelStride).vector = .zero }
      } else {
        for p in 0..<whole { (target + p * panelStride).vector = (source + offset + p * w).vector }
        if rest > 0 {
          (target + whole * panelStride).vector = partialVector(source + offset + whole * w, rest)
        }
      }
    }
  }

  @inline(never)
  public static func scatterPanels(
    _ count: Int, panels: UnsafePointer<Float>, panelStride: Int, offsets: UnsafePointer<Int>, channels: Int,
    destination: UnsafeMutablePointer<Float>
  ) {
    let w = Vector.scalarCount
    let (whole, rest) = (channels / w, channels % w)
    for i in 0..<count where offsets[i] >= 0 {
      let target = destination + offsets[i]
      let source = panels + i * w
      for p in 0..<whole { (target + p * w).vector = (source + p * panelStride).vector }
      for l in 0..<rest { target[whole * w + l] = source[whole * panelStride + l] }
    }
  }

  @inline(never)
  public static func transposePanel(
    rows: Int, lanes: Int, source: UnsafePointer<Float>, laneStride: Int, destination: UnsafeMutablePointer<Float>
  ) {
    let w = Vector.scalarCount
    if lanes == w && rows == w {
      transposeSquare(source, laneStride, destination)
      return
    }
    if lanes < w {
      for r in 0..<rows { (destination + r * w).vector = .zero }
    }
    for l in 0..<lanes {
      let lane = source + l * laneStride
      for r in 0..<rows { destination[r * w + l] = lane[r] }
    }
  }

  @inline(never)
  public static func unpackPanel(
    rows: Int, panel: UnsafePointer<Float>, channels: Int, destination: UnsafeMutablePointer<Float>,
    destinationStride: Int, accumulate: Bool
  ) {
    let w = Vector.scalarCount
    for r in 0..<rows {
      let target = destination + r * destinationStride
      let source = panel + r * w
      if channels >= w {
        target.vector = accumulate ? target.vector + source.vector : source.vector
      } else {
        for l in 0..<channels { target[l] = accumulate ? target[l] + source[l] : source[l] }
      }
    }
  }

  @inline(never)
  public static func overlapAdd(
    rows: Int, count: Int, panels: UnsafePointer<Float>, panelStride: Int, destination: UnsafeMutablePointer<Float>,
    rowStride: Int, step: Int
  ) {
    let w = Vector.scalarCount
    // Rows innermost: each addition waits for its left neighbour's store, rows do not wait for each other.
    for i in 0..<count {
      for r in 0..<rows {
        let target = destination + r * rowStride + i * step
        target.vector += (panels + r * panelStride + i * w).vector
      }
    }
  }
}
