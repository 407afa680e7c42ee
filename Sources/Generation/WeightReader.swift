import Kernels
import Networks
import Storage

/// Reads a generator's tensors into the kernels' layouts, with batch normalisation folded in. Tensors of F32 go straight
/// from the mapped file into place.
struct WeightReader {
  let file: SafeTensors
  let prefix: String
  let context: Context
  let statisticsStart: StatisticsStart?

  init(_ file: SafeTensors, prefix: String, context: Context) throws(CheckpointError) {
    self.file = file
    self.prefix = prefix
    self.context = context
    statisticsStart = try CheckpointError.reading { () throws(StorageError) in
      try StatisticsStart(file, prefix: prefix)
    }
  }

  private func floats(_ name: String) throws(CheckpointError) -> [Float] {
    try CheckpointError.reading { () throws(StorageError) in try file.floats(prefix + name) }
  }

  /// A linear layer and the normalisation after it.
  ///
  /// With s = gamma / sqrt(variance + epsilon): gamma * (layer + bias - mean) / sqrt(variance + epsilon) + beta is the
  /// layer with weights times s plus the bias (bias - mean) * s + beta.
  /// - Returns: the filter as `convolution` takes it, and one bias for each of its results.
  func linear(_ stage: Stage, norm: Stage?, _ convolution: Convolution) throws(CheckpointError) -> (
    filter: Buffer, bias: [Float]
  ) {
    var (hasBias, isDense) = (false, false)
    switch stage.layer.operation {
    case .dense(let spec): (hasBias, isDense) = (spec.hasBias, true)
    case .convolution(let spec), .transposedConvolution(let spec): hasBias = spec.hasBias
    default: preconditionFailure("\(stage.name) is no linear layer")
    }
    let output = stage.output
    var bias = try hasBias ? floats("\(stage.name).bias") : []
    if !hasBias { bias = [Float](repeating: 0, count: isDense ? output.elements : output.c) }
    // A dense layer's results are pictures, whose channels come first in files and last in memory.
    if isDense { bias = bias.indices.map { bias[$0 % output.c * output.h * output.w + $0 / output.c] } }
    var scale: [Float]?
    if let norm, case .batchNorm(let spec) = norm.layer.operation {
      let (factors, mean, beta) = try normalization(norm, spec)
      bias = bias.indices.map { index in
        let channel = index % output.c
        return Float((Double(bias[index]) - mean[channel]) * factors[channel] + beta[channel])
      }
      scale = factors.map { Float($0) }
    }
    return (try filter(stage, convolution, isDense: isDense, scale: scale), bias)
  }

  /// A batch normalisation by itself: y = scale * x + shift, each [channels].
  func affine(_ stage: Stage, _ spec: BatchNormSpec) throws(CheckpointError) -> (scale: [Float], shift: [Float]) {
    let (factors, mean, beta) = try normalization(stage, spec)
    return (factors.map { Float($0) }, factors.indices.map { Float(beta[$0] - mean[$0] * factors[$0]) })
  }

  /// gamma / sqrt(variance + epsilon), mean and beta.
  private func normalization(
    _ stage: Stage, _ spec: BatchNormSpec
  ) throws(CheckpointError) -> (factors: [Double], mean: [Double], beta: [Double]) {
    func vector(_ name: String) throws(CheckpointError) -> [Float] { try floats("\(stage.name).\(name)") }
    var mean = try vector("running_mean")
    var variance = try CheckpointError.reading { () throws(StorageError) in
      try file.variances("\(prefix)\(stage.name).running_var")
    }
    if let statisticsStart {
      mean = mean.map(statisticsStart.mean)
      variance = variance.map(statisticsStart.variance)
    }
    let factors = zip(try vector("weight"), variance).map { Double($0) / (Double($1) + spec.epsilon).squareRoot() }
    return (factors, mean.map(Double.init), try vector("bias").map(Double.init))
  }

  private func filter(
    _ stage: Stage, _ convolution: Convolution, isDense: Bool, scale: [Float]?
  ) throws(CheckpointError) -> Buffer {
    let (name, shape) = ("\(stage.name).weight", convolution.shape)
    if stage.isTransposed {
      // [in, out, kh, kw] -> [kh, kw, out, in] or the panels of that.
      return try reversed(
        name, shape.outputChannels, shape.inputChannels, shape.kernelHeight * shape.kernelWidth, scale: scale,
        groups: convolution.tapGroups)
    }
    let filter: Buffer
    if isDense, stage.input.h * stage.input.w == 1 {
      // [channels * positions, z] -> [z, positions * channels].
      filter = try reversed(
        name, stage.output.c, stage.output.h * stage.output.w, shape.inputChannels, scale: nil)
    } else if isDense {
      filter = Buffer(count: shape.filterCount)
      let values = try floats(name)
      ParameterLayout.dense(inputs: stage.input, outputs: stage.output).toMemory(
        values, filter.pointer)
    } else {
      // [out, in, kh, kw] -> [kh, kw, in, out].
      filter = try reversed(
        name, shape.outputChannels, shape.inputChannels, shape.kernelHeight * shape.kernelWidth, scale: nil)
    }
    if let scale {
      for index in 0..<filter.count { filter.pointer[index] *= scale[index % scale.count] }
    }
    return filter
  }

  private func reversed(
    _ name: String, _ a: Int, _ b: Int, _ c: Int, scale: [Float]?, groups: [[Int]]? = nil
  ) throws(CheckpointError) -> Buffer {
    // Or the weights would be in memory twice, as they are and as they are used.
    defer { try? file.release(prefix + name) }
    let buffer = Buffer(count: a * b * c)
    func reverse(_ source: UnsafeRawPointer) -> Bool {
      let axes = TensorAxes(source, a, b, c, scale: scale)
      guard let groups else { return axes.reverse(into: buffer.pointer, context: context) }
      return axes.panels(groups: groups, lanes: context.width, into: buffer.pointer, context: context)
    }
    if file.dtype(of: prefix + name) == .float32 {
      // The general reader below finds the element that is not finite and says so.
      let isFinite = try CheckpointError.reading { () throws(StorageError) in
        try file.withBytes(prefix + name) { reverse($0.baseAddress!) }
      }
      if isFinite { return buffer }
    }
    let widened = try floats(name)
    _ = widened.withUnsafeBytes { reverse($0.baseAddress!) }
    return buffer
  }
}
