import Kernels

/// [n, h, w, c] -> [n, 1, 1, h * w * c], the elements of an image in PyTorch's order c, h, w. `Dense` takes images as they
/// are and needs none before it.
public final class Flatten: ReshapeLayer {
  /// - Parameter name: its path in a container and in the observer's rows.
  public init(_ name: String) { super.init(name, nil) }
}

/// Images of one shape as such of another with as many elements, counted in PyTorch's order c, h, w: its `view` or
/// `Unflatten`.
public final class Reshape: ReshapeLayer {
  /// - Parameter shape: of one image (n is 1).
  public init(_ name: String, to shape: Shape) {
    precondition(shape.n == 1, "\(name): the shape of one image is expected")
    super.init(name, shape)
  }
}

/// What `Flatten` and `Reshape` share. Between vectors, and images of a single channel, the order in memory is the file's,
/// and only the shape changes; otherwise elements move.
public class ReshapeLayer: PlainLayer {
  public let name: String
  /// Of one image; nil for a vector of whatever comes.
  private let target: Shape?

  /// - Parameter target: of one image (n is 1); nil for a vector.
  public init(_ name: String, _ target: Shape?) {
    self.name = name
    self.target = target
  }

  public var backwardReadsInput: Bool { false }

  public func outputShape(_ input: Shape) throws(NetworkError) -> Shape {
    try input.reshaped(target, layer: label)
  }

  func apply(_ input: Tensor, into output: Tensor, mode: Mode, _ execution: Execution) {
    input.reorder(into: output, execution)
  }

  func applyBackward(
    _ outputGradient: Tensor, input: Tensor, output: Tensor, into inputGradient: Tensor, _ execution: Execution
  ) {
    outputGradient.reorder(into: inputGradient, execution)
  }
}

extension Tensor {
  /// The same elements in the order c, h, w, in another tensor.
  fileprivate func reorder(into target: Tensor, _ execution: Execution) {
    execution.context.reorder(
      pointer, pixels: shape.h * shape.w, channels: shape.c, into: target.pointer,
      pixels: target.shape.h * target.shape.w, channels: target.shape.c, images: shape.n)
  }
}
