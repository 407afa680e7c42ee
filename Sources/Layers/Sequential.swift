import Kernels

/// Layers one after the other: a network, or a layer of another one.
///
/// As a network it is made with an `Execution`, and `forward(_:mode:)` and `backward(_:parameters:input:)` run it. As a
/// layer, its parameters' names begin with its own, such as `body.conv1.weight`. Without layers it passes its input on.
///
/// It keeps those activations that its layers' backward passes read, until they have, and no others. A batch normalisation
/// in front of a layer that can has no output in training: that layer reads its input through a map.
public final class Sequential: Container {
  /// For a network, the prefix of the observer's rows, such as `G`.
  public let name: String
  /// In the order in which they run.
  public let layers: [any Layer]
  private let ownExecution: Execution?
  private let workspace: Workspace
  private let rows: [String]

  /// Input, then each layer's output, of the training pass that backward has not taken back. Of those that it does not read
  /// only the shapes are as they were.
  private var activations: [Tensor] = []
  /// Floats of those that are kept for backward, but for those of containers within; for tests.
  private(set) var keptElements = 0
  /// Results that the caller may still read.
  private var results: [Tensor] = []

  /// A layer of another network.
  public convenience init(_ name: String, _ layers: [any Layer]) { self.init(name, layers, nil, Workspace()) }

  /// A network for inputs of a shape, and of any others that all its layers take.
  /// - Parameters:
  ///   - input: of a whole batch.
  ///   - workspace: give the same to networks that never run at the same time; they then share memory.
  /// - Throws: `NetworkError` naming the first layer that cannot be, the shapes that do not fit, and what would do; or two
  ///   layers of one name, or more memory than there is.
  public convenience init(
    _ name: String, _ layers: [any Layer], input: Shape, execution: Execution, workspace: Workspace = Workspace()
  ) throws(NetworkError) {
    self.init(name, layers, execution, workspace)
    try check(input)
  }

  /// The network of a checked description; see `Sequential+Network`.
  convenience init(checked layers: [any Layer], _ name: String, execution: Execution, workspace: Workspace) {
    self.init(name, layers, execution, workspace)
  }

  private init(_ name: String, _ layers: [any Layer], _ execution: Execution?, _ workspace: Workspace) {
    self.name = name
    self.layers = layers
    self.ownExecution = execution
    self.workspace = workspace
    rows = layers.map { "\(name).\($0.name)" }
    if execution != nil { nameParameters(path: "") }
  }

  var children: [any Layer] { layers }

  /// All parameters and counters, in the order of the layers.
  public private(set) lazy var store = ParameterStore(parameters, counters: counters)

  /// Where and how the network runs.
  /// - Precondition: it was made with an execution, as networks are and sequences within them are not.
  public var execution: Execution {
    guard let ownExecution else { preconditionFailure("\(name) is a layer; a network is made with an execution") }
    return ownExecution
  }

  /// Draws new values for every parameter, in order, and finds the singular vectors of weights with a spectral norm.
  public func initialize(_ random: inout RandomGenerator) {
    store.initialize(&random)
    for parameter in store.trained { parameter.spectralNorm?.begin(execution.context) }
  }

  /// Runs the layers on an input, which is not changed.
  ///
  /// In training, the result stays valid until `backward` or the next training pass begins, and the input must stay
  /// unchanged until `backward` is done. Otherwise the result is valid until the network's next pass: copy what must live
  /// longer.
  /// - Precondition: the input is of a shape that `outputShape` accepts.
  public func forward(_ input: Tensor, mode: Mode) -> Tensor {
    begin(keeping: input)
    let result = run(input, into: nil, mode: mode, rows: rows, execution)
    if case .inference = mode { results.append(result) }
    return result
  }

  /// Takes the gradient of the latest training pass's output back to its input. Each training pass is taken back once.
  /// - Parameters:
  ///   - outputGradient: shaped as the output; may be overwritten.
  ///   - parameters: what happens with the parameters' gradients.
  ///   - input: whether the input's gradient is wanted.
  /// - Returns: the input's gradient, valid until the network's next pass or its use as another's output gradient; or nil.
  @discardableResult
  public func backward(_ outputGradient: Tensor, parameters: ParameterGradients, input wantsInput: Bool) -> Tensor? {
    precondition(activations.count == layers.count + 1, "\(name): backward before a training pass")
    precondition(outputGradient.shape == activations.last!.shape, "\(name): gradient \(outputGradient.shape)")
    begin(keeping: outputGradient)
    let gradient = runBackward(
      outputGradient, isOurs: true, wantsInput: wantsInput, into: nil, parameters: parameters, rows: rows, execution)
    if let sharding = execution.sharding {
      execution.measure("\(name) sums") { sharding.gradients.finish(execution.context) }
    }
    if let gradient { results.append(gradient) }
    return gradient
  }

  /// Lets others have the memory of the latest pass and its result, where no further pass does.
  public func discard() {
    release(to: workspace)
    for result in results { workspace.release(result) }
    results = []
  }

  func release(to workspace: Workspace) {
    for tensor in activations.dropFirst() { workspace.release(tensor) }
    activations = []
    for case let container as any Container in layers { container.release(to: workspace) }
  }

  private func begin(keeping tensor: Tensor) {
    for result in results where result.buffer !== tensor.buffer { workspace.release(result) }
    results.removeAll { $0.buffer !== tensor.buffer }
    execution.workspace = workspace
  }
}

// As a layer.
extension Sequential {
  public var worksInPlace: Bool { false }
  public var backwardReadsInput: Bool { layers.first?.backwardReadsInput ?? false }
  public var backwardReadsOutput: Bool { layers.last?.backwardReadsOutput ?? false }

  public func outputShape(_ input: Shape) throws(NetworkError) -> Shape {
    var shape = input
    for layer in layers { shape = try layer.outputShape(shape) }
    return shape
  }

  public func forward(_ input: Tensor, into output: Tensor, mode: Mode, row: String, _ execution: Execution) {
    _ = run(input, into: output, mode: mode, rows: layers.map { "\(row).\($0.name)" }, execution)
  }

  public func backward(
    input: Tensor, output: Tensor, outputGradient: Tensor, into inputGradient: Tensor?,
    parameters: ParameterGradients, row: String, _ execution: Execution
  ) {
    runBackward(
      outputGradient, isOurs: false, wantsInput: inputGradient != nil, into: inputGradient, parameters: parameters,
      rows: layers.map { "\(row).\($0.name)" }, execution)
  }
}

// Memory. A run of layers that work in place has one tensor. It is the caller's for the last such run, our own where
// backward reads it, and from the workspace otherwise, until the layer behind it has read it.
extension Sequential {
  /// Whether a layer writes its output over its input. The network's input is not ours to overwrite, and in training
  /// its old contents must not be needed.
  private func overwrites(_ i: Int, isTraining: Bool) -> Bool {
    guard i > 0, layers[i].worksInPlace else { return false }
    return !isTraining || !(layers[i].backwardReadsInput || layers[i - 1].backwardReadsOutput)
  }

  /// The last layer of the run of layers that share their output with layer `i`.
  private func end(_ i: Int, isTraining: Bool) -> Int {
    var end = i
    while end + 1 < layers.count && overwrites(end + 1, isTraining: isTraining) { end += 1 }
    return end
  }

  /// Whether a backward pass reads the output of layer `i`, the last of its run. The network's output is the caller's to
  /// read.
  private func isRead(_ i: Int) -> Bool {
    i == layers.count - 1 || layers[i].backwardReadsOutput || layers[i + 1].backwardReadsInput
  }

  /// - Parameter output: nil where it is to be found.
  private func run(
    _ input: Tensor, into output: Tensor?, mode: Mode, rows: [String], _ execution: Execution
  ) -> Tensor {
    var isTraining = false
    if case .training = mode { isTraining = true }
    let workspace = execution.workspace
    var current = input
    // Whether it is ours and the layer behind it is the last to read it.
    var isPassing = false
    if isTraining {
      for tensor in activations.dropFirst() { workspace.release(tensor) }
      activations = [input]
      keptElements = 0
    }
    for (i, layer) in layers.enumerated() {
      if isTraining, let map = map(i, current, mode: mode, rows[i], execution) {
        current = current.mapped(map)
        activations.append(current)
        continue
      }
      let shape = layer.requiredShape(current.shape)
      let next: Tensor
      var passesOn = isPassing
      if overwrites(i, isTraining: isTraining) {
        next = current.reshaped(shape)
      } else {
        let end = end(i, isTraining: isTraining)
        passesOn = false
        if end == layers.count - 1, let output {
          next = output.reshaped(shape)
        } else {
          next = workspace.take(shape)
          passesOn = end < layers.count - 1 && !(isTraining && isRead(end))
          if isTraining && !passesOn { keptElements += shape.count }
        }
      }
      layer.forward(current, into: next, mode: mode, row: rows[i], execution)
      if isPassing && current.buffer !== next.buffer { workspace.release(current) }
      if isTraining { activations.append(next) }
      current = next
      isPassing = passesOn
    }
    if layers.isEmpty, let output {
      output.copy(from: input)
      return output
    }
    return current
  }

  /// What the layer behind a batch normalisation reads the input of that through, where it can.
  private func map(
    _ i: Int, _ input: Tensor, mode: Mode, _ row: String, _ execution: Execution
  ) -> ChannelMap? {
    guard i + 1 < layers.count, layers[i + 1].readsMaps, let norm = layers[i] as? BatchNorm else { return nil }
    return norm.forwardMap(input, mode: mode, row: row, execution)
  }

  /// - Parameters:
  ///   - isOurs: whether the workspace may have the memory of the output's gradient as soon as that is used up.
  ///   - given: where the input's gradient goes; nil takes it from the workspace.
  @discardableResult
  private func runBackward(
    _ outputGradient: Tensor, isOurs: Bool, wantsInput: Bool, into given: Tensor?, parameters: ParameterGradients,
    rows: [String], _ execution: Execution
  ) -> Tensor? {
    let workspace = execution.workspace
    defer { activations = [] }
    var gradient = outputGradient
    for i in layers.indices.reversed() {
      let layer = layers[i]
      var output = activations.removeLast()
      let input = activations[i]
      // Layers before this one read its output only where it is their own.
      let isLast = output.buffer !== input.buffer
      if isLast && !layer.backwardReadsOutput {
        workspace.release(output)
        output = gradient
      }
      var inputGradient: Tensor?
      if i == 0, let given {
        inputGradient = given
      } else if i > 0 || wantsInput {
        inputGradient = layer.worksInPlace ? gradient.reshaped(input.shape) : workspace.take(input.shape)
      }
      layer.backward(
        input: input, output: output, outputGradient: gradient, into: inputGradient, parameters: parameters,
        row: rows[i], execution)
      if isLast && layer.backwardReadsOutput { workspace.release(output) }
      let isNew = inputGradient == nil || gradient.buffer !== inputGradient!.buffer
      if isNew && (isOurs || gradient.buffer !== outputGradient.buffer) { workspace.release(gradient) }
      guard let inputGradient else { return nil }
      gradient = inputGradient
    }
    if layers.isEmpty, let given {
      given.copy(from: gradient)
      return given
    }
    return gradient
  }
}
