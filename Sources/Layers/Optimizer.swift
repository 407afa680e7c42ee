import Kernels

/// Moves the learned parameters of a network by their gradients. The state that goes with a parameter (moments, velocities)
/// lives in the parameter, under `ParameterArray`'s names; an optimiser holds rates and the number of steps taken.
public protocol Optimizer: AnyObject {
  /// The learning rate; may be changed between updates, as by a `LearningRateSchedule`.
  var rate: Double { get set }
  /// Updates so far; set it when going on from saved parameters and state.
  var steps: Int { get set }

  /// Changes a parameter's value and state by its gradient, which may be overwritten. `steps` counts this update already.
  func move(_ parameter: Parameter, context: Context)
}

extension Optimizer {
  /// Moves every learned parameter of the store by its gradient, and lets spectral norms follow.
  public func update(_ store: ParameterStore, context: Context) {
    finishGradients(store, context)
    moveAll(store, context)
  }

  /// The same with gradients that are scaled down together where the norm of all of them, as of one vector, is above a
  /// limit (Pascanu et al. 2013, arXiv 1211.5063): by limit / (norm + 1e-6), as PyTorch's `clip_grad_norm_` does.
  /// - Returns: the norm that they had.
  @discardableResult
  public func update(_ store: ParameterStore, clippingNormAt limit: Double, context: Context) -> Double {
    precondition(limit > 0, "a norm clipped at \(limit), which must be positive")
    finishGradients(store, context)
    let gradients = store.trained.map(\.gradient)
    let squares = gradients.map { context.dot($0.pointer, $0.pointer, count: $0.count) }
    let norm = squares.reduce(0, +).squareRoot()
    let factor = limit / (norm + 1e-6)
    if factor < 1 {
      for gradient in gradients {
        context.scale(gradient.pointer, into: gradient.pointer, count: gradient.count, by: Float(factor))
      }
    }
    moveAll(store, context)
    return norm
  }

  private func finishGradients(_ store: ParameterStore, _ context: Context) {
    for parameter in store.trained { parameter.spectralNorm?.finishGradient(context) }
  }

  private func moveAll(_ store: ParameterStore, _ context: Context) {
    steps += 1
    for parameter in store.trained {
      move(parameter, context: context)
      parameter.changed()
      parameter.spectralNorm?.iterate(context)
    }
  }
}

extension Parameter {
  /// gradient += factor * value: the gradient of factor / 2 times the sum of the values' squares.
  func addWeightDecay(_ factor: Double, _ context: Context) {
    if factor == 0 { return }
    context.add(value.pointer, times: Float(factor), to: gradient.pointer, count: count)
  }
}
