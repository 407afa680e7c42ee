// Whether two networks compute the same.

import Kernels

extension Network {
  /// Where another network computes something else, in words; nil where it can take this one's parameters and compute
  /// the same. How parameters begin and how statistics are gathered does not count, nor do names of layers without
  /// parameters, nor a bias that only the other one has, where normalisation takes it out again.
  public func difference(from other: Network) -> String? {
    if input != other.input { return "its input is \(input.perPicture), not \(other.input.perPicture)" }
    var (mine, theirs) = (layers.map { $0.withoutTraining }, other.layers.map { $0.withoutTraining })
    for index in 0..<min(mine.count, theirs.count) - 1 {
      if mine[index + 1].kind == .batchNorm, mine[index].withBias == theirs[index] { mine[index] = theirs[index] }
    }
    if mine == theirs { return nil }
    for index in 0..<min(mine.count, theirs.count) where mine[index] != theirs[index] {
      return "its layer \(index + 1) is \(line(index)), not \(other.line(index))"
    }
    return "it has \(mine.count) layers, not \(theirs.count)"
  }
}

extension LayerSpec {
  fileprivate var withBias: LayerSpec {
    var layer = self
    switch operation {
    case .convolution(var spec):
      spec.hasBias = true
      layer.operation = .convolution(spec)
    case .transposedConvolution(var spec):
      spec.hasBias = true
      layer.operation = .transposedConvolution(spec)
    default: break
    }
    return layer
  }

  /// The layer with the usual values of all that only training asks for, and without a name that nothing is found by.
  fileprivate var withoutTraining: LayerSpec {
    var layer = self
    if !hasParameters { layer.name = "" }
    switch operation {
    case .convolution(let spec): layer.operation = .convolution(spec.withoutTraining)
    case .transposedConvolution(let spec): layer.operation = .transposedConvolution(spec.withoutTraining)
    case .batchNorm(var spec):
      (spec.gamma, spec.momentum) = (BatchNormSpec().gamma, BatchNormSpec().momentum)
      layer.operation = .batchNorm(spec)
    case .dropout: layer.operation = .activation(.identity)
    case .sequential(let layers): layer.operation = .sequential(layers.map { $0.withoutTraining })
    case .residual(let branches): layer.operation = .residual(branches.map { $0.withoutTraining })
    case .concatenate(let branches): layer.operation = .concatenate(branches.map { $0.withoutTraining })
    default: break
    }
    return layer
  }
}

extension ConvolutionSpec {
  fileprivate var withoutTraining: ConvolutionSpec {
    var spec = self
    spec.weights = ConvolutionSpec.usualWeights
    if window.padding == .valid { spec.window.padding = .pixels(0) }
    return spec
  }
}
