import Kernels
import Networks

extension Sequential {
  /// The trainable network of a description. A linear layer or normalisation takes in the activation behind it, and a
  /// convolution that batch normalisation follows leaves its bias to that.
  /// - Parameters: as of the other initialiser.
  public convenience init(
    _ name: String, _ network: Network, execution: Execution, workspace: Workspace = Workspace()
  ) {
    var layers: [any Layer] = []
    var inputBias: Parameter?
    for stage in network.stages {
      let (name, activation) = (stage.name, stage.activation)
      defer { if !stage.isNormalized { inputBias = nil } }
      switch stage.layer.operation {
      case .dense(let spec):
        layers.append(
          Dense(
            name, inputs: stage.input, outputs: stage.output, hasBias: spec.hasBias, activation: activation,
            spectralNorm: spec.hasSpectralNorm))
      case .convolution(let spec):
        let convolution = Conv2D(
          name, inputChannels: stage.input.c, outputChannels: spec.channels, kernel: spec.kernel,
          stride: Extent(spec.stride), padding: spec.sides, hasBias: spec.hasBias, activation: activation,
          initializer: spec.weights, followedByBatchNorm: stage.isNormalized, spectralNorm: spec.hasSpectralNorm)
        inputBias = convolution.bias
        layers.append(convolution)
      case .transposedConvolution(let spec):
        let convolution = ConvTranspose2D(
          name, inputChannels: stage.input.c, outputChannels: spec.channels, kernel: spec.kernel,
          stride: Extent(spec.stride), padding: spec.sides, hasBias: spec.hasBias, activation: activation,
          initializer: spec.weights, followedByBatchNorm: stage.isNormalized)
        inputBias = convolution.bias
        layers.append(convolution)
      case .batchNorm(let spec):
        var slope: Float = 1
        if case .leakyReLU(let leaky) = activation { slope = leaky }
        layers.append(
          BatchNorm(
            name, channels: stage.input.c, leakySlope: slope, inputBias: inputBias, epsilon: spec.epsilon,
            momentum: spec.momentum, gamma: spec.gamma))
      case .activation: layers.append(ActivationLayer(name, activation))
      }
    }
    self.init(name, layers, execution: execution, workspace: workspace)
  }
}

extension ConvolutionSpec {
  fileprivate var kernel: Extent { Extent(kernelHeight, kernelWidth) }

  /// The padding as the layers take it.
  fileprivate var sides: Kernels.Padding {
    switch padding {
    case .same: .same
    case .each(let count): .pixels(count)
    }
  }
}
