import CProcessor
import MicroKernels

extension VectorKernels {
  @inline(never)
  public static func columnMoments(
    _ data: UnsafePointer<Float>, rows: Int, channels: Int, mean: UnsafeMutablePointer<Float>,
    squares: UnsafeMutablePointer<Float>
  ) {
    let share = 1 / Float(rows)
    forEachVector(channels) { start, lanes in
      let center = columnReduce(data + start, rows, channels, lanes) { $0 + $1 } * share
      let sum = columnReduce(data + start, rows, channels, lanes) { sum, x in
        let difference = x - center
        return fma(difference, difference, sum)
      }
      store(center, mean + start, lanes: lanes)
      store(sum, squares + start, lanes: lanes)
    }
  }

  @inline(never)
  public static func affineLeaky(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, rows: Int, channels: Int,
    scale: UnsafePointer<Float>, shift: UnsafePointer<Float>, slope: Float, streams: Bool
  ) {
    #if WIDE
      if streams {
        // In the order of memory, for a row then is a whole number of lines.
        for row in 0..<rows {
          for start in stride(from: 0, to: channels, by: Vector.scalarCount) {
            let i = row &* channels &+ start
            processor_stream(
              output + i, leaky(fma((scale + start).vector, (input + i).vector, (shift + start).vector), slope))
          }
        }
        return processor_end_streams()
      }
    #endif
    forEachVector(channels) { start, lanes in
      let a = load(scale + start, lanes: lanes)
      let b = load(shift + start, lanes: lanes)
      var i = start
      for _ in 0..<rows {
        store(leaky(fma(a, load(input + i, lanes: lanes), b), slope), output + i, lanes: lanes)
        i &+= channels
      }
    }
  }

  @inline(never)
  public static func affineLeakySums(
    gradient: UnsafePointer<Float>, input: UnsafePointer<Float>, rows: Int, channels: Int,
    scale: UnsafePointer<Float>, shift: UnsafePointer<Float>, mean: UnsafePointer<Float>, slope: Float,
    gradientSums: UnsafeMutablePointer<Double>, productSums: UnsafeMutablePointer<Double>
  ) {
    forEachVector(channels) { start, lanes in
      let a = load(scale + start, lanes: lanes)
      let b = load(shift + start, lanes: lanes)
      let m = load(mean + start, lanes: lanes)
      // Two accumulators of each kind, for even and odd rows, hide the latency of the addition.
      var sum = (Vector.zero, Vector.zero)
      var product = (Vector.zero, Vector.zero)
      @inline(__always)
      func add(_ i: Int, _ sum: inout Vector, _ product: inout Vector) {
        let x = load(input + i, lanes: lanes)
        let d = leakyGradient(load(gradient + i, lanes: lanes), at: fma(a, x, b), slope)
        sum += d
        product = fma(d, x - m, product)
      }
      var i = start
      for _ in 0..<(rows / 2) {
        add(i, &sum.0, &product.0)
        add(i &+ channels, &sum.1, &product.1)
        i &+= 2 &* channels
      }
      if rows % 2 == 1 { add(i, &sum.0, &product.0) }
      let sums = sum.0 + sum.1
      let products = product.0 + product.1
      for lane in 0..<lanes {
        gradientSums[start + lane] += Double(sums[lane])
        productSums[start + lane] += Double(products[lane])
      }
    }
  }

  @inline(never)
  public static func normalizationGradient(
    _ gradient: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, rows: Int, channels: Int,
    scale: UnsafePointer<Float>, shift: UnsafePointer<Float>, mean: UnsafePointer<Float>,
    slant: UnsafePointer<Float>, offset: UnsafePointer<Float>, slope: Float
  ) {
    forEachVector(channels) { start, lanes in
      let a = load(scale + start, lanes: lanes)
      let b = load(shift + start, lanes: lanes)
      let m = load(mean + start, lanes: lanes)
      let s = load(slant + start, lanes: lanes)
      let o = load(offset + start, lanes: lanes)
      var i = start
      for _ in 0..<rows {
        let x = load(input + i, lanes: lanes)
        let d = leakyGradient(load(gradient + i, lanes: lanes), at: fma(a, x, b), slope)
        store(fma(a, d, fma(s, x - m, o)), gradient + i, lanes: lanes)
        i &+= channels
      }
    }
  }
}
