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
public class ReshapeLayer: Layer {
  public let name: String
  /// Of one image; nil for a vector of whatever comes.
  private let target: Shape?

  init(_ name: String, _ target: Shape?) {
    self.name = name
    self.target = target
  }

  public var backwardReadsInput: Bool { false }

  public func outputShape(_ input: Shape) throws(LayerError) -> Shape {
    guard let target else { return Shape(n: input.n, h: 1, w: 1, c: input.elements) }
    guard target.elements == input.elements else {
      throw LayerError(
        name,
        "an input \(input) of \(input.elements) elements an image for \(target.with(n: input.n)), which has"
          + " \(target.elements); give a shape of as many")
    }
    return target.with(n: input.n)
  }

  public func forward(_ input: Tensor, into output: Tensor, mode: Mode, row: String, _ execution: Execution) {
    checkForward(input, output)
    execution.measure("\(row) fwd") { move(input, to: output, execution) }
  }

  public func backward(
    input: Tensor, output: Tensor, outputGradient: Tensor, into inputGradient: Tensor?,
    parameters: ParameterGradients, row: String, _ execution: Execution
  ) {
    checkBackward(input, output, outputGradient, inputGradient)
    guard let inputGradient else { return }
    execution.measure("\(row) bwd") { move(outputGradient, to: inputGradient, execution) }
  }

  /// Copies by way of the order c, h, w, where neither side has it already.
  private func move(_ source: Tensor, to target: Tensor, _ execution: Execution) {
    func isPlanar(_ shape: Shape) -> Bool { shape.c == 1 || shape.h * shape.w == 1 }
    let (from, to, context) = (source.shape, target.shape, execution.context)
    switch (isPlanar(from), isPlanar(to)) {
    case (true, true): target.pointer.update(from: source.pointer, count: source.count)
    case (false, true):
      context.transpose(
        source.pointer, images: from.n, rows: from.h * from.w, columns: from.c, into: target.pointer)
    case (true, false):
      context.transpose(source.pointer, images: to.n, rows: to.c, columns: to.h * to.w, into: target.pointer)
    case (false, false):
      let planar = execution.workspace.take(from)
      context.transpose(
        source.pointer, images: from.n, rows: from.h * from.w, columns: from.c, into: planar.pointer)
      context.transpose(planar.pointer, images: to.n, rows: to.c, columns: to.h * to.w, into: target.pointer)
      execution.workspace.release(planar)
    }
  }
}
