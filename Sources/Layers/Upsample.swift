import Kernels

/// Every pixel several times, nearest-neighbour upsampling: [n, h, w, c] -> [n, h * factor, w * factor, c].
public final class Upsample: PlainLayer {
  public let name: String
  /// Copies of each pixel, along rows and columns.
  public let factor: Extent

  /// - Parameter factor: a number for both axes, or `Extent(height, width)`.
  public init(_ name: String, factor: Extent) {
    self.name = name
    self.factor = factor
  }

  public var backwardReadsInput: Bool { false }

  public func outputShape(_ input: Shape) throws(NetworkError) -> Shape { try input.upsampled(factor, layer: label) }

  func apply(_ input: Tensor, into output: Tensor, mode: Mode, _ execution: Execution) {
    execution.context.upsample(
      input.pointer, rows: input.shape.n * input.shape.h, width: input.shape.w, channels: input.shape.c, factor: factor,
      into: output.pointer)
  }

  func applyBackward(
    _ outputGradient: Tensor, input: Tensor, output: Tensor, into inputGradient: Tensor, _ execution: Execution
  ) {
    execution.context.upsampleBackward(
      outputGradient.pointer, rows: input.shape.n * input.shape.h, width: input.shape.w, channels: input.shape.c,
      factor: factor, into: inputGradient.pointer)
  }
}
