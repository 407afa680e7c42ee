import Kernels
import Networks

extension Sequential {
  /// The trainable network of a description. A linear layer or normalisation takes in the activation behind it, and a
  /// convolution that batch normalisation follows leaves its bias to that.
  /// - Parameters:
  ///   - seed: of what dropout layers draw.
  ///   - execution, workspace: as of the other initialiser.
  public convenience init(
    _ name: String, _ network: Network, seed: UInt64 = 0, execution: Execution, workspace: Workspace = Workspace()
  ) {
    var builder = NetworkBuilder(random: RandomGenerator(seed: seed))
    self.init(checked: builder.layers(network.stages), name, execution: execution, workspace: workspace)
  }
}

private struct NetworkBuilder {
  var random: RandomGenerator

  /// - Parameter stages: one after the other, or branches.
  mutating func layers(_ stages: [Stage]) -> [any Layer] {
    var inputBias: Parameter?
    var layers: [any Layer] = []
    for stage in stages {
      let layer = layer(stage, inputBias: inputBias)
      inputBias = (layer as? LinearLayer).flatMap { $0.core.biasVanishes ? $0.bias : nil }
      layers.append(layer)
    }
    return layers
  }

  private mutating func layer(_ stage: Stage, inputBias: Parameter?) -> any Layer {
    let (name, activation) = (stage.ownName, stage.activation)
    switch stage.layer.operation {
    case .dense(let spec):
      return Dense(
        name, inputs: stage.input, outputs: stage.output, hasBias: spec.hasBias, activation: activation,
        spectralNorm: spec.hasSpectralNorm)
    case .convolution(let spec):
      return Conv2D(
        name, inputChannels: stage.input.c, spec, activation: activation, followedByBatchNorm: stage.isNormalized)
    case .transposedConvolution(let spec):
      return ConvTranspose2D(
        name, inputChannels: stage.input.c, spec, activation: activation, followedByBatchNorm: stage.isNormalized)
    case .batchNorm(let spec):
      var slope: Float = 1
      if case .leakyReLU(let leaky) = activation { slope = leaky }
      return BatchNorm(
        name, channels: stage.input.c, leakySlope: slope, inputBias: inputBias, epsilon: spec.epsilon,
        momentum: spec.momentum, gamma: spec.gamma)
    case .activation(.identity): return Sequential(name, [])
    case .activation: return ActivationLayer(name, activation)
    case .gatedUnit(let unit): return GatedLayer(name, unit)
    case .dropout(let rate): return Dropout(name, rate: rate, seed: random.next())
    case .pooling(let spec): return PoolingLayer(name, spec)
    case .upsample(let factor): return Upsample(name, factor: factor)
    case .reshape(let target): return ReshapeLayer(name, target)
    case .sequential: return Sequential(name, layers(stage.children))
    case .residual: return Residual(name, layers(stage.children))
    case .concatenate: return Concatenate(name, layers(stage.children))
    }
  }
}
