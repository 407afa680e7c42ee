import Kernels

/// The sum of what several branches make of one input, [n, h, w, c] -> what all of them put out: a residual block (He et
/// al. 2016, arXiv 1512.03385). A `Sequential` without layers is the identity.
public final class Residual: Container {
  public let name: String
  private let branches: Branches

  /// body(x) + x.
  public convenience init(_ name: String, _ body: any Layer) {
    self.init(name, [body, Sequential("identity", [])])
  }

  /// The sum of the branches, in their order.
  public init(_ name: String, _ branches: [any Layer]) {
    self.name = name
    self.branches = Branches(branches)
  }

  var children: [any Layer] { branches.layers }
  func release(to workspace: Workspace) { branches.release(to: workspace) }
  public var backwardReadsInput: Bool { branches.readInput }

  public func outputShape(_ input: Shape) throws(NetworkError) -> Shape {
    try .sum(branches.outputShapes(input), of: input, names: branches.labels, layer: label)
  }

  public func forward(_ input: Tensor, into output: Tensor, mode: Mode, row: String, _ execution: Execution) {
    checkForward(input, output)
    branches.forward(input, firstInto: output, mode: mode, row: row, execution) { i, result in
      if i > 0 {
        execution.measure("\(row) fwd") {
          execution.context.add(result.pointer, to: output.pointer, count: output.count)
        }
      }
    }
  }

  public func backward(
    input: Tensor, output: Tensor, outputGradient: Tensor, into inputGradient: Tensor?,
    parameters: ParameterGradients, row: String, _ execution: Execution
  ) {
    checkBackward(input, output, outputGradient, inputGradient)
    branches.backward(input: input, into: inputGradient, parameters: parameters, row: row, execution) { i, gradient in
      gradient.copy(from: outputGradient)
    }
  }
}
