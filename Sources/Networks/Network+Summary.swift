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
