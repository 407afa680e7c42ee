import Kernels

/// The largest of each window, channel by channel: [n, h, w, c] -> [n, oh, ow, c], with oh and ow as `Window.positions` has
/// them. Padding is smaller than any number. The gradient goes to the first of several equal largest, as in PyTorch.
public final class MaxPool2D: PoolingLayer {
  /// - Parameters:
  ///   - stride: nil takes the kernel's size.
  ///   - ceilMode: PyTorch's: positions are rounded up, so that the last window may reach over the edge.
  public init(
    _ name: String, kernel: Extent, stride: Extent? = nil, padding: Padding = .valid, ceilMode: Bool = false
  ) {
    super.init(name, .maximum, Window(kernel: kernel, stride: stride ?? kernel, padding: padding), ceilMode: ceilMode)
  }
}

/// The mean of each window, channel by channel: [n, h, w, c] -> [n, oh, ow, c], with oh and ow as `Window.positions` has
/// them.
public final class AvgPool2D: PoolingLayer {
  /// - Parameters:
  ///   - stride, ceilMode: as of `MaxPool2D`.
  ///   - countIncludePad: PyTorch's and ONNX's: whether zeros of the padding count in the mean.
  public init(
    _ name: String, kernel: Extent, stride: Extent? = nil, padding: Padding = .valid, countIncludePad: Bool = true,
    ceilMode: Bool = false
  ) {
    super.init(
      name, .mean(countsPadding: countIncludePad),
      Window(kernel: kernel, stride: stride ?? kernel, padding: padding), ceilMode: ceilMode)
  }
}

/// The mean of each channel over the whole image: [n, h, w, c] -> [n, 1, 1, c].
public final class GlobalAveragePool: PoolingLayer {
  /// - Parameter name: its path in a container and in the observer's rows.
  public init(_ name: String) { super.init(name, .mean(countsPadding: false), nil, ceilMode: false) }
}

/// What the poolings share.
public class PoolingLayer: Layer {
  enum Kind {
    case maximum
    case mean(countsPadding: Bool)
  }

  public let name: String
  /// nil for the whole image.
  public let window: Window?
  private let kind: Kind
  private let ceilMode: Bool

  init(_ name: String, _ kind: Kind, _ window: Window?, ceilMode: Bool) {
    self.name = name
    self.kind = kind
    self.window = window
    self.ceilMode = ceilMode
  }

  private var isMaximum: Bool {
    if case .maximum = kind { return true }
    return false
  }

  public var backwardReadsInput: Bool { isMaximum }
  public var backwardReadsOutput: Bool { isMaximum }

  public func outputShape(_ input: Shape) throws(LayerError) -> Shape {
    let size = try positions(input)
    return Shape(n: input.n, h: size.height, w: size.width, c: input.c)
  }

  private func positions(_ input: Shape) throws(LayerError) -> Extent {
    guard let window else { return 1 }
    let (kernel, pads) = (window.kernel, window.pads(height: input.h, width: input.w))
    guard max(pads.top, pads.bottom) < kernel.height, max(pads.left, pads.right) < kernel.width else {
      throw LayerError(
        name, "a padding as large as the window of \(kernel), for the input \(input); use less padding")
    }
    guard let positions = window.positions(height: input.h, width: input.w, roundsUp: ceilMode) else {
      throw LayerError(
        name,
        "the window of \(kernel) is larger than the input \(input), which is"
          + " \(input.h + pads.vertical)x\(input.w + pads.horizontal) with its padding; use a smaller window, or fewer"
          + " steps of stride 2 before")
    }
    return positions
  }

  private func poolShape(_ input: Shape, _ output: Shape) -> PoolShape {
    let whole = Window(kernel: Extent(input.h, input.w), stride: 1, padding: .valid)
    let window = window ?? whole
    return PoolShape(
      batch: input.n, height: input.h, width: input.w, channels: input.c, kernel: window.kernel, stride: window.stride,
      pads: window.pads(height: input.h, width: input.w), output: Extent(output.h, output.w))
  }

  public func forward(_ input: Tensor, into output: Tensor, mode: Mode, row: String, _ execution: Execution) {
    checkForward(input, output)
    let shape = poolShape(input.shape, output.shape)
    execution.measure("\(row) fwd") {
      switch kind {
      case .maximum: execution.context.maxPool(shape, input: input.pointer, output: output.pointer)
      case .mean(let counts):
        execution.context.averagePool(shape, countsPadding: counts, input: input.pointer, output: output.pointer)
      }
    }
  }

  public func backward(
    input: Tensor, output: Tensor, outputGradient: Tensor, into inputGradient: Tensor?,
    parameters: ParameterGradients, row: String, _ execution: Execution
  ) {
    checkBackward(input, output, outputGradient, inputGradient)
    guard let inputGradient else { return }
    let shape = poolShape(input.shape, output.shape)
    execution.measure("\(row) bwd") {
      switch kind {
      case .maximum:
        execution.context.maxPoolBackward(
          shape, input: input.pointer, output: output.pointer, outputGradient: outputGradient.pointer,
          inputGradient: inputGradient.pointer)
      case .mean(let counts):
        execution.context.averagePoolBackward(
          shape, countsPadding: counts, outputGradient: outputGradient.pointer, inputGradient: inputGradient.pointer)
      }
    }
  }
}
