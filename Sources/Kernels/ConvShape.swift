/// The three passes of the one bilinear operation y = conv(x, w).
public enum ConvPass: String, CaseIterable, Sendable, Hashable {
  case forward = "fwd"
  case backwardData = "bwd-data"
  case backwardFilter = "bwd-filter"
}

/// The shape of a forward convolution; a transposed convolution is described by the convolution it is the adjoint of.
///
/// Input [n, h, w, c], output [n, oh, ow, oc], filter [kh, kw, c, oc], all densely packed with the last axis fastest.
/// output[n, i, j, o] = sum over p, q, c of
/// input[n, i*strideHeight + p - padTop, j*strideWidth + q - padLeft, c] * filter[p, q, c, o], with zeros outside the input.
public struct ConvShape: Hashable, Sendable {
  /// Images, n.
  public var batch: Int
  /// Rows of an input image, h.
  public var inputHeight: Int
  /// Columns of an input image, w.
  public var inputWidth: Int
  /// Channels of the input, c.
  public var inputChannels: Int
  /// Channels of the output, oc.
  public var outputChannels: Int
  /// Rows of the filter, kh.
  public var kernelHeight: Int
  /// Columns of the filter, kw.
  public var kernelWidth: Int
  /// Input rows between two output rows.
  public var strideHeight: Int
  /// Input columns between two output columns.
  public var strideWidth: Int
  /// Rows of zeros above the input.
  public var padTop: Int
  /// Columns of zeros before the input.
  public var padLeft: Int
  /// Rows of zeros below the input.
  public var padBottom: Int
  /// Columns of zeros behind the input.
  public var padRight: Int

  /// The convolution of images of a size by a window.
  /// - Precondition: sizes and strides are positive, and the window is no larger than the padded image.
  public init(batch: Int, height: Int, width: Int, inputChannels: Int, outputChannels: Int, window: Window) {
    let pads = window.pads(height: height, width: width)
    (self.batch, inputHeight, inputWidth) = (batch, height, width)
    (self.inputChannels, self.outputChannels) = (inputChannels, outputChannels)
    (kernelHeight, kernelWidth) = (window.kernel.height, window.kernel.width)
    (strideHeight, strideWidth) = (window.stride.height, window.stride.width)
    (padTop, padLeft, padBottom, padRight) = (pads.top, pads.left, pads.bottom, pads.right)
    precondition(
      batch > 0 && inputChannels > 0 && outputChannels > 0 && strideHeight > 0 && strideWidth > 0, "\(self): empty")
    precondition(
      inputHeight + padTop + padBottom >= kernelHeight && inputWidth + padLeft + padRight >= kernelWidth,
      "\(self): kernel larger than the padded input")
  }

  /// TensorFlow's SAME padding: output = ceil(input / stride), the odd pixel of padding goes after.
  public static func same(
    batch: Int, height: Int, width: Int, inputChannels: Int, outputChannels: Int, kernel: Int, stride: Int
  ) -> ConvShape {
    ConvShape(
      batch: batch, height: height, width: width, inputChannels: inputChannels, outputChannels: outputChannels,
      window: Window(kernel: Extent(kernel), stride: Extent(stride), padding: .same))
  }

  /// Rows of the output: floor((h + pads - kh) / stride) + 1.
  public var outputHeight: Int { (inputHeight + padTop + padBottom - kernelHeight) / strideHeight + 1 }
  /// Columns of the output: floor((w + pads - kw) / stride) + 1.
  public var outputWidth: Int { (inputWidth + padLeft + padRight - kernelWidth) / strideWidth + 1 }

  /// The stride along both axes where they have the same, and the vertical one otherwise.
  public var stride: Int { strideHeight }

  /// The same convolution of another number of images.
  public func with(batch: Int) -> ConvShape {
    var shape = self
    shape.batch = batch
    return shape
  }

  /// The same sums as a product of two matrices where a single window covers the whole of each image: rows are images, and
  /// the window's pixels and channels are one axis, as they are in memory. A transposed convolution of [n, 1, 1, c] without
  /// padding is one; pixel by pixel, all but one of its taps would multiply zeros.
  var asMatrixProduct: ConvShape {
    let pads = padTop + padLeft + padBottom + padRight
    guard pads == 0 && inputHeight == kernelHeight && inputWidth == kernelWidth else { return self }
    return .same(
      batch: batch, height: 1, width: 1, inputChannels: kernelHeight * kernelWidth * inputChannels,
      outputChannels: outputChannels, kernel: 1, stride: 1)
  }

  /// Floats of the input [n, h, w, c].
  public var inputCount: Int { batch * inputHeight * inputWidth * inputChannels }
  /// Floats of the output [n, oh, ow, oc].
  public var outputCount: Int { batch * outputHeight * outputWidth * outputChannels }
  /// Floats of the filter [kh, kw, c, oc].
  public var filterCount: Int { kernelHeight * kernelWidth * inputChannels * outputChannels }

  /// Floating-point operations of any one pass done directly; multiplications with padding count, as is customary.
  public var flops: Double {
    2 * Double(batch * outputHeight * outputWidth) * Double(filterCount)
  }

  /// Bytes that one pass must move at least: its two operands and its result, once each.
  public var leastBytes: Double { 4 * Double(inputCount + outputCount + filterCount) }
}

extension ConvShape: CustomStringConvertible {
  /// The canonical form, the same in tests, bench and messages: `n64 32x32x256 -> 16x16x512 k5x5 s2 p1,1,2,2`
  /// (padding top, left, bottom, right); strides that differ are written `s2x1`.
  public var description: String {
    let strides = strideHeight == strideWidth ? "\(strideHeight)" : "\(strideHeight)x\(strideWidth)"
    return
      "n\(batch) \(inputHeight)x\(inputWidth)x\(inputChannels) -> \(outputHeight)x\(outputWidth)x\(outputChannels) "
      + "k\(kernelHeight)x\(kernelWidth) s\(strides) p\(padTop),\(padLeft),\(padBottom),\(padRight)"
  }
}
