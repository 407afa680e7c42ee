import CProcessor
import MicroKernels

// How the Winograd transforms reach the rows and columns of a tile.

/// Where a transform along one axis begins.
protocol Values {
  func load(_ i: Int) -> Vector
}

/// Vectors in registers.
struct Held<let count: Int>: Values {
  var values = InlineArray<count, Vector>(repeating: .zero)

  @inline(__always) func load(_ i: Int) -> Vector { values[i] }
}

/// A row or column of a tile: vectors that lie at regular strides, or where a table says.
protocol Line: Values {
  func address(_ i: Int) -> UnsafeMutablePointer<Float>
  func store(_ i: Int, _ v: Vector)
}

extension Line {
  @inline(__always) func load(_ i: Int) -> Vector { address(i).vector }
  @inline(__always) func store(_ i: Int, _ v: Vector) { address(i).vector = v }
}

struct Strided: Line {
  let base: UnsafeMutablePointer<Float>
  let stride: Int

  @inline(__always) init(base: UnsafeMutablePointer<Float>, stride: Int) {
    self.base = base
    self.stride = stride
  }

  /// For reading only.
  @inline(__always) init(_ base: UnsafePointer<Float>, _ stride: Int) {
    self.init(base: UnsafeMutablePointer(mutating: base), stride: stride)
  }

  @inline(__always) func address(_ i: Int) -> UnsafeMutablePointer<Float> { base + i * stride }
}

struct Scattered: Line {
  let base: UnsafeMutablePointer<Float>
  let offsets: UnsafePointer<Int>
  let step: Int

  @inline(__always) init(base: UnsafeMutablePointer<Float>, offsets: UnsafePointer<Int>, step: Int) {
    self.base = base
    self.offsets = offsets
    self.step = step
  }

  /// For reading only.
  @inline(__always) init(_ base: UnsafePointer<Float>, _ offsets: UnsafePointer<Int>, _ step: Int) {
    self.init(base: UnsafeMutablePointer(mutating: base), offsets: offsets, step: step)
  }

  @inline(__always) func address(_ i: Int) -> UnsafeMutablePointer<Float> { base + offsets[i * step] }
}

#if WIDE
  /// Stores go past the caches. A vector of the narrow micro-kernels is half a line, for which that does not pay.
  struct Streamed<Whole: Line>: Line {
    let line: Whole

    @inline(__always) func address(_ i: Int) -> UnsafeMutablePointer<Float> { line.address(i) }
    @inline(__always) func store(_ i: Int, _ v: Vector) { processor_stream(line.address(i), v) }
  }
#endif

/// Stores leaky(v + bias).
struct Activated<Whole: Line>: Line {
  let line: Whole
  let bias: UnsafePointer<Float>
  let slope: Float

  @inline(__always) func address(_ i: Int) -> UnsafeMutablePointer<Float> { line.address(i) }
  @inline(__always) func store(_ i: Int, _ v: Vector) { line.store(i, leaky(v + bias.vector, slope)) }
}

/// Stores add to what is there.
struct Added: Line {
  let line: Strided

  @inline(__always) func address(_ i: Int) -> UnsafeMutablePointer<Float> { line.address(i) }
  @inline(__always) func store(_ i: Int, _ v: Vector) { line.store(i, line.load(i) + v) }
}

/// Vectors at addresses of a table, `channel` floats behind each.
struct Listed: Line {
  let addresses: UnsafePointer<UnsafeMutablePointer<Float>>
  let step: Int
  let channel: Int

  @inline(__always) func address(_ i: Int) -> UnsafeMutablePointer<Float> { addresses[i * step] + channel }
}
