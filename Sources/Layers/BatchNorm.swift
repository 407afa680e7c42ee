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

  /// Of the latest training pass, for backward, which may come after passes of inference.
  private var trained = PassFactors()
  private var parts = 1
  /// Of the latest pass of inference.
  private var inferred = PassFactors()

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
    execution.measure("\(row) fwd") {
      let map = takeStatistics(input, mode, execution)
      execution.context.apply(map, to: input.pointer, 0..<input.count, into: output.pointer)
    }
  }

  /// The forward pass but for its output: what the layer behind it may read the input through instead.
  func forwardMap(_ input: Tensor, mode: Mode, row: String, _ execution: Execution) -> ChannelMap {
    checkForward(input, input)
    var map: ChannelMap?
    execution.measure("\(row) fwd") { map = takeStatistics(input, mode, execution) }
    return map!
  }

  private func takeStatistics(_ input: Tensor, _ mode: Mode, _ execution: Execution) -> ChannelMap {
    guard case .training(let parts) = mode else {
      inferred.reserve(1, channels)
      useRunningStatistics(inferred.normalization(0, channels, leakySlope))
      return ChannelMap(
        channels: channels, runs: [ChannelMap.Run(part: 0, end: input.count)], scale: inferred.scales,
        shift: inferred.shifts, slope: leakySlope)
    }
    self.parts = parts
    precondition(input.shape.n % parts == 0, "\(name): \(input.shape) in \(parts) parts")
    trained.reserve(parts, channels)
    let sharding = execution.sharding
    let moments = sharding.map { shardMoments(input, $0, execution.context) }
    for part in 0..<parts {
      if let moments {
        useStatistics(of: moments[part].rows, normalization(part), moments[part].values)
      } else {
        useBatchStatistics(of: slice(input, part, nil)[0], normalization(part), execution.context)
      }
    }
    var runs: [ChannelMap.Run] = []
    for range in sharding.runs(of: input.shape.n) {
      for part in 0..<parts {
        let end = range.lowerBound + (part + 1) * range.count / parts
        runs.append(ChannelMap.Run(part: part, end: end * input.shape.elements))
      }
    }
    return ChannelMap(channels: channels, runs: runs, scale: trained.scales, shift: trained.shifts, slope: leakySlope)
  }

  /// What a training pass computes with over one part.
  private func normalization(_ part: Int) -> Normalization { trained.normalization(part, channels, leakySlope) }

  /// The images of one part of the latest training pass: one run of them, or one of each of this process's shards.
  private func slice(_ tensor: Tensor, _ part: Int, _ sharding: Sharding?) -> [Tensor] {
    sharding.runs(of: tensor.shape.n).map { range in
      let size = range.count / parts
      let first = range.lowerBound + part * size
      return tensor.images(first..<first + size)
    }
  }

  /// Means and variances of each part of a whole batch, merged from those of its shards in their order.
  private func shardMoments(
    _ input: Tensor, _ sharding: Sharding, _ context: Context
  ) -> [(rows: Int, values: [Double])] {
    var mine: [Double] = []
    let slices = (0..<parts).map { slice(input, $0, sharding) }
    for shard in sharding.local.indices {
      for part in slices {
        let x = part[shard - sharding.local.lowerBound]
        mine += [Double](unsafeUninitializedCapacity: 2 * channels) { moments, count in
          let means = moments.baseAddress!
          context.batchMoments(
            x.pointer, rows: x.shape.rows, channels: channels, mean: means, variance: means + channels)
          count = 2 * channels
        }
      }
    }
    let all = sharding.gather(mine, perShard: parts * 2 * channels)
    return (0..<parts).map { part in
      var rows = 0
      var total = [Double](repeating: 0, count: 2 * channels)
      for (shard, size) in sharding.sizes.enumerated() {
        let shardRows = size * input.shape.h * input.shape.w
        all.withUnsafeBufferPointer { all in
          total.withUnsafeMutableBufferPointer { total in
            let (mean, other) = (total.baseAddress!, all.baseAddress! + (shard * parts + part) * 2 * channels)
            context.mergeMoments(
              mean: mean, variance: mean + channels, rows: rows, other, other + channels, rows: shardRows,
              channels: channels)
          }
        }
        rows += shardRows
      }
      return (rows, total)
    }
  }

  public func backward(
    input: Tensor, output: Tensor, outputGradient: Tensor, into inputGradient: Tensor?,
    parameters: ParameterGradients, row: String, _ execution: Execution
  ) {
    checkBackward(input, output, outputGradient, inputGradient)
    execution.measure("\(row) bwd") {
      if let sharding = execution.sharding {
        backwardShards(input, outputGradient, parameters, sharding, execution.context)
      } else {
        for part in 0..<parts {
          let x = slice(input, part, nil)[0]
          execution.context.batchNormalizationBackward(
            gradient: slice(outputGradient, part, nil)[0].pointer, input: x.pointer, rows: x.shape.rows,
            normalization(part), gammaGradient: parameters == .none ? nil : weight.gradient.pointer,
            betaGradient: parameters == .none ? nil : bias.gradient.pointer,
            accumulate: parameters == .accumulate || part > 0)
        }
      }
      inputGradient?.copy(from: outputGradient)
    }
  }

  /// The same with sums that go through all shards in their order.
  private func backwardShards(
    _ input: Tensor, _ gradient: Tensor, _ parameters: ParameterGradients, _ sharding: Sharding, _ context: Context
  ) {
    precondition(parameters != .accumulate, "\(name): gradients of shards are not accumulated")
    var mine: [Double] = []
    let xs = (0..<parts).map { slice(input, $0, sharding) }
    let gradients = (0..<parts).map { slice(gradient, $0, sharding) }
    for shard in 0..<sharding.local.count {
      for part in 0..<parts {
        let x = xs[part][shard]
        let sums = context.batchNormalizationSums(
          gradient: gradients[part][shard].pointer, input: x.pointer, rows: x.shape.rows, normalization(part))
        mine += UnsafeBufferPointer(start: sums, count: 2 * channels)
      }
    }
    let all = sharding.gather(mine, perShard: parts * 2 * channels)
    for part in 0..<parts {
      var sums = [Double](repeating: 0, count: 2 * channels)
      for shard in sharding.sizes.indices {
        let first = (shard * parts + part) * 2 * channels
        for c in 0..<2 * channels { sums[c] += all[first + c] }
      }
      let normalization = normalization(part)
      if parameters != .none {
        context.batchNormalizationParameterGradients(
          sums, normalization, gammaGradient: weight.gradient.pointer, betaGradient: bias.gradient.pointer,
          accumulate: part > 0)
      }
      for (x, gradient) in zip(xs[part], gradients[part]) {
        context.batchNormalizationInputGradient(
          gradient: gradient.pointer, input: x.pointer, rows: x.shape.rows, normalization, sums: sums,
          batchRows: sharding.batch * x.shape.h * x.shape.w)
      }
    }
    sharding.gradients.proceed(context)
  }

  /// Forgets the running statistics: the next training batch's take their place.
  public func resetRunningStatistics() { batchesTracked.value = 0 }

  private func useBatchStatistics(of input: Tensor, _ normalization: Normalization, _ context: Context) {
    let rows = input.shape.rows
    let moments = [Double](unsafeUninitializedCapacity: 2 * channels) { moments, count in
      let means = moments.baseAddress!
      context.batchMoments(input.pointer, rows: rows, channels: channels, mean: means, variance: means + channels)
      count = 2 * channels
    }
    useStatistics(of: rows, normalization, moments)
  }

  /// - Parameter moments: means, then variances, of so many rows: those of the whole batch.
  private func useStatistics(of rows: Int, _ normalization: Normalization, _ moments: [Double]) {
    let correction = rows > 1 ? Double(rows) / Double(rows - 1) : 1
    batchesTracked.value += 1
    let isFirst = batchesTracked.value == 1
    let gain = (1 - momentum) / (1 - pow(momentum, Double(batchesTracked.value)))
    let (means, variances) = (runningMean.value.pointer, runningVariance.value.pointer)
    let inputBias = inputBias?.value.pointer
    for c in 0..<channels {
      let (mean, variance) = (moments[c], moments[channels + c])
      set(normalization, c, mean: mean, variance: variance)
      let newMean = mean + Double(inputBias?[c] ?? 0)
      let newVariance = variance * correction
      // Not even an infinity is left of what was there before the first batch.
      let oldMean = isFirst ? newMean : Double(means[c])
      let oldVariance = isFirst ? newVariance : Double(variances[c])
      means[c] = Float(oldMean + gain * (newMean - oldMean))
      variances[c] = Float(oldVariance + gain * (newVariance - oldVariance))
    }
    runningMean.changed()
    runningVariance.changed()
  }

  private func useRunningStatistics(_ normalization: Normalization) {
    for c in 0..<channels {
      set(
        normalization, c, mean: Double(runningMean.value.pointer[c]) - Double(inputBias?.value.pointer[c] ?? 0),
        variance: Double(runningVariance.value.pointer[c]))
    }
  }

  private func set(_ normalization: Normalization, _ c: Int, mean: Double, variance: Double) {
    let deviation = 1 / (variance + epsilon).squareRoot()
    let factor = Double(weight.value.pointer[c]) * deviation
    normalization.mean[c] = Float(mean)
    normalization.inverseDeviation[c] = Float(deviation)
    normalization.scale[c] = Float(factor)
    normalization.shift[c] = Float(Double(bias.value.pointer[c]) - mean * factor)
  }
}

/// What a pass computes with: a row of `ChannelMap.channelStride` for each of its parts; those behind them are of passes in
/// more parts.
private struct PassFactors {
  private(set) var means = Buffer(count: 0)
  private(set) var inverseDeviations = Buffer(count: 0)
  private(set) var scales = Buffer(count: 0)
  private(set) var shifts = Buffer(count: 0)

  mutating func reserve(_ parts: Int, _ channels: Int) {
    let count = parts * ChannelMap.channelStride(channels)
    if scales.count >= count { return }
    for buffer in [\PassFactors.means, \.inverseDeviations, \.scales, \.shifts] {
      self[keyPath: buffer] = Buffer(count: count)
      self[keyPath: buffer].fill(0)
    }
  }

  func normalization(_ part: Int, _ channels: Int, _ slope: Float) -> Normalization {
    let first = part * ChannelMap.channelStride(channels)
    return Normalization(
      channels: channels, mean: means.pointer + first, inverseDeviation: inverseDeviations.pointer + first,
      scale: scales.pointer + first, shift: shifts.pointer + first, slope: slope)
  }
}
