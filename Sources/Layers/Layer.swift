import Kernels

/// Where and how layers run. One per network or shared; kernels of one context never overlap.
public final class Execution {
  /// Threads and instructions of all layers.
  public let context: Context
  /// Called around every pass of every layer with a row's name, such as `G.trans_conv2 fwd`, and the work, which it must
  /// call once. Passes are named fwd, bwd-bias, bwd-filter, bwd-data, and bwd where a layer has only one; the sums that a
  /// network of shards ends with are `G sums`.
  public var observer: ((_ row: String, _ work: () -> Void) -> Void)?

  /// Set while what is trained is one batch cut into shards, by which sums over images are then computed; nil sums over
  /// all images of a pass at once. Gradients are then overwritten and never accumulated.
  public var sharding: Sharding?

  /// Scratch memory of the network that runs.
  var workspace = Workspace()

  /// - Parameter context: where the kernels run.
  public init(context: Context) { self.context = context }

  /// Runs `work`, through the observer where there is one.
  /// - Parameter row: what the work is called, such as `G.trans_conv2 fwd`.
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
  /// images of one length by themselves, as if they went through one after the other.
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

/// One step of a network. A layer keeps its parameters and small statistics; activations belong to the caller, who hands
/// them back for the backward pass.
public protocol Layer: AnyObject {
  /// Unique in its container, such as `conv1`.
  var name: String { get }
  /// In the order of files, those that are not trained among them; empty where it has none.
  var parameters: [Parameter] { get }
  /// What it counts; most layers nothing.
  var counters: [Counter] { get }
  /// Whether input and output may be the same memory, and likewise their gradients; they have as many elements then.
  var worksInPlace: Bool { get }
  /// Whether `backward` reads `input`; where nothing reads a tensor in the backward passes, it is not kept for them.
  var backwardReadsInput: Bool { get }
  /// Whether `backward` reads `output`.
  var backwardReadsOutput: Bool { get }
  /// Whether `input` may have a map, in both passes; its gradient is then that of the mapped values.
  var readsMaps: Bool { get }

  /// The shape that comes out for one that goes in.
  /// - Throws: `NetworkError` where the layer cannot take such an input.
  func outputShape(_ input: Shape) throws(NetworkError) -> Shape

  /// Overwrites `output`.
  /// - Parameter row: the layer's full name for the observer, such as `G.trans_conv2`.
  func forward(_ input: Tensor, into output: Tensor, mode: Mode, row: String, _ execution: Execution)

  /// The adjoint of the latest training `forward`. Where a weight has a spectral norm, its gradient is complete only when
  /// an optimiser's `update` takes it.
  /// - Parameters:
  ///   - input, output: that pass's tensors; of unspecified contents where they are not read.
  ///   - outputGradient: may be overwritten.
  ///   - inputGradient: overwritten; nil where it is not wanted.
  func backward(
    input: Tensor, output: Tensor, outputGradient: Tensor, into inputGradient: Tensor?,
    parameters: ParameterGradients, row: String, _ execution: Execution)
}

extension Layer {
  /// None.
  public var counters: [Counter] { [] }
  /// None.
  public var parameters: [Parameter] { [] }
  /// False: the output is memory of its own.
  public var worksInPlace: Bool { false }
  /// True.
  public var backwardReadsInput: Bool { true }
  /// False.
  public var backwardReadsOutput: Bool { false }
  /// False.
  public var readsMaps: Bool { false }

  /// What messages call it.
  var label: String { "layer '\(name)'" }

  /// `outputShape` while a network runs, when shapes that do not fit are a programmer's mistake: they were found when the
  /// network was made for an input.
  func requiredShape(_ input: Shape) -> Shape {
    do throws(NetworkError) {
      return try outputShape(input)
    } catch {
      preconditionFailure(error.description)
    }
  }

  /// Checks the tensors of a forward pass.
  func checkForward(_ input: Tensor, _ output: Tensor) {
    precondition(readsMaps || input.map == nil, "\(name): an input with a map")
    let expected = requiredShape(input.shape)
    precondition(output.shape == expected, "\(name): output \(output.shape) where \(expected) is expected")
  }

  /// Checks the tensors of a backward pass.
  func checkBackward(_ input: Tensor, _ output: Tensor, _ outputGradient: Tensor, _ inputGradient: Tensor?) {
    precondition(readsMaps || input.map == nil, "\(name): an input with a map")
    precondition(
      outputGradient.shape == output.shape, "\(name): gradient \(outputGradient.shape) of output \(output.shape)")
    precondition(
      inputGradient == nil || inputGradient!.shape == input.shape, "\(name): gradient of another shape than the input")
  }
}
