import Kernels

/// Weights and bias of a linear layer with the planned convolution behind them: what Conv2D, ConvTranspose2D and Dense
/// share.
final class ConvolutionCore {
  let weight: Parameter
  let bias: Parameter
  let activation: Activation
  /// Batch normalisation takes any constant out of a channel again, so a bias before it is neither added nor learned.
  let biasVanishes: Bool

  /// Plans by shape; more than two would keep workspaces of batch sizes that are gone.
  private var plans: [(convolution: Convolution, context: Context, version: Int)] = []

  init(weight: Parameter, bias: Parameter, activation: Activation, biasVanishes: Bool) {
    precondition(!biasVanishes || activation == .identity, "\(weight.name): an activation before batch normalisation")
    self.weight = weight
    self.bias = bias
    self.activation = activation
    self.biasVanishes = biasVanishes
  }

  /// The plan for a shape, told of changed weights.
  func plan(_ shape: ConvShape, _ context: Context) -> Convolution {
    if let i = plans.firstIndex(where: { $0.convolution.shape == shape && $0.context === context }) {
      if plans[i].version != weight.version {
        plans[i].convolution.filterChanged()
        plans[i].version = weight.version
      }
      return plans[i].convolution
    }
    if plans.count == 2 { plans.removeFirst() }
    let convolution = Convolution(shape, context: context)
    convolution.filterChanged()
    plans.append((convolution, context, weight.version))
    return convolution
  }

  func finish(_ output: Tensor, _ context: Context) {
    context.applyBias(
      biasVanishes ? nil : UnsafePointer(bias.value.pointer), activation, to: output.pointer,
      rows: output.count / bias.count, channels: bias.count)
  }

  /// Takes the gradient back through activation and bias, in place.
  func start(_ outputGradient: Tensor, output: Tensor, _ gradients: ParameterGradients, _ context: Context) {
    if biasVanishes && gradients == .overwrite { bias.gradient.fill(0) }
    let wanted = !biasVanishes && gradients != .none
    context.applyBiasBackward(
      activation, gradient: outputGradient.pointer, output: output.pointer, rows: output.count / bias.count,
      channels: bias.count, biasGradient: wanted ? bias.gradient.pointer : nil, accumulate: gradients == .accumulate)
  }
}
