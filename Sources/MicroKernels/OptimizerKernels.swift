/// Parameter updates, each one pass over memory.
public protocol OptimizerKernels {
  /// Adam as PyTorch has it, in place on value, first and second moment:
  /// m += gain1 (g - m); v = beta2 v + gain2 g^2; value -= stepSize * m / (sqrt(v) * secondScale + epsilon),
  /// where gain1 = 1 - beta1 and gain2 = 1 - beta2 (rounded after the subtraction, as 1 - Float(0.999) is off by 1e-5),
  /// stepSize is the rate over 1 - beta1^t and secondScale is 1 / sqrt(1 - beta2^t).
  static func adam(
    value: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, firstMoment: UnsafeMutablePointer<Float>,
    secondMoment: UnsafeMutablePointer<Float>, _ count: Int, stepSize: Float, secondScale: Float, gain1: Float,
    gain2: Float, beta2: Float, epsilon: Float)

  /// average += gain * (value - average), in place.
  static func movingAverage(
    _ average: UnsafeMutablePointer<Float>, value: UnsafePointer<Float>, _ count: Int, gain: Float)
}
