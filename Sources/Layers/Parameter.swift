import Kernels

/// Named numbers of a layer: learned ones with gradient and Adam's moments, or statistics that only follow the data.
public final class Parameter {
  /// Unique in its store, such as `conv1.weight`; of a layer in a container of a network `body.conv1.weight`.
  public var name: String { path + ownName }
  private let ownName: String
  /// The containers' names, each with a dot behind it.
  var path = ""
  /// Its shape in memory and in files.
  public let layout: ParameterLayout
  /// Whether an optimiser moves it; statistics are not trained.
  public let isTrained: Bool
  /// How it begins.
  public let initializer: Initializer
  /// Values in memory order, unspecified until they are written; who writes them calls `changed()`. Their memory is taken on first
  /// use: a network that cannot be is refused before.
  public private(set) lazy var value = Buffer(count: count)
  /// Counts changes of the value, so that layers know when what they derived from it is stale.
  public private(set) var version = 0

  /// What the layer makes of a weight before it computes with it; nil where it takes the weight itself.
  public internal(set) weak var spectralNorm: SpectralNorm?

  /// Gradient and moments exist from their first use on, so that sampling needs no memory for them, and start at zero.
  public private(set) lazy var gradient = zeros()
  /// Of an optimiser: Adam's average of the gradient, or momentum's velocity.
  public private(set) lazy var firstMoment = zeros()
  /// Adam's average of the squared gradient.
  public private(set) lazy var secondMoment = zeros()

  /// Value, gradient and moments are made when they are first used.
  public init(_ name: String, _ layout: ParameterLayout, _ initializer: Initializer, isTrained: Bool = true) {
    ownName = name
    self.layout = layout
    self.initializer = initializer
    self.isTrained = isTrained
  }

  /// Floats of the value.
  public var count: Int { layout.count }

  /// To be called after the value was written: layers then prepare it anew.
  public func changed() { version += 1 }

  private func zeros() -> Buffer {
    let buffer = Buffer(count: count)
    buffer.fill(0)
    return buffer
  }

  /// Draws the value anew, in the order of memory.
  public func initialize(_ random: inout RandomGenerator) {
    func fill(_ draw: (inout RandomGenerator) -> Float) {
      for i in 0..<count { value.pointer[i] = draw(&random) }
    }
    func fillUniform(_ limit: Double) {
      let limit = Float(limit)
      fill { $0.uniform(-limit, limit) }
    }
    let fans = layout.fans
    switch initializer {
    case .constant(let constant): value.fill(constant)
    case .truncatedNormal(let sigma): fill { Float(sigma * $0.truncatedNormal()) }
    case .normal(let mean, let sigma): fill { Float(mean + sigma * $0.normal()) }
    case .uniform(let limit): fillUniform(limit)
    case .glorotUniform: fillUniform((6 / Double(fans.inputs + fans.outputs)).squareRoot())
    case .heNormal: fill { Float((2 / Double(fans.inputs)).squareRoot() * $0.normal()) }
    case .torchDefault: fillUniform(1 / Double(fans.inputs).squareRoot())
    }
    changed()
  }

  /// One of the parameter's arrays in file order, shaped `layout.fileShape`.
  public func fileValues(_ array: ParameterArray = .value) -> [Float] {
    let source = buffer(array).pointer
    return [Float](unsafeUninitializedCapacity: count) { file, initialized in
      layout.toFile(source, file.baseAddress!)
      initialized = count
    }
  }

  /// Overwrites one of the parameter's arrays from file order.
  /// - Parameter values: `count` floats, shaped `layout.fileShape`.
  public func setFileValues(_ values: UnsafeBufferPointer<Float>, _ array: ParameterArray = .value) {
    precondition(values.count == count, "\(name): \(values.count) values for \(layout.fileShape)")
    layout.toMemory(values.baseAddress!, buffer(array).pointer)
    if array == .value { changed() }
  }

  /// Overwrites an array from the order of files.
  public func setFileValues(_ values: [Float], _ array: ParameterArray = .value) {
    values.withUnsafeBufferPointer { setFileValues($0, array) }
  }

  private func buffer(_ array: ParameterArray) -> Buffer {
    switch array {
    case .value: value
    case .gradient: gradient
    case .firstMoment: firstMoment
    case .secondMoment: secondMoment
    }
  }
}

/// The arrays that a parameter owns.
public enum ParameterArray: Hashable, Sendable, CaseIterable {
  case value, gradient, firstMoment, secondMoment
}

/// A named whole number of a layer, which goes into files beside its parameters.
public final class Counter {
  /// Unique in its store, such as `batch_conv1.num_batches_tracked`, with containers as of a parameter.
  public var name: String { path + ownName }
  private let ownName: String
  var path = ""
  /// Batches counted.
  public var value = 0

  /// - Parameter name: within its layer.
  public init(_ name: String) { ownName = name }
}

/// All parameters and counters of a network, in the order of its layers.
public struct ParameterStore {
  /// In the order of files, those that are not trained among them.
  public let parameters: [Parameter]
  /// In the order of their layers.
  public let counters: [Counter]

  /// - Parameters: in the order of files.
  public init(_ parameters: [Parameter], counters: [Counter] = []) {
    let names = parameters.map(\.name) + counters.map(\.name)
    precondition(Set(names).count == names.count, "two parameters share a name")
    self.parameters = parameters
    self.counters = counters
  }

  /// The parameter of that full name.
  public subscript(name: String) -> Parameter? { parameters.first { $0.name == name } }

  /// What an optimiser moves.
  public var trained: [Parameter] { parameters.filter(\.isTrained) }

  /// Draws new values for every parameter, in order; counters begin at 0.
  public func initialize(_ random: inout RandomGenerator) {
    for parameter in parameters { parameter.initialize(&random) }
    for counter in counters { counter.value = 0 }
  }

  /// Overwrites the values of parameters and counters with those of a store of the same network.
  public func copyValues(from other: ParameterStore) {
    precondition(parameters.map(\.name) == other.parameters.map(\.name), "stores of different networks")
    for (mine, theirs) in zip(parameters, other.parameters) {
      mine.value.pointer.update(from: theirs.value.pointer, count: mine.count)
      mine.changed()
    }
    for (mine, theirs) in zip(counters, other.counters) { mine.value = theirs.value }
  }
}
