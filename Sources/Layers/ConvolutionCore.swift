import Kernels

/// Weights and bias of a linear layer with the planned convolution behind them: what Conv2D, ConvTranspose2D and Dense
/// share.
final class ConvolutionCore {
  let weight: Parameter
  let bias: Parameter
  let activation: Activation
  /// Batch normalisation takes any constant out of a channel again, so a bias before it is neither added nor learned.
  let biasVanishes: Bool
  let spectralNorm: SpectralNorm?
  /// How often a pass runs between two updates; the discriminator's do several times.
  let use: FilterUse

  /// Plans by shape but for the batch; more than two would keep filters of picture sizes that are gone.
  private var plans: [(convolution: Convolution, context: Context, version: Int)] = []

  init(
    weight: Parameter, bias: Parameter, activation: Activation, biasVanishes: Bool = false, spectralNorm: Bool = false,
    use: FilterUse = .often
  ) {
    precondition(!biasVanishes || activation == .identity, "\(weight.name): an activation before batch normalisation")
    self.weight = weight
    self.bias = bias
    self.activation = activation
    self.biasVanishes = biasVanishes
    self.use = use
    self.spectralNorm = spectralNorm ? SpectralNorm(weight) : nil
  }

  /// What is saved and loaded.
  var parameters: [Parameter] { [weight, bias] + (spectralNorm.map { [$0.u, $0.v] } ?? []) }

  /// What the passes compute with: the weight, or what spectral normalisation makes of it.
  var filter: Parameter { spectralNorm?.normalized ?? weight }

  /// The plan for a shape, told of changed weights.
  func plan(_ shape: ConvShape, _ context: Context) -> Convolution {
    spectralNorm?.refresh(context)
    let known = plans.firstIndex {
      $0.convolution.shape.with(batch: shape.batch) == shape && $0.context === context
    }
    if let i = known {
      plans[i].convolution.setBatch(shape.batch)
      if plans[i].version != filter.version {
        plans[i].convolution.filterChanged()
        plans[i].version = filter.version
      }
      return plans[i].convolution
    }
    if plans.count == 2 { plans.removeFirst() }
    let convolution = Convolution(shape, context: context, use: use)
    convolution.filterChanged()
    plans.append((convolution, context, filter.version))
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
