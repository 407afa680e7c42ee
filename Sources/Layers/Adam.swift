import Kernels

/// Adam (Kingma and Ba 2015) in PyTorch's form: epsilon is added to the root of the bias-corrected second moment.
/// The moments live with the parameters; this holds the rates and the number of steps taken.
public final class Adam {
  /// May be changed between updates.
  public var rate: Double
  public let beta1: Double
  public let beta2: Double
  public let epsilon: Double
  /// Updates so far; set it when going on from saved moments.
  public var steps = 0

  public init(rate: Double, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    self.rate = rate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  /// Moves every learned parameter of the store by its gradient, and lets spectral norms follow.
  public func update(_ store: ParameterStore, context: Context) {
    steps += 1
    for parameter in store.trained {
      parameter.spectralNorm?.finishGradient(context)
      context.adam(
        value: parameter.value, gradient: parameter.gradient, firstMoment: parameter.firstMoment,
        secondMoment: parameter.secondMoment, step: steps, rate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon)
      parameter.changed()
      parameter.spectralNorm?.iterate(context)
    }
  }
}
