/// What a step of Adam does beside the arrays that it goes over.
public struct AdamStep: Hashable, Sendable {
  /// 1 for the first update.
  public var number: Int
  /// The learning rate.
  public var rate: Double
  /// Decay of the gradient's average.
  public var beta1: Double
  /// Decay of the squared gradient's average.
  public var beta2: Double
  /// Added to the bias-corrected root.
  public var epsilon: Double

  /// - Precondition: the number is positive.
  public init(number: Int, rate: Double, beta1: Double, beta2: Double, epsilon: Double) {
    precondition(number > 0, "step \(number) of Adam")
    self.number = number
    self.rate = rate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }
}

extension Context {
  /// One step of Adam (Kingma and Ba 2015, in PyTorch's form), one pass over memory; value and moments are updated in
  /// place.
  public func adam(_ step: AdamStep, value: Buffer, gradient: Buffer, firstMoment: Buffer, secondMoment: Buffer) {
    precondition(gradient.count == value.count)
    precondition(firstMoment.count == value.count && secondMoment.count == value.count)
    let stepSize = Float(step.rate / (1 - power(step.beta1, step.number)))
    let secondScale = Float(1 / (1 - power(step.beta2, step.number)).squareRoot())
    let kernels = self.kernels
    parallelElements(value.count) { range in
      let i = range.lowerBound
      kernels.adam(
        value: value.pointer + i, gradient: gradient.pointer + i, firstMoment: firstMoment.pointer + i,
        secondMoment: secondMoment.pointer + i, range.count, stepSize: stepSize, secondScale: secondScale,
        gain1: Float(1 - step.beta1), gain2: Float(1 - step.beta2), beta2: Float(step.beta2),
        epsilon: Float(step.epsilon))
    }
  }

  /// average += (1 - decay)(value - average), in place.
  public func movingAverage(_ average: Buffer, value: Buffer, decay: Double) {
    precondition(average.count == value.count)
    let kernels = self.kernels
    parallelElements(value.count) { range in
      kernels.movingAverage(
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
