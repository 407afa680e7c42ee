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
  /// What the last convolution leaves to the pass that makes bytes, together with its tanh; nil where layers follow them.
  private let lastBias: PeriodicBias?
  /// Where the last step leaves what becomes pictures.
  private let result: Int
  private let latents: Buffer
  /// The plan's places, for a batch.
  private let places: [Buffer]

  /// A step of the plan with its weights.
  private struct Step {
    let plan: SamplingPlan.Step
    var weights: Weights
  }

  private enum Weights {
    case none
    case linear(Linear)
    /// y = leaky(scale * x + shift) per channel, in place.
    case affine(scale: Buffer, shift: Buffer, slope: Float)
  }

  /// A linear layer with its bias and what follows, other than in the last one, whose values become bytes.
  private struct Linear {
    let convolution: Convolution
    let isTransposed: Bool
    var filter: Buffer
    let activation: BiasLeakyReLU?
    /// What no BiasLeakyReLU can say, after it.
    let rest: Activation

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
    let largest = limit ?? min(max(activationBudget / 4 / SamplingPlan(generator).elements, 1), 64)
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
    let plan = SamplingPlan(generator)
    guard plan.elements <= (file.byteCount + GeneratorModel.activationBudget) / 4 else {
      throw CheckpointError(
        file.path, "needs \(plan.elements >> 18) MB for one picture, far more than its \(file.byteCount) bytes warrant"
      )
    }
    let reader = try WeightReader(file, prefix: description.prefix, context: context)
    var bias = [Float](repeating: 0, count: generator.output.c)
    let endsInTanh = SamplingPlan.layersAfterTanh(generator) == 0
    steps = []
    for (index, step) in plan.steps.enumerated() {
      let isLast = endsInTanh && index == plan.steps.count - 1
      var weights = Weights.none
      switch step.work {
      case .linear(let stage, let norm, let activation):
        let shape = stage.convShape(batch: batchSize)!
        let convolution = GeneratorModel.convolution(shape, isTransposed: stage.isTransposed, context)
        let (filter, ownBias) = try reader.linear(stage, norm: norm, convolution)
        let slope = GeneratorModel.slope(activation)
        if isLast { bias = ownBias }
        weights = .linear(
          Linear(
            convolution: convolution, isTransposed: stage.isTransposed, filter: filter,
            activation: isLast ? nil : BiasLeakyReLU(bias: ownBias, slope: slope ?? 1, context: context),
            rest: slope == nil ? activation : .identity))
      case .normalization(let stage, let spec, let activation):
        let (scale, shift) = try reader.affine(stage, spec)
        weights = .affine(
          scale: Buffer(scale), shift: Buffer(shift), slope: GeneratorModel.slope(activation) ?? 1)
      case .activation where isLast: continue
      default: break
      }
      steps.append(Step(plan: step, weights: weights))
    }
    lastBias = endsInTanh ? PeriodicBias(bias, context: context) : nil
    latents = Buffer(count: batchSize * zDimension)
    places = plan.places.map { Buffer(count: $0 * batchSize) }
    result = plan.steps.last!.target
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
    var finite = true
    for index in steps.indices {
      if case .linear(var layer) = steps[index].weights {
        finite = compute(layer, steps[index].plan, pictures: z.count) && finite
        layer.dropFilter()
        steps[index].weights = .linear(layer)
      } else {
        finite = compute(steps[index], pictures: z.count) && finite
      }
    }
    let (values, count) = (place(result).pointer, z.count * bytesPerPicture)
    if let lastBias {
      finite = context.addBiasTanhToBytes(values, count: count, bias: lastBias, bytes: bytes) && finite
    } else {
      Context.convertToBytes(values, count: count, bytes: bytes)
    }
    guard finite else {
      let largest = z.lazy.flatMap { $0 }.map(abs).max() ?? 0
      let isUsual = largest <= GeneratorModel.largestUsualLatent
      let cause = isUsual ? ", so its training has diverged" : " of z up to \(largest)"
      throw CheckpointError(path, "makes values that are not finite numbers\(cause)")
    }
  }

  /// No draw of either distribution comes near it.
  private static let largestUsualLatent: Float = 100

  private func place(_ index: Int) -> Buffer { index == SamplingPlan.latents ? latents : places[index] }

  /// Whether the values of the first pictures are finite as far as the activation would hide it.
  private func compute(_ layer: Linear, _ step: SamplingPlan.Step, pictures: Int) -> Bool {
    let (input, output) = (place(step.source).pointer, place(step.target).pointer)
    let shape = step.output.with(n: batchSize)
    if layer.isTransposed {
      layer.convolution.backwardData(
        outputGradient: input, filter: layer.filter.pointer, inputGradient: output, activation: layer.activation)
    } else {
      layer.convolution.forward(input: input, filter: layer.filter.pointer, output: output)
      if let activation = layer.activation { context.activate(output, count: shape.count, activation) }
    }
    return layer.activation == nil || apply(layer.rest, to: place(step.target), step.output, pictures: pictures)
  }

  /// Whether the values of the first pictures were finite as far as the activation hides it: tanh and sigmoid bound all.
  private func apply(
    _ activation: Activation, to values: Buffer, _ shape: Shape, pictures: Int
  ) -> Bool {
    let finite = GeneratorModel.slope(activation) != nil || values.isFinite(first: pictures * shape.elements)
    context.applyBias(nil, activation, to: values.pointer, rows: batchSize * shape.h * shape.w, channels: shape.c)
    return finite
  }

  /// All but linear layers; the result is as above.
  private func compute(_ step: Step, pictures: Int) -> Bool {
    let (source, target) = (place(step.plan.source).pointer, place(step.plan.target).pointer)
    let (input, output) = (step.plan.input.with(n: batchSize), step.plan.output.with(n: batchSize))
    switch (step.plan.work, step.weights) {
    case (.normalization, .affine(let scale, let shift, let slope)):
      context.affineLeaky(
        source, target, rows: output.rows, channels: output.c, scale: scale.pointer, shift: shift.pointer, slope: slope)
    case (.activation(let activation), _):
      return apply(activation, to: place(step.plan.target), step.plan.output, pictures: pictures)
    case (.gatedUnit(let unit), _): context.apply(unit, source, into: target, count: output.count)
    case (.pooling(let spec), _):
      context.pool(spec.kind, spec.poolShape(input: input, output: output), input: source, output: target)
    case (.upsample(let factor), _):
      context.upsample(
        source, rows: input.n * input.h, width: input.w, channels: input.c, factor: factor, into: target)
    case (.reshape, _):
      context.reorder(
        source, pixels: input.h * input.w, channels: input.c, into: target, pixels: output.h * output.w,
        channels: output.c, images: input.n)
    case (.copy, _): target.update(from: source, count: output.count)
    case (.add, _): context.add(source, to: target, count: output.count)
    case (.place(let first), _):
      context.copyRows(
        source, rows: output.rows, count: input.c, step: input.c, to: target + first, step: output.c)
    case (.linear, _), (.normalization, _): preconditionFailure("a step without its weights")
    }
    return true
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
