import Kernels

/// Adam (Kingma and Ba 2015) in PyTorch's form: epsilon is added to the root of the bias-corrected second moment.
public class Adam: Optimizer {
  public var rate: Double
  /// Decay of the gradient's average.
  public let beta1: Double
  /// Decay of the squared gradient's average.
  public let beta2: Double
  /// Added to the root of the second moment.
  public let epsilon: Double
  public var steps = 0
  private let weightDecay: Double
  private let isDecoupled: Bool

  /// - Parameter weightDecay: of the values' squares in the loss: so many times the value is added to the gradient.
  public convenience init(
    rate: Double, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0
  ) {
    self.init(rate, beta1, beta2, epsilon, weightDecay, isDecoupled: false)
  }

  init(
    _ rate: Double, _ beta1: Double, _ beta2: Double, _ epsilon: Double, _ weightDecay: Double, isDecoupled: Bool
  ) {
    self.rate = rate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.isDecoupled = isDecoupled
  }

  public func move(_ parameter: Parameter, context: Context) {
    if !isDecoupled {
      parameter.addWeightDecay(weightDecay, context)
    } else if weightDecay != 0 {
      let value = parameter.value.pointer
      context.scale(value, into: value, count: parameter.count, by: Float(1 - rate * weightDecay))
    }
    context.adam(
      AdamStep(number: steps, rate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon), value: parameter.value,
      gradient: parameter.gradient, firstMoment: parameter.firstMoment, secondMoment: parameter.secondMoment)
  }
}

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101): each step first shrinks the values by
/// rate * weightDecay of themselves, which the moments do not see.
public final class AdamW: Adam {
  /// Adam with the decay of weights apart from the gradient.
  public convenience init(
    rate: Double, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0.01
  ) {
    self.init(rate, beta1, beta2, epsilon, weightDecay, isDecoupled: true)
  }
}
