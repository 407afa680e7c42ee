import Kernels

/// x where x > 0, otherwise slope * x, as a layer of its own; linear layers and BatchNorm have it built in.
public final class LeakyReLU: ActivationLayer {
  /// - Parameter slope: in 0...1.
  public init(_ name: String, slope: Float = 0.2) { super.init(name, .leakyReLU(slope: slope)) }
}

/// max(x, 0) as a layer of its own; linear layers and BatchNorm have it built in, as a leaky one of slope 0.
public final class ReLU: ActivationLayer {
  /// - Parameter name: its path in a container and in the observer's rows.
  public init(_ name: String) { super.init(name, .relu) }
}

/// The hyperbolic tangent as a layer of its own; linear layers have it built in.
public final class Tanh: ActivationLayer {
  /// - Parameter name: its path in a container and in the observer's rows.
  public init(_ name: String) { super.init(name, .tanh) }
}

/// 1 / (1 + exp(-x)) as a layer of its own; linear layers have it built in.
public final class Sigmoid: ActivationLayer {
  /// - Parameter name: its path in a container and in the observer's rows.
  public init(_ name: String) { super.init(name, .sigmoid) }
}

/// x Phi(x) with the exact normal distribution function Phi; see `GatedUnit.gelu`.
public final class GELU: GatedLayer {
  /// - Parameter name: its path in a container and in the observer's rows.
  public init(_ name: String) { super.init(name, .gelu) }
}

/// x / (1 + exp(-x)); see `GatedUnit.silu`.
public final class SiLU: GatedLayer {
  /// - Parameter name: its path in a container and in the observer's rows.
  public init(_ name: String) { super.init(name, .silu) }
}

/// A function of single elements whose gradient follows from its output: works in its input's memory.
public class ActivationLayer: PlainLayer {
  public let name: String
  let activation: Activation

  /// - Parameters:
  ///   - name: its path in a container and in the observer's rows.
  ///   - activation: of every element by itself.
  public init(_ name: String, _ activation: Activation) {
    if case .leakyReLU(let slope) = activation {
      precondition(0...1 ~= slope, "\(name): the slope \(slope), which must be in 0...1")
    }
    self.name = name
    self.activation = activation
  }

  public var worksInPlace: Bool { true }
  public var backwardReadsInput: Bool { false }
  public var backwardReadsOutput: Bool { activation != .identity }
  public func outputShape(_ input: Shape) -> Shape { input }

  func apply(_ input: Tensor, into output: Tensor, mode: Mode, _ execution: Execution) {
    output.copy(from: input)
    execution.context.applyBias(
      nil, activation, to: output.pointer, rows: output.shape.rows, channels: output.shape.c)
  }

  func applyBackward(
    _ outputGradient: Tensor, input: Tensor, output: Tensor, into inputGradient: Tensor, _ execution: Execution
  ) {
    execution.context.applyBiasBackward(
      activation, gradient: inputGradient.pointer, output: output.pointer, rows: output.shape.rows,
      channels: output.shape.c, biasGradient: nil, accumulate: false)
  }
}

/// A function of single elements whose gradient follows from its input, which is kept for it.
public class GatedLayer: PlainLayer {
  public let name: String
  let unit: GatedUnit

  init(_ name: String, _ unit: GatedUnit) {
    self.name = name
    self.unit = unit
  }

  public var worksInPlace: Bool { true }
  public func outputShape(_ input: Shape) -> Shape { input }

  func apply(_ input: Tensor, into output: Tensor, mode: Mode, _ execution: Execution) {
    execution.context.apply(unit, input.pointer, into: output.pointer, count: input.count)
  }

  func applyBackward(
    _ outputGradient: Tensor, input: Tensor, output: Tensor, into inputGradient: Tensor, _ execution: Execution
  ) {
    execution.context.applyBackward(
      unit, gradient: inputGradient.pointer, input: input.pointer, count: input.count)
  }
}
