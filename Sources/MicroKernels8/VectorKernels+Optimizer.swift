import MicroKernels

extension VectorKernels {
  @inline(never)
  public static func adam(
    value: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, firstMoment: UnsafeMutablePointer<Float>,
    secondMoment: UnsafeMutablePointer<Float>, _ count: Int, stepSize: Float, secondScale: Float, gain1: Float,
    gain2: Float, beta2: Float, epsilon: Float
  ) {
    let gain1 = Vector(repeating: gain1)
    let gain2 = Vector(repeating: gain2)
    forEachVector(count) { start, lanes in
      let g = load(gradient + start, lanes: lanes)
      var m = load(firstMoment + start, lanes: lanes)
      var v = load(secondMoment + start, lanes: lanes)
      m = fma(gain1, g - m, m)
      v = fma(gain2 * g, g, v * beta2)
      let denominator = fma(v.squareRoot(), Vector(repeating: secondScale), Vector(repeating: epsilon))
      store(m, firstMoment + start, lanes: lanes)
      store(v, secondMoment + start, lanes: lanes)
      store(load(value + start, lanes: lanes) - m * stepSize / denominator, value + start, lanes: lanes)
    }
  }

  @inline(never)
  public static func movingAverage(
    _ average: UnsafeMutablePointer<Float>, value: UnsafePointer<Float>, _ count: Int, gain: Float
  ) {
    let gain = Vector(repeating: gain)
    forEachVector(count) { start, lanes in
      let a = load(average + start, lanes: lanes)
      store(fma(gain, load(value + start, lanes: lanes) - a, a), average + start, lanes: lanes)
    }
  }
}
