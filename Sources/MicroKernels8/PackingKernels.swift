import CProcessor
import MicroKernels

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

/// `panels` vectors of each of `count` pixels, with strides for pixels and panels on both sides. Four vectors of a pixel at
/// a time: a loop over as many as there are costs as much as the copies.
@inline(__always)
private func copyPanels(
  _ count: Int, _ panels: Int, _ source: UnsafePointer<Float>, _ pixelFrom: Int, _ panelFrom: Int,
  _ destination: UnsafeMutablePointer<Float>, _ pixelTo: Int, _ panelTo: Int
) {
  @inline(__always)
  func copy<let few: Int>(_: InlineArray<few, Vector>.Type, _ first: Int) {
    var from = source + first &* panelFrom
    var to = destination + first &* panelTo
    for _ in 0..<count {
      for p in 0..<few { (to + p &* panelTo).vector = (from + p &* panelFrom).vector }
      from += pixelFrom
      to += pixelTo
    }
  }
  typealias One = InlineArray<1, Vector>
  typealias Four = InlineArray<4, Vector>
  var panel = 0
  while panel &+ 4 <= panels {
    copy(Four.self, panel)
    panel &+= 4
  }
  while panel < panels {
    copy(One.self, panel)
    panel &+= 1
  }
}

/// How many pixels ahead a gather asks for. Pixels may lie far apart, with a run of lines each that no processor foresees.
private let gatherDistance = 2

extension VectorKernels {
  @inline(never)
  public static func packPanels(
    _ count: Int, source: UnsafePointer<Float>, step: Int, channels: Int, panels: UnsafeMutablePointer<Float>,
    panelStride: Int
  ) {
    let w = Vector.scalarCount
    let (whole, rest) = (channels / w, channels % w)
    for i in 0..<count {
      let pixel = source + i * step
      var (from, to) = (pixel, panels + i * w)
      for _ in 0..<whole / 4 {
        for line in 0..<4 * w / 16 { processor_prefetch(from + gatherDistance * step + 16 * line) }
        for _ in 0..<4 {
          to.vector = from.vector
          from += w
          to += panelStride
        }
      }
      for _ in 0..<whole % 4 {
        to.vector = from.vector
        from += w
        to += panelStride
      }
    }
    if rest == 0 { return }
    for i in 0..<count {
      (panels + whole * panelStride + i * w).vector = partialVector(source + i * step + whole * w, rest)
    }
  }

  @inline(never)
  public static func scatterPanels(
    _ count: Int, panels: UnsafePointer<Float>, panelStride: Int, channels: Int,
    destination: UnsafeMutablePointer<Float>, step: Int
  ) {
    let w = Vector.scalarCount
    let (whole, rest) = (channels / w, channels % w)
    copyPanels(count, whole, panels, w, panelStride, destination, step, w)
    if rest == 0 { return }
    for i in 0..<count {
      for l in 0..<rest { destination[i * step + whole * w + l] = panels[whole * panelStride + i * w + l] }
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
    _ count: Int, panel: UnsafePointer<Float>, destination: UnsafeMutablePointer<Float>, step: Int
  ) {
    let w = Vector.scalarCount
    // Places that do not overlap follow each other: a load that overlaps a store just made waits for it.
    let apart = (w + step - 1) / step
    for first in 0..<min(apart, count) {
      for i in stride(from: first, to: count, by: apart) { (destination + i * step).vector += (panel + i * w).vector }
    }
  }
}
