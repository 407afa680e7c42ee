extension Context {
  /// One step of Adam (Kingma and Ba 2015, in PyTorch's form: epsilon is added to the bias-corrected root), one pass over
  /// memory; value and moments are updated in place.
  /// - Parameter step: 1 for the first update.
  public func adam(
    value: Buffer, gradient: Buffer, firstMoment: Buffer, secondMoment: Buffer, step: Int, rate: Double, beta1: Double,
    beta2: Double, epsilon: Double
  ) {
    precondition(step > 0 && gradient.count == value.count)
    precondition(firstMoment.count == value.count && secondMoment.count == value.count)
    let stepSize = Float(rate / (1 - power(beta1, step)))
    let secondScale = Float(1 / (1 - power(beta2, step)).squareRoot())
    let loops = self.loops
    parallelElements(value.count) { range in
      let i = range.lowerBound
      loops.adam(
        value: value.pointer + i, gradient: gradient.pointer + i, firstMoment: firstMoment.pointer + i,
        secondMoment: secondMoment.pointer + i, range.count, stepSize: stepSize, secondScale: secondScale,
        gain1: Float(1 - beta1), gain2: Float(1 - beta2), beta2: Float(beta2), epsilon: Float(epsilon))
    }
  }

  /// average += (1 - decay)(value - average), in place.
  public func movingAverage(_ average: Buffer, value: Buffer, decay: Double) {
    precondition(average.count == value.count)
    let loops = self.loops
    parallelElements(value.count) { range in
      loops.movingAverage(
        average.pointer + range.lowerBound, value: value.pointer + range.lowerBound, range.count, gain: Float(1 - decay)
      )
    }
  }
}

private func power(_ base: Double, _ exponent: Int) -> Double {
  var result = 1.0
  var square = base
  var bits = exponent
  while bits > 0 {
    if bits & 1 == 1 { result *= square }
    square *= square
    bits >>= 1
  }
  return result
}
