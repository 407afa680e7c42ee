import Kernels

/// Gradient descent with momentum in PyTorch's form: v = momentum * v + g, beginning at zero; value -= rate * v, or with
/// Nesterov's momentum (Sutskever et al. 2013) rate * (g + momentum * v). The velocity v is the parameter's first moment.
public final class SGD: Optimizer {
  public var rate: Double
  /// Share of the last move that is kept; 0 for none.
  public let momentum: Double
  /// Whether the gradient is taken ahead of the move (Nesterov).
  public let isNesterov: Bool
  /// Added to the gradient, times the weight.
  public let weightDecay: Double
  public var steps = 0

  /// - Parameters:
  ///   - momentum: in 0..<1; without it no velocities are kept.
  ///   - weightDecay: of the values' squares in the loss: so many times the value is added to the gradient.
  public init(rate: Double, momentum: Double = 0, isNesterov: Bool = false, weightDecay: Double = 0) {
    precondition(0..<1 ~= momentum, "a momentum of \(momentum), which must be at least 0 and below 1")
    precondition(!isNesterov || momentum > 0, "Nesterov's momentum of 0")
    self.rate = rate
    self.momentum = momentum
    self.isNesterov = isNesterov
    self.weightDecay = weightDecay
  }

  public func move(_ parameter: Parameter, context: Context) {
    parameter.addWeightDecay(weightDecay, context)
    let (value, gradient, count) = (parameter.value.pointer, parameter.gradient.pointer, parameter.count)
    guard momentum > 0 else {
      context.add(gradient, times: Float(-rate), to: value, count: count)
      return
    }
    let velocity = parameter.firstMoment.pointer
    context.scale(velocity, into: velocity, count: count, by: Float(momentum))
    context.add(gradient, times: 1, to: velocity, count: count)
    if isNesterov {
      context.add(gradient, times: Float(-rate), to: value, count: count)
      context.add(velocity, times: Float(-rate * momentum), to: value, count: count)
    } else {
      context.add(velocity, times: Float(-rate), to: value, count: count)
    }
  }
}
