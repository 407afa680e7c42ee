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
  public var meanFake: Double
}

/// The two networks, their optimisers and the training step. Randomness comes from `random` alone, whose state together
/// with the parameters, moments and step count is all that training goes on from.
public final class GANTrainer {
  public let networks: GANDescription
  public let options: TrainingOptions
  public let execution: Execution
  public let generator: Generator
  /// From pictures in [-1, 1] to logits [n, 1, 1, 1], positive for real. It always uses the batch's statistics.
  public let discriminator: Sequential
  public let generatorAdam: Adam
  public let discriminatorAdam: Adam
  public var random: RandomGenerator

  /// Pictures of the batch that this process computes.
  public let share: Range<Int>
  private let latents: Tensor
  /// What the discriminator's update sees, [2 pictures, size, size, 3]: of each shard the reals before the fakes.
  private let pictures: Tensor

  /// Draws fresh parameters: the generator's, then the discriminator's, in the order of their layers.
  /// - Parameter execution: where it has a sharding, this trains the whole batch's share of it.
  public init(
    _ networks: GANDescription, options: TrainingOptions = TrainingOptions(), seed: UInt64,
    execution: Execution
  ) {
    self.networks = networks
    self.options = options
    self.execution = execution
    let workspace = Workspace()
    generator = Generator(networks, execution: execution, workspace: workspace)
    discriminator = Sequential("D", networks.discriminator, execution: execution, workspace: workspace)
    generatorAdam = Adam(rate: options.generatorRate, beta1: options.beta1, beta2: options.beta2)
    discriminatorAdam = Adam(rate: options.discriminatorRate, beta1: options.beta1, beta2: options.beta2)
    random = RandomGenerator(seed: seed)
    generator.network.initialize(&random)
    discriminator.initialize(&random)
    share = execution.sharding?.share ?? 0..<options.batchSize
    latents = Tensor(generator.latentShape(share.count))
    pictures = Tensor(generator.pictureShape(2 * share.count))
  }

  /// Steps done so far; set it when going on from a checkpoint.
  public var steps: Int {
    get { generatorAdam.steps }
    set {
      generatorAdam.steps = newValue
      discriminatorAdam.steps = newValue
    }
  }

  /// One update of the discriminator and one of the generator on a batch of real pictures, with latents and augmentations
  /// drawn from `random`.
  /// - Parameter reals: [share, size, size, 3] in [-1, 1]; not changed.
  public func step(reals: Tensor) -> StepResult {
    precondition(execution.sharding == nil, "latents of a share are drawn with those of the batch")
    generator.drawLatents(latents, seed: random.next())
    return step(reals: reals, latents: latents, seed: options.augmentation.isEmpty ? 0 : random.next())
  }

  /// The step with given latents [share, 1, 1, zDimension], which both updates use: the generator runs forward once. It ends
  /// at a loss that is not finite, before that spoils gradients and weights; a loss not computed is NaN.
  /// - Parameter seed: of the augmentations, which are drawn anew for the reals and for each look at the fakes.
  public func step(reals: Tensor, latents: Tensor, seed: UInt64 = 0) -> StepResult {
    precondition(reals.shape == generator.pictureShape(share.count), "reals \(reals.shape)")
    precondition(latents.shape == generator.latentShape(share.count), "latents \(latents.shape)")
    var draws = RandomGenerator(seed: seed)
    // Of this process's pictures; for each of them there are a real one and a fake.
    let shards = execution.sharding?.ranges(share.count) ?? [0..<share.count]
    func places(_ shard: Range<Int>) -> (reals: Range<Int>, fakes: Range<Int>) {
      let middle = shard.lowerBound + shard.upperBound
      return (2 * shard.lowerBound..<middle, middle..<2 * shard.upperBound)
    }
    let batch = options.batchSize
    let fakes = generator.network.forward(latents, mode: .training())

    // In one go: the filters are read once for both, and their gradients are summed over both.
    let (realChanges, fakeChanges) = (changes(&draws), changes(&draws))
    for shard in shards {
      show(reals.pictures(shard), in: pictures.pictures(places(shard).reals), realChanges?.pictures(shard))
      show(fakes.pictures(shard), in: pictures.pictures(places(shard).fakes), fakeChanges?.pictures(shard))
    }
    let logits = discriminator.forward(pictures, mode: .training(parts: 2))
    let logitGradient = Tensor(logits.shape)
    var sums: [Double] = []
    for shard in shards {
      let (realLogits, fakeLogits) = (logits.pictures(places(shard).reals), logits.pictures(places(shard).fakes))
      let (realLoss, realGradient) = options.loss.real(realLogits, smoothing: options.labelSmoothing, of: batch)
      let (fakeLoss, fakeGradient) = options.loss.fake(fakeLogits, of: batch)
      logitGradient.pictures(places(shard).reals).copy(from: realGradient)
      logitGradient.pictures(places(shard).fakes).copy(from: fakeGradient)
      sums += [realLoss, fakeLoss, meanSigmoid(realLogits, of: batch), meanSigmoid(fakeLogits, of: batch)]
    }
    sums = total(sums, 4)
    var result = StepResult(
      discriminatorLoss: sums[0] + sums[1], generatorLoss: .nan, meanReal: sums[2], meanFake: sums[3])
    guard result.discriminatorLoss.isFinite else { return result }
    discriminator.backward(logitGradient, parameters: .overwrite, input: false)
    execution.measure("D adam") { discriminatorAdam.update(discriminator.store, context: execution.context) }

    // Fakes that are not augmented are seen as they are; others in the place of what has been seen.
    let augmentation = changes(&draws)
    var seen = fakes
    if let augmentation {
      seen = pictures.pictures(share.count..<2 * share.count)
      show(fakes, in: seen, augmentation)
    }
    let fakeLogits = discriminator.forward(seen, mode: .training())
    let gradient = Tensor(fakeLogits.shape)
    sums = total(
      shards.map { shard in
        let (loss, shardGradient) = options.loss.generator(fakeLogits.pictures(shard), of: batch)
        gradient.pictures(shard).copy(from: shardGradient)
        return loss
      }, 1)
    result.generatorLoss = sums[0]
    guard result.generatorLoss.isFinite else { return result }
    var pictureGradient = discriminator.backward(gradient, parameters: .none, input: true)!
    if let augmentation {
      let before = pictures.pictures(0..<share.count)
      execution.measure("augment bwd") { augmentation.backward(pictureGradient, into: before, execution.context) }
      pictureGradient = before
    }
    generator.network.backward(pictureGradient, parameters: .overwrite, input: false)
    execution.measure("G adam") { generatorAdam.update(generator.store, context: execution.context) }

    return result
  }

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

  /// Overwrites `place` with pictures as the discriminator is to see them.
  private func show(_ original: Tensor, in place: Tensor, _ changes: BatchAugmentation?) {
    guard let changes else { return place.copy(from: original) }
    execution.measure("augment fwd") { changes.forward(original, into: place, execution.context) }
  }
}
