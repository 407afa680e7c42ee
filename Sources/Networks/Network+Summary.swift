// Descriptions in words, for messages and lists.

import Kernels

extension Shape {
  /// `4x4x512`, of one image.
  public var perPicture: String { "\(h)x\(w)x\(c)" }
}

extension Network {
  /// Of the image that comes out, `64x64`.
  public var pictureSize: String { "\(output.h)x\(output.w)" }

  /// The width that presets speak of: channels that go into the last layer with weights.
  public var width: Int {
    let last = allStages.last { $0.convShape(batch: 1) != nil }
    return last?.input.c ?? input.c
  }

  /// A layer in one line: `trans_conv1: transposedConvolution 5x5 stride 2, 4x4x1024 -> 8x8x512`.
  public func line(_ index: Int) -> String {
    "\(layers[index].words), \(input(of: index).perPicture) -> \(outputs[index].perPicture)"
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
  /// Name, kind and options.
  fileprivate var words: String {
    var options = ""
    switch operation {
    case .convolution(let spec), .transposedConvolution(let spec):
      options = spec.window.words
      if spec.outputPadding != 0 { options += " output padding \(spec.outputPadding)" }
      if spec.hasSpectralNorm { options += " spectral" }
      if !spec.hasBias { options += " without bias" }
    case .dense(let spec):
      if spec.hasSpectralNorm { options += " spectral" }
      if !spec.hasBias { options += " without bias" }
    case .activation(.leakyReLU(let slope)): options = " \(slope)"
    case .dropout(let rate): options = " \(rate)"
    case .pooling(let spec): options = spec.window?.words ?? ""
    case .upsample(let factor): options = " \(factor)"
    case .sequential, .residual, .concatenate:
      options = " of " + children.map { "(\($0.words))" }.joined(separator: ", ")
    case .batchNorm, .activation, .gatedUnit, .reshape: break
    }
    return (name.isEmpty ? "" : "\(name): ") + kind.rawValue + options
  }

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

extension Window {
  fileprivate var words: String {
    let strides = stride.height == stride.width ? "\(stride.height)" : "\(stride)"
    let words = " \(kernel) stride \(strides)"
    switch padding {
    case .same: return words
    case .valid: return words + " padding 0"
    case .explicit(let pads):
      let sides = [pads.top, pads.left, pads.bottom, pads.right]
      return words + " padding "
        + (sides.allSatisfy { $0 == sides[0] } ? ["\(sides[0])"] : sides.map { "\($0)" }).joined(separator: ",")
    }
  }
}
