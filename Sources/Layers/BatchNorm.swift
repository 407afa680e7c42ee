import Kernels

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Batch normalisation over everything but the channel (Ioffe and Szegedy 2015), with a leaky ReLU fused behind it:
/// [n, h, w, channels] -> the same.
///
/// In training it uses the batch's mean and biased variance, and the running ones follow the batch's mean and unbiased
/// variance; otherwise it uses the running ones. These are averages of what they saw and of nothing else: batch t weighs
/// (1 - momentum) / (1 - momentum^t), which makes the first one's statistics the average, and after many is 1 - momentum,
/// PyTorch's momentum of 0.01. It is the moving average from 0 divided by 1 - momentum^t, the sum of its weights, as the
/// moments of Adam are (Kingma and Ba 2015, section 3).
/// Parameters: weight (gamma) 1, bias (beta) 0; statistics: running_mean 0, running_var 1; all [channels]. Counter:
/// num_batches_tracked.
public final class BatchNorm: Layer {
  public let name: String
  /// Channels, each with statistics of its own.
  public let channels: Int
  /// Added to the variance.
  public let epsilon: Double
  /// Share of the old running statistics that stays in each step (TensorFlow's meaning).
  public let momentum: Double
  /// Slope below zero of the leaky ReLU that follows; 1 for none.
  public let leakySlope: Float
  /// Scales, gamma [channels].
  public let weight: Parameter
  /// Shifts, beta [channels].
  public let bias: Parameter
  /// Running mean of each channel [channels].
  public let runningMean: Parameter
  /// Running variance of each channel [channels], over count - 1.
  public let runningVariance: Parameter
  /// Batches that the running statistics are of; parts of a pass count each by itself.
  public let batchesTracked: Counter
  /// Bias of the layer before, which it left out: the running mean includes it, as in files of other frameworks.
  let inputBias: Parameter?

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

  /// - Parameters: see the properties of the same names.
  public init(
    _ name: String, channels: Int, leakySlope: Float = 1, inputBias: Parameter? = nil, epsilon: Double = 1e-5,
    momentum: Double = 0.99, gamma: Initializer = .constant(1)
  ) {
    precondition(inputBias == nil || inputBias!.count == channels, "\(name): input bias of another size")
    precondition((0..<1).contains(momentum), "\(name): momentum \(momentum)")
    self.name = name
    self.channels = channels
    self.epsilon = epsilon
    self.momentum = momentum
    self.leakySlope = leakySlope
    self.inputBias = inputBias
    weight = Parameter("\(name).weight", .vector(channels), gamma)
    bias = Parameter("\(name).bias", .vector(channels), .constant(0))
    runningMean = Parameter("\(name).running_mean", .vector(channels), .constant(0), isTrained: false)
    runningVariance = Parameter("\(name).running_var", .vector(channels), .constant(1), isTrained: false)
    batchesTracked = Counter("\(name).num_batches_tracked")
  }

  public var parameters: [Parameter] { [weight, bias, runningMean, runningVariance] }
  public var counters: [Counter] { [batchesTracked] }
  public var worksInPlace: Bool { true }

  public func outputShape(_ input: Shape) throws(NetworkError) -> Shape {
    guard input.c == channels else {
      throw NetworkError(
        label,
        "an input \(input) of \(input.c) channels where its parameters [\(channels)] take \(channels); give the layer"
          + " \(input.c) channels")
    }
    return input
  }

  public func forward(_ input: Tensor, into output: Tensor, mode: Mode, row: String, _ execution: Execution) {
    checkForward(input, output)
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
    checkBackward(input, output, outputGradient, inputGradient)
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
      inputGradient?.copy(from: outputGradient)
    }
  }

  /// Forgets the running statistics: the next training batch's take their place.
  public func resetRunningStatistics() { batchesTracked.value = 0 }

  private func useBatchStatistics(of input: Tensor, _ coefficients: Coefficients, _ context: Context) {
    let rows = input.shape.rows
    let correction = rows > 1 ? Double(rows) / Double(rows - 1) : 1
    batchesTracked.value += 1
    let isFirst = batchesTracked.value == 1
    let gain = (1 - momentum) / (1 - pow(momentum, Double(batchesTracked.value)))
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * channels) { moments in
      let means = moments.baseAddress!
      let variances = means + channels
      context.batchMoments(input.pointer, rows: rows, channels: channels, mean: means, variance: variances)
      for c in 0..<channels {
        set(coefficients, c, mean: means[c], variance: variances[c])
        let newMean = means[c] + Double(inputBias?.value.pointer[c] ?? 0)
        let newVariance = variances[c] * correction
        // Not even an infinity is left of what was there before the first batch.
        let oldMean = isFirst ? newMean : Double(runningMean.value.pointer[c])
        let oldVariance = isFirst ? newVariance : Double(runningVariance.value.pointer[c])
        runningMean.value.pointer[c] = Float(oldMean + gain * (newMean - oldMean))
        runningVariance.value.pointer[c] = Float(oldVariance + gain * (newVariance - oldVariance))
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
