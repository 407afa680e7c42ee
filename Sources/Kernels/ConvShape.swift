/// The three passes of the one bilinear operation y = conv(x, w).
public enum ConvPass: String, CaseIterable, Sendable, Hashable {
  case forward = "fwd"
  case backwardData = "bwd-data"
  case backwardFilter = "bwd-filter"
}

/// The shape of a forward convolution; a transposed convolution is described by the convolution it is the adjoint of.
///
/// Input [n, h, w, c], output [n, oh, ow, oc], filter [kh, kw, c, oc], all densely packed with the last axis fastest.
/// output[n, i, j, o] = sum over p, q, c of input[n, i*stride + p - padTop, j*stride + q - padLeft, c] * filter[p, q, c, o],
/// with zeros outside the input.
public struct ConvShape: Hashable, Sendable {
  public var batch: Int
  public var inputHeight: Int
  public var inputWidth: Int
  public var inputChannels: Int
  public var outputChannels: Int
  public var kernelHeight: Int
  public var kernelWidth: Int
  public var stride: Int
  public var padTop: Int
  public var padLeft: Int
  public var padBottom: Int
  public var padRight: Int

  public init(
    batch: Int, inputHeight: Int, inputWidth: Int, inputChannels: Int, outputChannels: Int, kernelHeight: Int,
    kernelWidth: Int, stride: Int, padTop: Int, padLeft: Int, padBottom: Int, padRight: Int
  ) {
    self.batch = batch
    self.inputHeight = inputHeight
    self.inputWidth = inputWidth
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.stride = stride
    self.padTop = padTop
    self.padLeft = padLeft
    self.padBottom = padBottom
    self.padRight = padRight
    precondition(batch > 0 && inputChannels > 0 && outputChannels > 0 && stride > 0, "\(self): empty")
    precondition(
      inputHeight + padTop + padBottom >= kernelHeight && inputWidth + padLeft + padRight >= kernelWidth,
      "\(self): kernel larger than the padded input")
  }

  /// TensorFlow's SAME padding: output = ceil(input / stride), the odd pixel of padding goes after.
  public static func same(
    batch: Int, height: Int, width: Int, inputChannels: Int, outputChannels: Int, kernel: Int, stride: Int
  ) -> ConvShape {
    func pads(_ size: Int) -> (before: Int, after: Int) {
      let output = (size + stride - 1) / stride
      let total = max((output - 1) * stride + kernel - size, 0)
      return (total / 2, total - total / 2)
    }
    let vertical = pads(height)
    let horizontal = pads(width)
    return ConvShape(
      batch: batch, inputHeight: height, inputWidth: width, inputChannels: inputChannels,
      outputChannels: outputChannels, kernelHeight: kernel, kernelWidth: kernel, stride: stride,
      padTop: vertical.before, padLeft: horizontal.before, padBottom: vertical.after, padRight: horizontal.after)
  }

  public var outputHeight: Int { (inputHeight + padTop + padBottom - kernelHeight) / stride + 1 }
  public var outputWidth: Int { (inputWidth + padLeft + padRight - kernelWidth) / stride + 1 }
  public func with(batch: Int) -> ConvShape {
    var shape = self
    shape.batch = batch
    return shape
  }

  public var inputCount: Int { batch * inputHeight * inputWidth * inputChannels }
  public var outputCount: Int { batch * outputHeight * outputWidth * outputChannels }
  public var filterCount: Int { kernelHeight * kernelWidth * inputChannels * outputChannels }

  /// Floating-point operations of any one pass done directly; multiplications with padding count, as is customary.
  public var flops: Double {
    2 * Double(batch * outputHeight * outputWidth) * Double(filterCount)
  }
}

extension ConvShape: CustomStringConvertible {
  /// The canonical form, the same in tests, bench and messages: `n64 32x32x256 -> 16x16x512 k5x5 s2 p1,1,2,2`
  /// (padding top, left, bottom, right).
  public var description: String {
    "n\(batch) \(inputHeight)x\(inputWidth)x\(inputChannels) -> \(outputHeight)x\(outputWidth)x\(outputChannels) "
      + "k\(kernelHeight)x\(kernelWidth) s\(stride) p\(padTop),\(padLeft),\(padBottom),\(padRight)"
  }
}
