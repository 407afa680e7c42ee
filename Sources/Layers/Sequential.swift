import Kernels

/// Two large scratch buffers that passes alternate between. Networks that never run at the same time share one.
public final class Workspace {
  private var slots: [Buffer?] = [nil, nil]

  public init() {}

  /// A tensor of unspecified contents in the slot that does not hold `other`. Valid until the slot is used again.
  func tensor(_ shape: Shape, besides other: Tensor) -> Tensor {
    let slot = slots[0] === other.buffer ? 1 : 0
    if let buffer = slots[slot], buffer.count >= shape.count { return Tensor(shape, buffer: buffer) }
    slots[slot] = nil
    let buffer = Buffer(count: shape.count)
    slots[slot] = buffer
    return Tensor(shape, buffer: buffer)
  }

  func holds(_ tensor: Tensor) -> Bool { slots.contains { $0 === tensor.buffer } }
}

/// Layers one after the other. Keeps the activations that backward needs, allocated once for the largest batch.
public final class Sequential {
  /// Prefix of the observer's rows, such as `G`.
  public let name: String
  public let layers: [any Layer]
  public let store: ParameterStore
  public let execution: Execution
  private let workspace: Workspace
  private let rows: [String]

  /// Input, then each layer's output, of the latest training pass. In-place layers share their input's memory.
  private var activations: [Tensor] = []

  /// - Parameter workspace: give the same to networks that never run at the same time; they then share their gradients'
  ///   memory.
  public init(_ name: String, _ layers: [any Layer], execution: Execution, workspace: Workspace = Workspace()) {
    self.name = name
    self.layers = layers
    self.execution = execution
    self.workspace = workspace
    store = ParameterStore(layers.flatMap(\.parameters), counters: layers.flatMap(\.counters))
    rows = layers.map { "\(name).\($0.name)" }
  }

  /// Draws new values for every parameter, in order, and finds the singular vectors of weights with a spectral norm.
  public func initialize(_ random: inout RandomGenerator) {
    store.initialize(&random)
    for parameter in store.trained { parameter.spectralNorm?.begin(execution.context) }
  }

  public func outputShape(_ input: Shape) -> Shape { layers.reduce(input) { $1.outputShape($0) } }

  /// Runs the layers on an input, which is not changed.
  ///
  /// In training, the result and all activations stay valid until the next training pass, and the input must stay
  /// unchanged until `backward` is done. Otherwise the result lies in the workspace and is valid until the next pass of
  /// any network that shares it: copy what must live longer.
  public func forward(_ input: Tensor, mode: Mode) -> Tensor {
    switch mode {
    case .training: forwardForTraining(input, mode)
    case .inference: forwardForInference(input)
    }
  }

  /// Takes the gradient of the latest training pass's output back to its input.
  /// - Parameters:
  ///   - outputGradient: shaped as the output; may be overwritten.
  ///   - parameters: what happens with the parameters' gradients.
  ///   - input: whether the input's gradient is wanted.
  /// - Returns: the input's gradient, which lies in the workspace, or nil.
  @discardableResult
  public func backward(_ outputGradient: Tensor, parameters: ParameterGradients, input wantsInput: Bool) -> Tensor? {
    precondition(activations.count == layers.count + 1, "\(name): backward before a training pass")
    precondition(outputGradient.shape == activations.last!.shape, "\(name): gradient \(outputGradient.shape)")
    var gradient = outputGradient
    for i in layers.indices.reversed() {
      let layer = layers[i]
      let input = activations[i]
      var inputGradient: Tensor?
      if i > 0 || wantsInput {
        inputGradient =
          layer.placement == .separate ? workspace.tensor(input.shape, besides: gradient) : gradient
      }
      layer.backward(
        input: input, output: activations[i + 1], outputGradient: gradient, into: inputGradient, parameters: parameters,
        row: rows[i], execution)
      guard let inputGradient else { return nil }
      gradient = inputGradient
    }
    return gradient
  }

  private func forwardForTraining(_ input: Tensor, _ mode: Mode) -> Tensor {
    if activations.first?.shape != input.shape { placeActivations(input) }
    activations[0] = input
    for (i, layer) in layers.enumerated() {
      layer.forward(activations[i], into: activations[i + 1], mode: mode, row: rows[i], execution)
    }
    return activations.last!
  }

  private func placeActivations(_ input: Tensor) {
    let earlier = activations.dropFirst().map(\.buffer)
    activations = [input]
    for (i, layer) in layers.enumerated() {
      let shape = layer.outputShape(activations[i].shape)
      // The layer before must not need its own output, and the network's input is not ours to overwrite.
      if layer.placement == .inPlace && i > 0 && !layers[i - 1].backwardReadsOutput {
        activations.append(activations[i])
      } else if i < earlier.count, earlier[i].count >= shape.count {
        activations.append(Tensor(shape, buffer: earlier[i]))
      } else {
        activations.append(Tensor(shape))
      }
    }
  }

  private func forwardForInference(_ input: Tensor) -> Tensor {
    var current = input
    for (i, layer) in layers.enumerated() {
      let inPlace = layer.placement != .separate && i > 0
      let output = inPlace ? current : workspace.tensor(layer.outputShape(current.shape), besides: current)
      layer.forward(current, into: output, mode: .inference, row: rows[i], execution)
      current = output
    }
    return current
  }
}
