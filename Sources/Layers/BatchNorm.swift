import Kernels

/// Batch normalisation over everything but the channel (Ioffe and Szegedy 2015), with a leaky ReLU fused behind it:
/// [n, h, w, channels] -> the same.
///
/// In training it uses the batch's mean and biased variance and moves the running ones by 1 - momentum towards the
/// batch's mean and unbiased variance, as PyTorch does with momentum 0.01; otherwise it uses the running ones.
/// Parameters: weight (gamma) 1, bias (beta) 0; statistics: running_mean 0, running_var 1; all [channels].
public final class BatchNorm: Layer {
  public let name: String
  public let channels: Int
  public let epsilon: Double
  /// Share of the old running statistics that stays in each step (TensorFlow's meaning).
  public let momentum: Double
  public let leakySlope: Float
  public let weight: Parameter
  public let bias: Parameter
  public let runningMean: Parameter
  public let runningVariance: Parameter
  /// Bias of the layer before, which it left out: the running mean includes it, as in files of other frameworks.
  let inputBias: Parameter?

  /// Where not nil, running statistics become plain means over this and coming batches instead of moving averages;
  /// counts the batches so far.
  private var averagedBatches: Int?

  /// What a pass over one part computes with, each [channels]; y = leaky(scale * x + shift).
  private struct Coefficients {
    let mean: Buffer
    let inverseDeviation: Buffer
    let scale: Buffer
    let shift: Buffer

    init(_ channels: Int) {
      mean = Buffer(count: channels)
      inverseDeviation = Buffer(count: channels)
      scale = Buffer(count: channels)
      shift = Buffer(count: channels)
    }
  }

  /// Of the parts of the latest pass, for backward; those behind them are of passes in more parts.
  private var coefficients: [Coefficients] = []
  private var parts = 1

  public init(
    _ name: String, channels: Int, leakySlope: Float = 1, inputBias: Parameter? = nil, epsilon: Double = 1e-5,
    momentum: Double = 0.99
  ) {
    precondition(inputBias == nil || inputBias!.count == channels, "\(name): input bias of another size")
    self.name = name
    self.channels = channels
    self.epsilon = epsilon
    self.momentum = momentum
    self.leakySlope = leakySlope
    self.inputBias = inputBias
    weight = Parameter("\(name).weight", .vector(channels), .constant(1))
    bias = Parameter("\(name).bias", .vector(channels), .constant(0))
    runningMean = Parameter("\(name).running_mean", .vector(channels), .constant(0), isTrained: false)
    runningVariance = Parameter("\(name).running_var", .vector(channels), .constant(1), isTrained: false)
  }

  public var parameters: [Parameter] { [weight, bias, runningMean, runningVariance] }
  public var placement: Placement { .gradientsInPlace }
  public var backwardReadsOutput: Bool { false }

  public func outputShape(_ input: Shape) -> Shape {
    precondition(input.c == channels, "\(name): input \(input) where \(channels) channels are expected")
    return input
  }

  public func forward(_ input: Tensor, into output: Tensor, mode: Mode, row: String, _ execution: Execution) {
    precondition(output.shape == outputShape(input.shape), "\(name): output \(output.shape)")
    parts = 1
    if case .training(let count) = mode { parts = count }
    precondition(input.shape.n % parts == 0, "\(name): \(input.shape) in \(parts) parts")
    while coefficients.count < parts { coefficients.append(Coefficients(channels)) }
    execution.measure("\(row) fwd") {
      for (part, coefficients) in coefficients.prefix(parts).enumerated() {
        let (x, y) = (slice(input, part), slice(output, part))
        switch mode {
        case .training: useBatchStatistics(of: x, coefficients, execution.context)
        case .inference: useRunningStatistics(coefficients)
        }
        execution.context.affineLeaky(
          x.pointer, y.pointer, rows: x.shape.rows, channels: channels, scale: coefficients.scale.pointer,
          shift: coefficients.shift.pointer, slope: leakySlope)
      }
    }
  }

  /// The pictures of one part of the latest pass.
  private func slice(_ tensor: Tensor, _ part: Int) -> Tensor {
    let size = tensor.shape.n / parts
    return tensor.pictures(part * size..<(part + 1) * size)
  }

  public func backward(
    input: Tensor, output: Tensor, outputGradient: Tensor, into inputGradient: Tensor?,
    parameters: ParameterGradients, row: String, _ execution: Execution
  ) {
    precondition(outputGradient.shape == input.shape, "\(name): gradient \(outputGradient.shape)")
    execution.measure("\(row) bwd") {
      for (part, coefficients) in coefficients.prefix(parts).enumerated() {
        let x = slice(input, part)
        execution.context.batchNormalizationBackward(
          gradient: slice(outputGradient, part).pointer, input: x.pointer, rows: x.shape.rows, channels: channels,
          scale: coefficients.scale.pointer, shift: coefficients.shift.pointer, mean: coefficients.mean.pointer,
          inverseDeviation: coefficients.inverseDeviation.pointer, slope: leakySlope,
          gammaGradient: parameters == .none ? nil : weight.gradient.pointer,
          betaGradient: parameters == .none ? nil : bias.gradient.pointer,
          accumulate: parameters == .accumulate || part > 0)
      }
      if let inputGradient, inputGradient.pointer != outputGradient.pointer { inputGradient.copy(from: outputGradient) }
    }
  }

  /// Starts the running statistics anew: until `endAveraging` they are the mean over the training batches that follow.
  public func beginAveraging() { averagedBatches = 0 }

  public func endAveraging() { averagedBatches = nil }

  private func useBatchStatistics(of input: Tensor, _ coefficients: Coefficients, _ context: Context) {
    let rows = input.shape.rows
    let correction = rows > 1 ? Double(rows) / Double(rows - 1) : 1
    var gain = 1 - momentum
    if let batches = averagedBatches {
      gain = 1 / Double(batches + 1)
      averagedBatches = batches + 1
    }
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * channels) { moments in
      let means = moments.baseAddress!
      let variances = means + channels
      context.batchMoments(input.pointer, rows: rows, channels: channels, mean: means, variance: variances)
      for c in 0..<channels {
        set(coefficients, c, mean: means[c], variance: variances[c])
        let oldMean = Double(runningMean.value.pointer[c])
        let oldVariance = Double(runningVariance.value.pointer[c])
        let newMean = means[c] + Double(inputBias?.value.pointer[c] ?? 0)
        runningMean.value.pointer[c] = Float(oldMean + gain * (newMean - oldMean))
        runningVariance.value.pointer[c] = Float(oldVariance + gain * (variances[c] * correction - oldVariance))
      }
    }
    runningMean.changed()
    runningVariance.changed()
  }

  private func useRunningStatistics(_ coefficients: Coefficients) {
    for c in 0..<channels {
      set(
        coefficients, c, mean: Double(runningMean.value.pointer[c]) - Double(inputBias?.value.pointer[c] ?? 0),
        variance: Double(runningVariance.value.pointer[c]))
    }
  }

  private func set(_ coefficients: Coefficients, _ c: Int, mean: Double, variance: Double) {
    let deviation = 1 / (variance + epsilon).squareRoot()
    let factor = Double(weight.value.pointer[c]) * deviation
    coefficients.mean.pointer[c] = Float(mean)
    coefficients.inverseDeviation.pointer[c] = Float(deviation)
    coefficients.scale.pointer[c] = Float(factor)
    coefficients.shift.pointer[c] = Float(Double(bias.value.pointer[c]) - mean * factor)
  }
}
