import Kernels
import Storage

/// A generator that only samples: batch normalisation is folded into the weights, activations live in two buffers, and
/// the result is bytes.
///
/// A picture's arithmetic does not depend on the pictures beside it, so the same z gives the same bytes whatever the
/// batch, its size, and the number of threads.
public final class GeneratorModel {
  public let architecture: GeneratorArchitecture
  /// The most pictures that one call of `render` makes.
  public let batchSize: Int
  /// Bytes of one picture, [pictureSize, pictureSize, 3].
  public var bytesPerPicture: Int { architecture.pictureSize * architecture.pictureSize * 3 }

  private let context: Context
  private let path: String
  private var dense: Layer
  private var layers: [Layer]
  private let lastBias: PeriodicBias
  private let latents: Buffer
  private let activations: (Buffer, Buffer)

  /// The dense layer, or a transposed convolution, whose forward pass is `convolution.backwardData`.
  private struct Layer {
    let convolution: Convolution
    var filter: Buffer
    /// None in the last layer, whose values become bytes.
    let activation: BiasLeakyReLU?

    /// After a pass: a filter that its convolution has put into other words would be in memory twice.
    mutating func dropFilter() {
      if convolution.keepsFilter { filter = Buffer(count: 0) }
    }
  }

  /// Slope of every LeakyReLU of the recipe.
  private static let slope: Float = 0.2

  /// Activations of a batch stay below this many bytes where the batch size is left to us: large enough to spread the
  /// reading of the weights over many pictures, small beside any computer's memory.
  private static let activationBudget = 128 << 20

  /// A batch size for `count` pictures: bounded by memory, and such that the last batch is as full as the others.
  public static func batchSize(for count: Int, _ architecture: GeneratorArchitecture, limit: Int? = nil) -> Int {
    precondition(count > 0)
    let largest = limit ?? min(max(activationBudget / (activationCounts(architecture).sum * 4), 1), 64)
    let batches = (count + largest - 1) / largest
    return (count + batches - 1) / batches
  }

  /// Reads the weights that `description` has found in `file`.
  /// - Parameter batchSize: pictures per call of `render`; memory grows with it.
  /// - Throws: `StorageError` or `CheckpointError` for tensors that are no finite floating-point numbers.
  public init(_ file: SafeTensors, _ description: CheckpointDescription, batchSize: Int, context: Context) throws {
    precondition(batchSize > 0)
    let shape = description.architecture
    architecture = shape
    path = file.path
    self.batchSize = batchSize
    self.context = context
    // A layer from few channels to millions is a small tensor, and its result would be a huge picture.
    let counts = GeneratorModel.activationCounts(shape)
    guard counts.sum * 4 <= file.byteCount + GeneratorModel.activationBudget else {
      throw CheckpointError(
        file.path, "needs \(counts.sum * 4 >> 20) MB for one picture, far more than its \(file.byteCount) bytes warrant"
      )
    }
    let reader = try WeightReader(file, prefix: description.prefix, context: context)

    func activation(_ bias: [Float]) -> BiasLeakyReLU {
      BiasLeakyReLU(bias: bias, slope: GeneratorModel.slope, context: context)
    }
    var (filter, bias) = try reader.dense(positions: shape.baseSize * shape.baseSize, channels: shape.channels[0])
    dense = Layer(
      convolution: GeneratorModel.convolution(
        .same(
          batch: batchSize, height: 1, width: 1, inputChannels: shape.zDimension,
          outputChannels: shape.baseSize * shape.baseSize * shape.channels[0], kernel: 1, stride: 1),
        context), filter: filter, activation: activation(bias))
    var layers: [Layer] = []
    for stage in 0...shape.stages {
      let isLast = stage == shape.stages
      let side = shape.baseSize << min(stage + 1, shape.stages)
      let convolution = GeneratorModel.convolution(
        .same(
          batch: batchSize, height: side, width: side, inputChannels: isLast ? 3 : shape.channels[stage + 1],
          outputChannels: shape.channels[stage], kernel: isLast ? shape.lastKernel : shape.kernel,
          stride: isLast ? 1 : 2), context)
      (filter, bias) = try isLast ? reader.last(convolution) : reader.stage(stage + 1, convolution)
      layers.append(Layer(convolution: convolution, filter: filter, activation: isLast ? nil : activation(bias)))
    }
    self.layers = layers
    lastBias = PeriodicBias(bias, context: context)
    latents = Buffer(count: batchSize * shape.zDimension)
    activations = (Buffer(count: counts.even * batchSize), Buffer(count: counts.odd * batchSize))
  }

  /// The algorithm is chosen as for a single picture, so that no batch size can change a picture's rounding. Large filters
  /// are not kept transformed: for a few pictures that takes longer than computing with them.
  private static func convolution(_ shape: ConvShape, _ context: Context) -> Convolution {
    var single = shape
    single.batch = 1
    return Convolution(shape, context: context, plan: context.plan(for: single), use: .sampling)
  }

  /// Elements per picture of the two buffers that results alternate between, beginning with the dense layer's.
  private static func activationCounts(_ shape: GeneratorArchitecture) -> (even: Int, odd: Int, sum: Int) {
    var counts = [0, 0]
    for layer in 0...shape.stages + 1 {
      let side = shape.baseSize << min(layer, shape.stages)
      let channels = layer <= shape.stages ? shape.channels[layer] : 3
      counts[layer % 2] = max(counts[layer % 2], side * side * channels)
    }
    return (counts[0], counts[1], counts[0] + counts[1])
  }

  /// Makes one picture per vector.
  /// - Parameters:
  ///   - z: at most `batchSize` vectors of the architecture's dimension.
  ///   - bytes: room for `z.count * bytesPerPicture`, overwritten: [z.count, pictureSize, pictureSize, 3].
  /// - Throws: `CheckpointError` where the weights, though finite, lead to something that is not.
  public func render(_ z: some Collection<[Float]>, into bytes: UnsafeMutablePointer<UInt8>) throws {
    precondition(!z.isEmpty && z.count <= batchSize)
    latents.fill(0)
    for (index, vector) in z.enumerated() {
      precondition(vector.count == architecture.zDimension)
      vector.withUnsafeBufferPointer {
        (latents.pointer + index * vector.count).update(from: $0.baseAddress!, count: vector.count)
      }
    }
    var (source, target) = (activations.1, activations.0)
    dense.convolution.forward(input: latents.pointer, filter: dense.filter.pointer, output: target.pointer)
    dense.dropFilter()
    if let activation = dense.activation {
      context.activate(target.pointer, count: dense.convolution.shape.outputCount, activation)
    }
    for index in layers.indices {
      swap(&source, &target)
      let layer = layers[index]
      layer.convolution.backwardData(
        outputGradient: source.pointer, filter: layer.filter.pointer, inputGradient: target.pointer,
        activation: layer.activation)
      layers[index].dropFilter()
    }
    let finite = context.addBiasTanhToBytes(
      target.pointer, count: z.count * bytesPerPicture, bias: lastBias, bytes: bytes)
    guard finite else {
      throw CheckpointError(path, "makes values that are not finite numbers, so its training has diverged")
    }
  }

  /// Makes pictures, in batches.
  public func pictures(_ z: [[Float]]) throws -> [Picture] {
    var pictures: [Picture] = []
    let block = bytesPerPicture
    var bytes = [UInt8](repeating: 0, count: min(z.count, batchSize) * block)
    for start in stride(from: 0, to: z.count, by: batchSize) {
      let part = z[start..<min(start + batchSize, z.count)]
      try bytes.withUnsafeMutableBufferPointer { try render(part, into: $0.baseAddress!) }
      for index in 0..<part.count {
        pictures.append(
          Picture(
            width: architecture.pictureSize, height: architecture.pictureSize,
            pixels: Array(bytes[index * block..<(index + 1) * block])))
      }
    }
    return pictures
  }
}
