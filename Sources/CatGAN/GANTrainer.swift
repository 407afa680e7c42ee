import Layers
import Networks

/// What one training step reports.
public struct StepResult: Hashable, Sendable {
  /// The discriminator's loss on reals plus that on fakes, before its update; at chance 2 ln 2, or 2 for hinge.
  public var discriminatorLoss: Double
  /// The generator's loss, after the discriminator's update; at chance ln 2, or 0 for hinge.
  public var generatorLoss: Double
  /// Mean probability that the discriminator gives reals, and fakes, of being real; before its update. Hinge loss makes
  /// logits of no probabilities, and this is then only their sigmoid.
  public var meanReal: Double
  /// The same of fakes.
  public var meanFake: Double
}

/// The two networks, their optimisers and the training step. What a step draws by itself comes from `random` alone, whose state
/// together with the parameters, moments and step count is all that training goes on from. A run of `cattrain` hands in what its
/// steps need, from `RandomStreams`, and draws nothing here but the first weights.
public final class GANTrainer {
  /// What the two networks are.
  public let networks: GANDescription
  /// The recipe as it was given; the rates of now are the optimisers'.
  public let options: TrainingOptions
  /// Where and how both networks run.
  public let execution: Execution
  /// From latents to pictures, which stay valid until its next pass, one of the discriminator, or a step.
  public let generator: Generator
  /// From pictures in [-1, 1] to logits [n, 1, 1, 1], positive for real. It always uses the batch's statistics.
  public let discriminator: Sequential
  /// Moves the generator's parameters; its `rate` may be changed between steps.
  public let generatorAdam: Adam
  /// The same of the discriminator.
  public let discriminatorAdam: Adam
  /// What `step()` draws latents, augmentations and drop-outs from; the initial weights were drawn from it.
  public var random: RandomGenerator

  /// Pictures of the batch that this process computes.
  public let share: Range<Int>
  /// Memory of the networks' passes, which nothing holds between two steps.
  let workspace: Workspace
  private let latents: Tensor
  private let dropouts: [Dropout]
  private let seesBothAtOnce: Bool
  /// What the discriminator sees where that is nowhere else: [2 share, size, size, 3], of each shard the reals before
  /// the fakes; or augmented pictures, [share, size, size, 3], where it sees one kind after the other.
  private let pictures: Tensor?
  /// Where a step's real pictures are put, in [-1, 1]: runs of `share` one behind the other, [count, size, size, 3] each.
  /// Without augmentation it is where the discriminator reads them. A step does not change them.
  public let reals: [Tensor]

  /// Pixels of a batch from which on it keeps the kernels busy by itself. The discriminator then sees reals and fakes one
  /// after the other, for which its activations take half the memory. Before, both go together: filters are read once.
  private static let pixelsOfLargeBatch = 1 << 20

  /// Whether the discriminator sees reals and fakes at once. Shards of a batch share the work of several processes, which
  /// have less of a batch each, and between which each gradient travels once.
  static func seesBothAtOnce(_ batch: Shape, shards: Int) -> Bool { shards > 1 || batch.rows < pixelsOfLargeBatch }

  /// Draws fresh parameters: the generator's, then the discriminator's, in the order of their layers.
  /// - Parameter execution: where it has a sharding, this trains the whole batch's share of it.
  public init(
    _ networks: GANDescription, options: TrainingOptions = TrainingOptions(), seed: UInt64,
    execution: Execution
  ) {
    self.networks = networks
    self.options = options
    self.execution = execution
    workspace = Workspace()
    generator = Generator(networks, execution: execution, workspace: workspace)
    discriminator = Sequential("D", networks.discriminator, execution: execution, workspace: workspace)
    generatorAdam = Adam(rate: options.generatorRate, beta1: options.beta1, beta2: options.beta2)
    discriminatorAdam = Adam(rate: options.discriminatorRate, beta1: options.beta1, beta2: options.beta2)
    dropouts = [generator.network, discriminator].flatMap { $0.leaves.compactMap { $0 as? Dropout } }
    random = RandomGenerator(seed: seed)
    generator.network.initialize(&random)
    discriminator.initialize(&random)
    share = execution.sharding?.share ?? 0..<options.batchSize
    latents = Tensor(generator.latentShape(share.count))
    seesBothAtOnce = GANTrainer.seesBothAtOnce(
      generator.pictureShape(options.batchSize), shards: execution.sharding?.sizes.count ?? 1)
    pictures =
      seesBothAtOnce
      ? Tensor(generator.pictureShape(2 * share.count))
      : options.augmentation.isEmpty ? nil : Tensor(generator.pictureShape(share.count))
    if seesBothAtOnce && options.augmentation.isEmpty {
      reals = execution.sharding.runs(of: share.count).map { [pictures] in
        pictures!.images(GANTrainer.places($0).reals)
      }
    } else {
      reals = [Tensor(generator.pictureShape(share.count))]
    }
  }

  /// Of a shard among the reals and fakes that the discriminator sees at once.
  private static func places(_ shard: Range<Int>) -> (reals: Range<Int>, fakes: Range<Int>) {
    let middle = shard.lowerBound + shard.upperBound
    return (2 * shard.lowerBound..<middle, middle..<2 * shard.upperBound)
  }

  /// Calls `fill` with each run of this process's pictures, and with the place for it: see `reals`.
  public func fillReals(_ fill: (_ pictures: Range<Int>, _ place: UnsafeMutablePointer<Float>) -> Void) {
    var first = 0
    for place in reals {
      fill(first..<first + place.shape.n, place.pointer)
      first += place.shape.n
    }
  }

  /// Steps done so far; set it when going on from a checkpoint.
  public var steps: Int {
    get { generatorAdam.steps }
    set {
      generatorAdam.steps = newValue
      discriminatorAdam.steps = newValue
    }
  }

  /// One update of the discriminator and one of the generator on the pictures in `reals`, with latents, augmentations and
  /// what drops out drawn from `random`.
  public func step() -> StepResult {
    precondition(execution.sharding == nil, "latents of a share are drawn with those of the batch")
    generator.drawLatents(latents, seed: random.next())
    return step(latents: latents, seed: options.augmentation.isEmpty && dropouts.isEmpty ? 0 : random.next())
  }

  /// The step with given latents [share, 1, 1, zDimension], which both updates use: the generator runs forward once. It ends
  /// at a loss that is not finite, before that spoils gradients and weights; a loss not computed is NaN.
  /// - Parameter seed: of this step's augmentations, which are drawn anew for the reals and for each look at the fakes, and of
  ///   what drops out.
  public func step(latents: Tensor, seed: UInt64) -> StepResult {
    precondition(latents.shape == generator.latentShape(share.count), "latents \(latents.shape)")
    defer {
      generator.network.discard()
      discriminator.discard()
    }
    var draws = RandomGenerator(seed: seed)
    var seeds = RandomGenerator(seed: ~seed)
    for dropout in dropouts { dropout.random = RandomGenerator(seed: seeds.next()) }
    let fakes = generator.network.forward(latents, mode: .training())
    var result = StepResult(discriminatorLoss: .nan, generatorLoss: .nan, meanReal: .nan, meanFake: .nan)
    let changes = (changes(&draws), changes(&draws))
    let isFinite =
      seesBothAtOnce ? gradientsAtOnce(fakes, changes, &result) : gradientsInTurn(fakes, changes, &result)
    guard isFinite else { return result }
    execution.measure("D adam") { discriminatorAdam.update(discriminator.store, context: execution.context) }

    let augmentation = self.changes(&draws)
    let seen = shown(fakes, augmentation)
    let logits = discriminator.forward(seen, mode: .training())
    let gradient = Tensor(logits.shape)
    let losses = shards.map { shard in
      options.loss.generator(logits.images(shard), of: options.batchSize, into: gradient.images(shard))
    }
    result.generatorLoss = total(losses, 1)[0]
    guard result.generatorLoss.isFinite else { return result }
    var pictureGradient = discriminator.backward(gradient, parameters: .none, input: true)!
    if let augmentation {
      // Over the pictures, which have been seen.
      execution.measure("augment bwd") { augmentation.backward(pictureGradient, into: seen, execution.context) }
      pictureGradient = seen
    }
    generator.network.backward(pictureGradient, parameters: .overwrite, input: false)
    execution.measure("G adam") { generatorAdam.update(generator.store, context: execution.context) }

    return result
  }

  /// The discriminator's losses and gradients from one pass over reals and fakes: the filters are read once for both, and
  /// their gradients are summed over both.
  /// - Returns: whether both losses are finite; otherwise there are no gradients.
  private func gradientsAtOnce(
    _ fakes: Tensor, _ changes: (reals: BatchAugmentation?, fakes: BatchAugmentation?), _ result: inout StepResult
  ) -> Bool {
    let pictures = pictures!
    for shard in shards {
      let places = GANTrainer.places(shard)
      if let changes = changes.reals {
        show(reals[0].images(shard), in: pictures.images(places.reals), changes.pictures(shard))
      }
      show(fakes.images(shard), in: pictures.images(places.fakes), changes.fakes?.pictures(shard))
    }
    let logits = discriminator.forward(pictures, mode: .training(parts: 2))
    let logitGradient = Tensor(logits.shape)
    var sums: [Double] = []
    for shard in shards {
      let (reals, fakes) = GANTrainer.places(shard)
      sums += lossOfReals(logits.images(reals), into: logitGradient.images(reals))
      sums += lossOfFakes(logits.images(fakes), into: logitGradient.images(fakes))
    }
    sums = total(sums, 4)
    (result.discriminatorLoss, result.meanReal, result.meanFake) = (sums[0] + sums[2], sums[1], sums[3])
    guard result.discriminatorLoss.isFinite else { return false }
    discriminator.backward(logitGradient, parameters: .overwrite, input: false)
    return true
  }

  /// The same from a pass over the reals and one over the fakes.
  private func gradientsInTurn(
    _ fakes: Tensor, _ changes: (reals: BatchAugmentation?, fakes: BatchAugmentation?), _ result: inout StepResult
  ) -> Bool {
    let ofReals = discriminator.forward(shown(reals[0], changes.reals), mode: .training())
    let gradient = Tensor(ofReals.shape)
    let real = lossOfReals(ofReals, into: gradient)
    result.meanReal = real[1]
    guard real[0].isFinite else { return false }
    discriminator.backward(gradient, parameters: .overwrite, input: false)
    let fake = lossOfFakes(
      discriminator.forward(shown(fakes, changes.fakes), mode: .training()), into: gradient)
    result.meanFake = fake[1]
    result.discriminatorLoss = real[0] + fake[0]
    guard fake[0].isFinite else { return false }
    discriminator.backward(gradient, parameters: .accumulate, input: false)
    return true
  }

  /// The loss of some of a batch's real pictures and their mean probability, each a share of the batch's. Overwrites
  /// `gradient`.
  private func lossOfReals(_ logits: Tensor, into gradient: Tensor) -> [Double] {
    let loss = options.loss.real(
      logits, smoothing: options.labelSmoothing, of: options.batchSize, into: gradient)
    return [loss, meanSigmoid(logits, of: options.batchSize)]
  }

  /// The same of fakes.
  private func lossOfFakes(_ logits: Tensor, into gradient: Tensor) -> [Double] {
    let loss = options.loss.fake(logits, of: options.batchSize, into: gradient)
    return [loss, meanSigmoid(logits, of: options.batchSize)]
  }

  /// Runs of this process's pictures that are summed by themselves.
  private var shards: [Range<Int>] { execution.sharding.runs(of: share.count) }

  /// The sums over all shards, in their order, of `count` figures that each of this process's has.
  private func total(_ mine: [Double], _ count: Int) -> [Double] {
    guard let sharding = execution.sharding else { return mine }
    let all = sharding.gather(mine, perShard: count)
    return (0..<count).map { i in stride(from: i, to: all.count, by: count).reduce(0) { $0 + all[$1] } }
  }

  /// What is done to the pictures of this process, drawn with those of the whole batch; nil for nothing.
  private func changes(_ draws: inout RandomGenerator) -> BatchAugmentation? {
    if options.augmentation.isEmpty { return nil }
    return BatchAugmentation(options.augmentation, generator.pictureShape(options.batchSize), &draws).pictures(share)
  }

  /// Pictures as the discriminator is to see them: as they are, or changed in a place of their own until the next call.
  private func shown(_ original: Tensor, _ changes: BatchAugmentation?) -> Tensor {
    guard let changes, let place = pictures?.images(0..<share.count) else { return original }
    show(original, in: place, changes)
    return place
  }

  /// Overwrites `place` with pictures as the discriminator is to see them.
  private func show(_ original: Tensor, in place: Tensor, _ changes: BatchAugmentation?) {
    guard let changes else {
      let (pictures, elements) = (original.shape.n, original.shape.elements)
      return execution.context.copyRows(
        original.pointer, rows: pictures, count: elements, step: elements, to: place.pointer, step: elements)
    }
    execution.measure("augment fwd") { changes.forward(original, into: place, execution.context) }
  }
}
