import Kernels

/// What several branches make of one input, side by side: [n, h, w, c] -> [n, oh, ow, sum of the branches' channels]. A
/// `Sequential` without layers passes the input on, as in a U-Net's or DenseNet's connections.
public final class Concatenate: Container {
  public let name: String
  private let branches: Branches

  /// - Parameter branches: in the order of their channels.
  public init(_ name: String, _ branches: [any Layer]) {
    self.name = name
    self.branches = Branches(branches)
  }

  var children: [any Layer] { branches.layers }
  func release(to workspace: Workspace) { branches.release(to: workspace) }
  public var backwardReadsInput: Bool { branches.readInput }

  public func outputShape(_ input: Shape) throws(NetworkError) -> Shape {
    try .sideBySide(branches.outputShapes(input), of: input, names: branches.labels, layer: label)
  }

  public func forward(_ input: Tensor, into output: Tensor, mode: Mode, row: String, _ execution: Execution) {
    checkForward(input, output)
    var first = 0
    branches.forward(input, firstInto: nil, mode: mode, row: row, execution) { _, result in
      execution.measure("\(row) fwd") {
        execution.context.copyRows(
          result.pointer, rows: output.shape.rows, count: result.shape.c, step: result.shape.c,
          to: output.pointer + first, step: output.shape.c)
      }
      first += result.shape.c
    }
  }

  public func backward(
    input: Tensor, output: Tensor, outputGradient: Tensor, into inputGradient: Tensor?,
    parameters: ParameterGradients, row: String, _ execution: Execution
  ) {
    checkBackward(input, output, outputGradient, inputGradient)
    var first = 0
    branches.backward(input: input, into: inputGradient, parameters: parameters, row: row, execution) { _, gradient in
      execution.measure("\(row) bwd") {
        execution.context.copyRows(
          outputGradient.pointer + first, rows: output.shape.rows, count: gradient.shape.c, step: output.shape.c,
          to: gradient.pointer, step: gradient.shape.c)
      }
      first += gradient.shape.c
    }
  }
}
