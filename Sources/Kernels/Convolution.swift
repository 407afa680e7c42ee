/// What a convolution may expect of its filter.
public enum FilterUse: Sendable {
  /// It changes every few passes. Its Winograd transform is in memory that all convolutions of a context share, and each
  /// pass makes it anew, of a filter of some megabytes a block at a time.
  case training
  /// Many passes follow each change. What Winograd makes of it is kept, five times its size; for a large one each pass makes
  /// it anew, a block at a time.
  case repeated
  /// The same, and nothing but `backwardData` runs. It reads a large filter in panels; see `tapGroups`.
  case sampling
}

/// One convolution with its three passes. Holds what can be reused between passes of one set of weights.
///
/// Input [n, h, w, c], output [n, oh, ow, oc], filter [kh, kw, c, oc]; see `ConvShape`. A transposed convolution calls
/// `backwardData` as its forward pass, `forward` as its data gradient, and `backwardFilter` with the roles swapped.
public final class Convolution {
  /// Of the forward convolution, with the batch of the passes to come.
  public private(set) var shape: ConvShape
  let context: Context
  let plan: ConvPlan
  private let packed: PackedFilter
  private lazy var direct = DirectConvolution(shape, packed)
  private lazy var winograd = WinogradConvolution(shape, packed)

  /// - Parameters:
  ///   - plan: which algorithm each pass uses; nil asks `context` for its choice.
  public init(_ shape: ConvShape, context: Context, plan: ConvPlan? = nil, use: FilterUse = .repeated) {
    packed = PackedFilter(context: context, use: use)
    self.shape = shape
    self.context = context
    self.plan = plan ?? context.plan(for: shape)
  }

  /// Where not nil, the filter is to be laid out in panels of these groups of taps, W being the vector width; see
  /// `TensorAxes.panels`.
  public var tapGroups: [[Int]]? { plan.backwardData == .winograd ? winograd.tapGroups : nil }

  /// Whether `backwardData`, and likewise `forward` to more than one channel, leaves the filter unread from its second call
  /// on until the filter changes: what it needs of it is kept.
  public var keepsFilter: Bool {
    [plan.forward, plan.backwardData].allSatisfy {
      $0 == .direct || (winograd.transformsFirst && packed.keeps(.points))
    }
  }

  /// Images of the passes to come. What is kept of the filter serves any number of them.
  public func setBatch(_ batch: Int) {
    shape.batch = batch
    if plan.uses(.direct) { direct.shape.batch = batch }
    if plan.uses(.winograd) { winograd.shape.batch = batch }
  }

  /// Must be called after the filter's values change, before the next pass that reads them.
  public func filterChanged() { packed.changed() }

  /// Overwrites `output`.
  /// - Parameter map: what the input is read through.
  public func forward(
    input: UnsafePointer<Float>, map: ChannelMap? = nil, filter: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>
  ) {
    let input = MappedTensor(input, map)
    switch plan.forward {
    case .direct: direct.forward(input: input, filter: filter, output: output)
    case .winograd: winograd.forward(input: input, filter: filter, output: output)
    }
  }

  /// Overwrites `inputGradient`.
  /// - Parameters:
  ///   - map: what the output gradient is read through, where this is a transposed convolution's forward pass.
  ///   - activation: what comes behind that pass.
  public func backwardData(
    outputGradient: UnsafePointer<Float>, map: ChannelMap? = nil, filter: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, activation: BiasLeakyReLU? = nil
  ) {
    let outputGradient = MappedTensor(outputGradient, map)
    switch plan.backwardData {
    case .direct:
      direct.backwardData(outputGradient: outputGradient, filter: filter, inputGradient: inputGradient)
      if let activation { context.activate(inputGradient, count: shape.inputCount, activation) }
    case .winograd:
      winograd.backwardData(
        outputGradient: outputGradient, filter: filter, inputGradient: inputGradient, activation: activation)
    }
  }

  /// Overwrites `filterGradient`, or adds to it where `accumulate` is true.
  /// - Parameter inputMap, outputGradientMap: what the one or the other is read through; not both.
  public func backwardFilter(
    input: UnsafePointer<Float>, inputMap: ChannelMap? = nil, outputGradient: UnsafePointer<Float>,
    outputGradientMap: ChannelMap? = nil, filterGradient: UnsafeMutablePointer<Float>, accumulate: Bool = false
  ) {
    precondition(inputMap == nil || outputGradientMap == nil)
    let (input, outputGradient) = (MappedTensor(input, inputMap), MappedTensor(outputGradient, outputGradientMap))
    switch plan.backwardFilter {
    case .direct:
      direct.backwardFilter(
        input: input, outputGradient: outputGradient, filterGradient: filterGradient, accumulate: accumulate)
    case .winograd:
      winograd.backwardFilter(
        input: input, outputGradient: outputGradient, filterGradient: filterGradient, accumulate: accumulate)
    }
  }
}
