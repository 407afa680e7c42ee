import Kernels

/// Every pixel several times, nearest-neighbour upsampling: [n, h, w, c] -> [n, h * factor, w * factor, c].
public final class Upsample: Layer {
  public let name: String
  /// Copies of each pixel, along rows and columns.
  public let factor: Extent

  /// - Parameter factor: a number for both axes, or `Extent(height, width)`.
  public init(_ name: String, factor: Extent) {
    precondition(factor.height > 0 && factor.width > 0, "\(name): the factor \(factor), which must be positive")
    self.name = name
    self.factor = factor
  }

  public var backwardReadsInput: Bool { false }

  public func outputShape(_ input: Shape) -> Shape {
    Shape(n: input.n, h: input.h * factor.height, w: input.w * factor.width, c: input.c)
  }

  public func forward(_ input: Tensor, into output: Tensor, mode: Mode, row: String, _ execution: Execution) {
    checkForward(input, output)
    execution.measure("\(row) fwd") {
      execution.context.upsample(
        input.pointer, rows: input.shape.n * input.shape.h, width: input.shape.w, channels: input.shape.c,
        factor: factor, into: output.pointer)
    }
  }

  public func backward(
    input: Tensor, output: Tensor, outputGradient: Tensor, into inputGradient: Tensor?,
    parameters: ParameterGradients, row: String, _ execution: Execution
  ) {
    checkBackward(input, output, outputGradient, inputGradient)
    guard let inputGradient else { return }
    execution.measure("\(row) bwd") {
      execution.context.upsampleBackward(
        outputGradient.pointer, rows: input.shape.n * input.shape.h, width: input.shape.w, channels: input.shape.c,
        factor: factor, into: inputGradient.pointer)
    }
  }
}
