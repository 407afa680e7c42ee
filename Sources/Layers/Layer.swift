import Kernels

/// Where and how layers run. One per network or shared; kernels of one context never overlap.
public final class Execution {
  public let context: Context
  /// Called around every pass of every layer with a row's name, such as `G.trans_conv2 fwd`, and the work, which it must
  /// call once. Passes are named fwd, bwd-filter, bwd-data, and bwd where a layer has only one.
  public var observer: ((_ row: String, _ work: () -> Void) -> Void)?

  public init(context: Context) { self.context = context }

  @inline(__always)
  public func measure(_ row: @autoclosure () -> String, _ work: () -> Void) {
    if let observer { observer(row(), work) } else { work() }
  }
}

/// What a forward pass is for.
public enum Mode: Sendable {
  /// Batch normalisation uses its running statistics.
  case inference
  /// Backward may follow. Batch normalisation uses and tracks the batch's statistics: those of each of `parts` runs of
  /// pictures of one length by themselves, as if they went through one after the other.
  case training(parts: Int = 1)
}

/// What a backward pass does with the gradients of parameters.
public enum ParameterGradients: Sendable {
  /// They are not computed.
  case none
  case overwrite
  /// Added to what is there.
  case accumulate
}

/// Which tensors of a layer may share memory.
public enum Placement: Sendable {
  /// Input and output, and their gradients, must be different memory.
  case separate
  /// The gradients may share memory; input and output may where backward is not going to be called.
  case gradientsInPlace
  /// All may: backward reads the output alone.
  case inPlace
}

/// One step of a network. A layer keeps its parameters and small statistics; activations belong to the caller, who hands
/// them back for the backward pass.
public protocol Layer: AnyObject {
  var name: String { get }
  var parameters: [Parameter] { get }
  /// What it counts; most layers nothing.
  var counters: [Counter] { get }
  var placement: Placement { get }
  /// Whether `backward` reads `output`.
  var backwardReadsOutput: Bool { get }

  func outputShape(_ input: Shape) -> Shape

  /// Overwrites `output`.
  /// - Parameter row: the layer's full name for the observer, such as `G.trans_conv2`.
  func forward(_ input: Tensor, into output: Tensor, mode: Mode, row: String, _ execution: Execution)

  /// The adjoint of the latest training `forward`. Where a weight has a spectral norm, its gradient is complete only when
  /// `Adam.update` takes it.
  /// - Parameters:
  ///   - input, output: that pass's tensors.
  ///   - outputGradient: may be overwritten.
  ///   - inputGradient: overwritten; nil where it is not wanted.
  func backward(
    input: Tensor, output: Tensor, outputGradient: Tensor, into inputGradient: Tensor?,
    parameters: ParameterGradients, row: String, _ execution: Execution)
}

extension Layer {
  public var counters: [Counter] { [] }
}
