import MicroKernels

extension VectorKernels {
  @inline(never)
  public static func addBias(
    _ data: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>, rows: Int, channels: Int
  ) {
    forEachVector(channels) { start, lanes in
      let b = load(bias + start, lanes: lanes)
      var p = data + start
      for _ in 0..<rows {
        store(load(p, lanes: lanes) + b, p, lanes: lanes)
        p += channels
      }
    }
  }

  @inline(never)
  public static func leakyReLU(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int, slope: Float
  ) {
    forEachVector(count) { start, lanes in
      store(leaky(load(input + start, lanes: lanes), slope), output + start, lanes: lanes)
    }
  }

  @inline(never)
  public static func leakyReLUBackward(
    _ gradient: UnsafeMutablePointer<Float>, output: UnsafePointer<Float>, _ count: Int, slope: Float
  ) {
    forEachVector(count) { start, lanes in
      let g = load(gradient + start, lanes: lanes)
      store(
        leakyGradient(g, at: load(output + start, lanes: lanes), slope), gradient + start, lanes: lanes)
    }
  }

  @inline(never)
  public static func tanhBackward(
    _ gradient: UnsafeMutablePointer<Float>, output: UnsafePointer<Float>, _ count: Int
  ) {
    forEachVector(count) { start, lanes in
      let y = load(output + start, lanes: lanes)
      // (1 - y)(1 + y) keeps its relative accuracy where 1 - y^2 cancels.
      store(load(gradient + start, lanes: lanes) * ((1 - y) * (1 + y)), gradient + start, lanes: lanes)
    }
  }

  @inline(never)
  public static func addColumnSums(
    _ data: UnsafePointer<Float>, rows: Int, channels: Int, to sums: UnsafeMutablePointer<Double>
  ) {
    forEachVector(channels) { start, lanes in
      let total = columnReduce(data + start, rows, channels, lanes) { $0 + $1 }
      for i in 0..<lanes { sums[start + i] += Double(total[i]) }
    }
  }

  @inline(never)
  public static func scaleAndAdd(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int, factor: Float, addend: Float
  ) {
    let f = Vector(repeating: factor)
    let a = Vector(repeating: addend)
    forEachVector(count) { start, lanes in
      store(fma(f, load(input + start, lanes: lanes), a), output + start, lanes: lanes)
    }
  }

  @inline(never)
  public static func addScaled(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int, factor: Float
  ) {
    let f = Vector(repeating: factor)
    forEachVector(count) { start, lanes in
      store(
        fma(f, load(input + start, lanes: lanes), load(output + start, lanes: lanes)), output + start, lanes: lanes)
    }
  }

  @inline(never)
  public static func dot(_ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>, _ count: Int) -> Double {
    var total = 0.0
    for base in stride(from: 0, to: count, by: floatRun) {
      var sum = Vector.zero
      forEachVector(min(floatRun, count - base)) { start, lanes in
        sum = fma(load(first + base + start, lanes: lanes), load(second + base + start, lanes: lanes), sum)
      }
      for i in 0..<Vector.scalarCount { total += Double(sum[i]) }
    }
    return total
  }
}

/// Longest run that is added up in Float before it goes into a Double: short enough for an error of a few units in the
/// last place per lane, long enough that the conversion costs nothing.
private let floatRun = 4096

@inline(__always)
func leaky(_ x: Vector, _ slope: Float) -> Vector {
  (x * slope).replacing(with: x, where: x .> 0)
}

@inline(__always)
func leakyGradient(_ gradient: Vector, at x: Vector, _ slope: Float) -> Vector {
  (gradient * slope).replacing(with: gradient, where: x .> 0)
}

/// Folds one column of vectors with four accumulators in turn, which hides the latency of the addition.
@inline(__always)
func columnReduce(
  _ data: UnsafePointer<Float>, _ rows: Int, _ stride: Int, _ lanes: Int, _ add: (Vector, Vector) -> Vector
) -> Vector {
  var s0 = Vector.zero
  var s1 = Vector.zero
  var s2 = Vector.zero
  var s3 = Vector.zero
  var p = data
  var r = 0
  while r + 4 <= rows {
    s0 = add(s0, load(p, lanes: lanes))
    s1 = add(s1, load(p + stride, lanes: lanes))
    s2 = add(s2, load(p + 2 * stride, lanes: lanes))
    s3 = add(s3, load(p + 3 * stride, lanes: lanes))
    p += 4 * stride
    r += 4
  }
  while r < rows {
    s0 = add(s0, load(p, lanes: lanes))
    p += stride
    r += 1
  }
  return (s0 + s1) + (s2 + s3)
}
