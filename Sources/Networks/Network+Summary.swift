// Descriptions in words, for messages and lists.

extension Shape {
  /// `4x4x512`, of one picture.
  public var perPicture: String { "\(h)x\(w)x\(c)" }
}

extension Network {
  /// Of the picture that comes out, `64x64`.
  public var pictureSize: String { "\(output.h)x\(output.w)" }

  /// The width that presets speak of: channels that go into the last layer with weights.
  public var width: Int {
    let last = stages.last { $0.convShape(batch: 1) != nil }
    return last?.input.c ?? input.c
  }

  /// A layer in one line: `trans_conv1: transposedConvolution 5x5 stride 2, 4x4x1024 -> 8x8x512`.
  public func line(_ index: Int) -> String {
    let layer = layers[index]
    var options = ""
    switch layer.operation {
    case .convolution(let spec), .transposedConvolution(let spec):
      options = " \(spec.kernelHeight)x\(spec.kernelWidth) stride \(spec.stride)"
      if case .each(let padding) = spec.padding { options += " padding \(padding)" }
      if spec.hasSpectralNorm { options += " spectral" }
      if !spec.hasBias { options += " without bias" }
    case .dense(let spec):
      if spec.hasSpectralNorm { options += " spectral" }
      if !spec.hasBias { options += " without bias" }
    case .batchNorm: break
    case .activation(.leakyReLU(let slope)): options = " \(slope)"
    case .activation: break
    }
    let name = layer.name.isEmpty ? "" : "\(layer.name): "
    return "\(name)\(layer.kind.rawValue)\(options), \(input(of: index).perPicture) -> \(outputs[index].perPicture)"
  }

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
    case .dense, .batchNorm, .activation: break
    }
    return layer
  }

  /// The layer with the usual values of all that only training asks for, and without a name that nothing is found by.
  fileprivate var withoutTraining: LayerSpec {
    var layer = self
    if !hasParameters { layer.name = "" }
    switch operation {
    case .convolution(var spec):
      spec.weights = ConvolutionSpec.usualWeights
      layer.operation = .convolution(spec)
    case .transposedConvolution(var spec):
      spec.weights = ConvolutionSpec.usualWeights
      layer.operation = .transposedConvolution(spec)
    case .batchNorm(var spec):
      (spec.gamma, spec.momentum) = (BatchNormSpec().gamma, BatchNormSpec().momentum)
      layer.operation = .batchNorm(spec)
    case .dense, .activation: break
    }
    return layer
  }
}
