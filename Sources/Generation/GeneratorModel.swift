import Images
import Kernels
import Networks
import Storage

/// A generator that only samples: batch normalisation is folded into the weights, activations live in two buffers, and
/// the result is bytes.
///
/// A picture's arithmetic does not depend on the pictures beside it, so the same z gives the same bytes whatever the
/// batch, its size, and the number of threads.
public final class GeneratorModel {
  /// The most pictures that one call of `render` makes.
  public let batchSize: Int
  /// Of one picture, in pixels.
  public let width: Int
  public let height: Int
  /// Bytes of one picture, [height, width, 3].
  public var bytesPerPicture: Int { height * width * 3 }

  private let context: Context
  private let path: String
  private let zDimension: Int
  private var steps: [Step]
  private let lastBias: PeriodicBias
  private let latents: Buffer
  private let activations: (Buffer, Buffer)

  /// What a stage, and a batch normalisation behind it, have come to.
  private enum Step {
    case linear(Linear)
    /// y = leaky(scale * x + shift) per channel, in place.
    case affine(scale: Buffer, shift: Buffer, slope: Float, Shape)
    case activation(Activation, Shape)
  }

  /// A linear layer with its bias and what follows, other than in the last one, whose values become bytes.
  private struct Linear {
    let convolution: Convolution
    let isTransposed: Bool
    var filter: Buffer
    let activation: BiasLeakyReLU?
    /// What no BiasLeakyReLU can say, after it.
    let rest: Activation
    let output: Shape

    /// After a pass: a filter that its convolution has put into other words would be in memory twice.
    mutating func dropFilter() {
      let isRead = !isTransposed && convolution.shape.outputChannels == 1
      if convolution.keepsFilter && !isRead { filter = Buffer(count: 0) }
    }
  }

  /// Activations of a batch stay below this many bytes where the batch size is left to us: large enough to spread the
  /// reading of the weights over many pictures, small beside any computer's memory.
  private static let activationBudget = 128 << 20

  /// A batch size for `count` pictures: bounded by memory, and such that the last batch is as full as the others.
  public static func batchSize(for count: Int, _ generator: Network, limit: Int? = nil) -> Int {
    precondition(count > 0)
    let largest = limit ?? min(max(activationBudget / (activationCounts(generator).sum * 4), 1), 64)
    let batches = (count + largest - 1) / largest
    return (count + batches - 1) / batches
  }

  /// Reads the weights that `description` has found in `file`.
  /// - Parameter batchSize: pictures per call of `render`; memory grows with it.
  /// - Throws: `StorageError` or `CheckpointError` for tensors that are no finite floating-point numbers.
  public init(_ file: SafeTensors, _ description: CheckpointDescription, batchSize: Int, context: Context)
    throws(CheckpointError)
  {
    precondition(batchSize > 0)
    let generator = description.generator
    (width, height, zDimension) = (generator.output.w, generator.output.h, generator.input.c)
    path = file.path
    self.batchSize = batchSize
    self.context = context
    // A layer from few channels to millions is a small tensor, and its result would be a huge picture.
    let counts = GeneratorModel.activationCounts(generator)
    guard counts.sum <= (file.byteCount + GeneratorModel.activationBudget) / 4 else {
      throw CheckpointError(
        file.path, "needs \(counts.sum >> 18) MB for one picture, far more than its \(file.byteCount) bytes warrant"
      )
    }
    let reader = try WeightReader(file, prefix: description.prefix, context: context)
    let stages = generator.stages
    var steps: [Step] = []
    var bias: [Float] = []
    var index = 0
    while index < stages.count {
      let stage = stages[index]
      var (activation, norm): (Activation, Stage?) = (stage.activation, nil)
      if stage.isNormalized {
        norm = stages[index + 1]
        activation = stages[index + 1].activation
        index += 1
      }
      index += 1
      let isLast = index == stages.count
      if let shape = stage.convShape(batch: batchSize) {
        let convolution = GeneratorModel.convolution(shape, isTransposed: stage.isTransposed, context)
        let filter: Buffer
        (filter, bias) = try reader.linear(stage, norm: norm, convolution)
        let slope = GeneratorModel.slope(activation)
        steps.append(
          .linear(
            Linear(
              convolution: convolution, isTransposed: stage.isTransposed, filter: filter,
              activation: isLast ? nil : BiasLeakyReLU(bias: bias, slope: slope ?? 1, context: context),
              rest: slope == nil ? activation : .identity,
              output: stage.output.with(n: batchSize))))
      } else {
        let shape = stage.output.with(n: batchSize)
        if case .batchNorm(let spec) = stage.layer.operation {
          let (scale, shift) = try reader.affine(stage, spec)
          steps.append(
            .affine(
              scale: Buffer(scale), shift: Buffer(shift), slope: GeneratorModel.slope(activation) ?? 1, shape))
        } else if !isLast {
          steps.append(.activation(activation, shape))
        }
        bias = [Float](repeating: 0, count: shape.c)
      }
    }
    self.steps = steps
    lastBias = PeriodicBias(bias, context: context)
    latents = Buffer(count: batchSize * zDimension)
    activations = (Buffer(count: counts.even * batchSize), Buffer(count: counts.odd * batchSize))
  }

  /// The algorithm is chosen as for a single picture, so that no batch size can change a picture's rounding. Large filters
  /// are not kept transformed: for a few pictures that takes longer than computing with them.
  private static func convolution(_ shape: ConvShape, isTransposed: Bool, _ context: Context) -> Convolution {
    Convolution(
      shape, context: context, plan: context.plan(for: shape.with(batch: 1)), use: isTransposed ? .sampling : .repeated)
  }

  /// Of the leaky ReLU that an activation is, if it is one.
  private static func slope(_ activation: Activation) -> Float? {
    switch activation {
    case .identity: 1
    case .leakyReLU(let slope): slope
    case .tanh, .sigmoid: nil
    }
  }

  /// Elements per picture of the two buffers that results of linear layers alternate between.
  static func activationCounts(_ generator: Network) -> (even: Int, odd: Int, sum: Int) {
    var counts = [0, 0]
    let linear = generator.stages.filter { $0.convShape(batch: 1) != nil }
    for (index, stage) in linear.enumerated() { counts[index % 2] = max(counts[index % 2], stage.output.elements) }
    return (counts[0], counts[1], counts[0] + counts[1])
  }

  /// Makes one picture per vector.
  /// - Parameters:
  ///   - z: at most `batchSize` vectors of the generator's dimension.
  ///   - bytes: room for `z.count * bytesPerPicture`, overwritten: [z.count, height, width, 3].
  /// - Throws: `CheckpointError` where the weights, though finite, lead to something that is not.
  public func render(_ z: some Collection<[Float]>, into bytes: UnsafeMutablePointer<UInt8>) throws(CheckpointError) {
    precondition(!z.isEmpty && z.count <= batchSize)
    latents.fill(0)
    for (index, vector) in z.enumerated() {
      precondition(vector.count == zDimension)
      vector.withUnsafeBufferPointer {
        (latents.pointer + index * vector.count).update(from: $0.baseAddress!, count: vector.count)
      }
    }
    var (current, next, spare) = (latents, activations.0, activations.1)
    for index in steps.indices {
      switch steps[index] {
      case .linear(var layer):
        compute(layer, from: current.pointer, into: next.pointer)
        layer.dropFilter()
        steps[index] = .linear(layer)
        (current, next, spare) = (next, spare, next)
      case .affine(let scale, let shift, let slope, let shape):
        context.affineLeaky(
          current.pointer, current.pointer, rows: shape.rows, channels: shape.c, scale: scale.pointer,
          shift: shift.pointer, slope: slope)
      case .activation(let activation, let shape):
        context.applyBias(nil, activation, to: current.pointer, rows: shape.rows, channels: shape.c)
      }
    }
    let finite = context.addBiasTanhToBytes(
      current.pointer, count: z.count * bytesPerPicture, bias: lastBias, bytes: bytes)
    guard finite else {
      throw CheckpointError(path, "makes values that are not finite numbers, so its training has diverged")
    }
  }

  private func compute(
    _ layer: Linear, from input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>
  ) {
    if layer.isTransposed {
      layer.convolution.backwardData(
        outputGradient: input, filter: layer.filter.pointer, inputGradient: output, activation: layer.activation)
    } else {
      layer.convolution.forward(input: input, filter: layer.filter.pointer, output: output)
      if let activation = layer.activation { context.activate(output, count: layer.output.count, activation) }
    }
    if layer.activation != nil {
      context.applyBias(nil, layer.rest, to: output, rows: layer.output.rows, channels: layer.output.c)
    }
  }

  /// Makes pictures, in batches.
  public func pictures(_ z: [[Float]]) throws(CheckpointError) -> [Picture] {
    var pictures: [Picture] = []
    let block = bytesPerPicture
    var bytes = [UInt8](repeating: 0, count: min(z.count, batchSize) * block)
    for start in stride(from: 0, to: z.count, by: batchSize) {
      let part = z[start..<min(start + batchSize, z.count)]
      try bytes.withUnsafeMutableBufferPointer { buffer throws(CheckpointError) in
        try render(part, into: buffer.baseAddress!)
      }
      for index in 0..<part.count {
        pictures.append(
          Picture(width: width, height: height, pixels: Array(bytes[index * block..<(index + 1) * block])))
      }
    }
    return pictures
  }
}
