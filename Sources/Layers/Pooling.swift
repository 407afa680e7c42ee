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
    super.init(
      name,
      PoolSpec(.maximum, Window(kernel: kernel, stride: stride ?? kernel, padding: padding), roundsUp: ceilMode))
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
      name,
      PoolSpec(
        .mean(countsPadding: countIncludePad), Window(kernel: kernel, stride: stride ?? kernel, padding: padding),
        roundsUp: ceilMode))
  }
}

/// The mean of each channel over the whole image: [n, h, w, c] -> [n, 1, 1, c].
public final class GlobalAveragePool: PoolingLayer {
  /// - Parameter name: its path in a container and in the observer's rows.
  public init(_ name: String) { super.init(name, .globalAverage) }
}

/// What the poolings share.
public class PoolingLayer: PlainLayer {
  public let name: String
  let spec: PoolSpec

  /// - Parameter spec: what is made of which windows.
  public init(_ name: String, _ spec: PoolSpec) {
    self.name = name
    self.spec = spec
  }

  public var backwardReadsInput: Bool { spec.kind == .maximum }
  public var backwardReadsOutput: Bool { spec.kind == .maximum }

  public func outputShape(_ input: Shape) throws(NetworkError) -> Shape { try spec.output(input, layer: label) }

  func apply(_ input: Tensor, into output: Tensor, mode: Mode, _ execution: Execution) {
    execution.context.pool(
      spec.kind, spec.poolShape(input: input.shape, output: output.shape), input: input.pointer, output: output.pointer)
  }

  func applyBackward(
    _ outputGradient: Tensor, input: Tensor, output: Tensor, into inputGradient: Tensor, _ execution: Execution
  ) {
    let shape = spec.poolShape(input: input.shape, output: output.shape)
    switch spec.kind {
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
