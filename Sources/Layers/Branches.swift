import Kernels

/// Layers that read one input: what `Residual` and `Concatenate` share. Keeps those outputs that backward reads.
final class Branches {
  let layers: [any Layer]
  /// Of the latest training pass; of unspecified contents where backward does not read them.
  private var outputs: [Tensor] = []

  init(_ layers: [any Layer]) {
    precondition(!layers.isEmpty, "branches: at least one is needed")
    self.layers = layers
  }

  var readInput: Bool { layers.contains(where: \.backwardReadsInput) }

  var labels: [String] { layers.map(\.label) }

  func outputShapes(_ input: Shape) throws(NetworkError) -> [Shape] {
    var shapes: [Shape] = []
    for layer in layers { shapes.append(try layer.outputShape(input)) }
    return shapes
  }

  /// - Parameters:
  ///   - first: where the first branch's output goes, unless backward reads that; nil finds a place for it.
  ///   - use: takes each output in turn.
  func forward(
    _ input: Tensor, firstInto first: Tensor?, mode: Mode, row: String, _ execution: Execution,
    use: (_ index: Int, _ output: Tensor) -> Void
  ) {
    var isTraining = false
    if case .training = mode { isTraining = true }
    if isTraining { releaseOutputs(to: execution.workspace) }
    var results: [Tensor] = []
    for (i, layer) in layers.enumerated() {
      if i > 0 && isIdentity(layer) {
        use(i, input)
        results.append(input)
        continue
      }
      let shape = layer.requiredShape(input.shape)
      let keeps = isTraining && layer.backwardReadsOutput
      let given = i == 0 && !keeps ? first : nil
      let output = given ?? execution.workspace.take(shape)
      layer.forward(input, into: output, mode: mode, row: "\(row).\(layer.name)", execution)
      if i == 0, keeps, let first { first.copy(from: output) }
      use(i, output)
      if !keeps && given == nil { execution.workspace.release(output) }
      results.append(output)
    }
    if isTraining { outputs = results }
  }

  /// Behind another branch, which overwrites or begins the sum, it needs no tensor of its own.
  private func isIdentity(_ layer: any Layer) -> Bool { (layer as? Sequential)?.layers.isEmpty ?? false }

  /// See `Container`.
  func release(to workspace: Workspace) {
    releaseOutputs(to: workspace)
    for case let container as any Container in layers { container.release(to: workspace) }
  }

  private func releaseOutputs(to workspace: Workspace) {
    for (layer, output) in zip(layers, outputs) where layer.backwardReadsOutput { workspace.release(output) }
    outputs = []
  }

  /// - Parameters:
  ///   - inputGradient: overwritten with the sum over the branches; nil where it is not wanted.
  ///   - fill: overwrites the gradient of a branch's output.
  func backward(
    input: Tensor, into inputGradient: Tensor?, parameters: ParameterGradients, row: String, _ execution: Execution,
    fill: (_ index: Int, _ gradient: Tensor) -> Void
  ) {
    precondition(outputs.count == layers.count, "\(row): backward before a training pass")
    let (workspace, context) = (execution.workspace, execution.context)
    defer { outputs = [] }
    for (i, layer) in layers.enumerated() {
      let gradient = workspace.take(outputs[i].shape)
      fill(i, gradient)
      var target = gradient
      if i == 0 || !isIdentity(layer) {
        let place = i == 0 ? inputGradient : inputGradient.map { workspace.take($0.shape) }
        layer.backward(
          input: input, output: outputs[i], outputGradient: gradient, into: place, parameters: parameters,
          row: "\(row).\(layer.name)", execution)
        workspace.release(gradient)
        if layer.backwardReadsOutput { workspace.release(outputs[i]) }
        target = place ?? gradient
      }
      if i > 0, let inputGradient {
        context.add(target.pointer, to: inputGradient.pointer, count: inputGradient.count)
      }
      if i > 0 { workspace.release(target) }
    }
  }
}
