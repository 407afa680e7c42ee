import Kernels
import Storage

/// Reads a generator's tensors into the kernels' layouts, with batch normalisation folded in. Tensors of F32 go straight
/// from the mapped file into place.
struct WeightReader {
  let file: SafeTensors
  let prefix: String
  let context: Context
  let statisticsStart: StatisticsStart?

  init(_ file: SafeTensors, prefix: String, context: Context) throws {
    self.file = file
    self.prefix = prefix
    self.context = context
    statisticsStart = try StatisticsStart(file, prefix: prefix)
  }

  /// The epsilon of every batch normalisation of the recipe, and PyTorch's default.
  static let epsilon = 1e-5

  /// dense.weight [channels * positions, z] -> 1x1 filter [z, positions * channels]; the bias likewise channels last.
  func dense(positions: Int, channels: Int) throws -> (filter: Buffer, bias: [Float]) {
    let zDimension = file.shape(of: prefix + "dense.weight")![1]
    let filter = try reversed("dense.weight", channels, positions, zDimension, scale: nil)
    let bias = try file.floats(prefix + "dense.bias")
    return (filter, (0..<bias.count).map { bias[$0 % channels * positions + $0 / channels] })
  }

  /// A stride 2 layer and the normalisation after it.
  ///
  /// With s = gamma / sqrt(variance + epsilon): gamma * (conv + bias - mean) / sqrt(variance + epsilon) + beta is the
  /// convolution with weights times s plus the bias (bias - mean) * s + beta.
  func stage(_ stage: Int, _ convolution: Convolution) throws -> (filter: Buffer, bias: [Float]) {
    let name = "trans_conv\(stage)"
    let hasBias = file.contains("\(prefix)\(name).bias")
    let bias =
      try hasBias ? file.floats("\(prefix)\(name).bias") : [Float](repeating: 0, count: convolution.shape.inputChannels)
    let gamma = try file.floats("\(prefix)batch_\(name).weight")
    let beta = try file.floats("\(prefix)batch_\(name).bias")
    var mean = try file.floats("\(prefix)batch_\(name).running_mean")
    var variance = try file.floats("\(prefix)batch_\(name).running_var")
    if let negative = variance.firstIndex(where: { $0 < 0 }) {
      throw CheckpointError(
        file.path,
        "has the variance \(variance[negative]) in \(prefix)batch_\(name).running_var, which no data can have")
    }
    if let statisticsStart {
      mean = mean.map(statisticsStart.mean)
      variance = variance.map(statisticsStart.variance)
    }
    let scale = zip(gamma, variance).map { Double($0) / (Double($1) + WeightReader.epsilon).squareRoot() }
    let folded = bias.indices.map { Float((Double(bias[$0]) - Double(mean[$0])) * scale[$0] + Double(beta[$0])) }
    return (try filter("\(name).weight", convolution, scale: scale.map { Float($0) }), folded)
  }

  /// The last layer, without normalisation.
  func last(_ convolution: Convolution) throws -> (filter: Buffer, bias: [Float]) {
    (try filter("logits.weight", convolution, scale: nil), try file.floats(prefix + "logits.bias"))
  }

  /// [in, out, kh, kw] -> [kh, kw, out, in] or the panels of that: the filter as `convolution` takes it.
  private func filter(_ name: String, _ convolution: Convolution, scale: [Float]?) throws -> Buffer {
    let shape = convolution.shape
    return try reversed(
      name, shape.outputChannels, shape.inputChannels, shape.kernelHeight * shape.kernelWidth, scale: scale,
      groups: convolution.tapGroups)
  }

  private func reversed(
    _ name: String, _ a: Int, _ b: Int, _ c: Int, scale: [Float]?, groups: [[Int]]? = nil
  ) throws -> Buffer {
    // Or the weights would be in memory twice, as they are and as they are used.
    defer { try? file.release(prefix + name) }
    let buffer = Buffer(count: a * b * c)
    func reverse(_ source: UnsafeRawPointer) -> Bool {
      if let groups {
        TensorAxes.panels(
          source, a, b, groups: groups, lanes: context.width, into: buffer.pointer, scale: scale, context: context)
      } else {
        TensorAxes.reverse(source, a, b, c, into: buffer.pointer, scale: scale, context: context)
      }
    }
    if file.dtype(of: prefix + name) == .float32 {
      // The general reader below finds the element that is not finite and says so.
      if try file.withBytes(prefix + name, { reverse($0.baseAddress!) }) { return buffer }
    }
    let widened = try file.floats(prefix + name)
    _ = widened.withUnsafeBytes { reverse($0.baseAddress!) }
    return buffer
  }
}
