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

  private let latents: Tensor
  /// What the discriminator's update sees: [2 batchSize, size, size, 3], reals before fakes.
  private let pictures: Tensor

  /// Draws fresh parameters: the generator's, then the discriminator's, in the order of their layers.
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
    latents = Tensor(generator.latentShape(options.batchSize))
    pictures = Tensor(generator.pictureShape(2 * options.batchSize))
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
  /// - Parameter reals: [batchSize, size, size, 3] in [-1, 1]; not changed.
  public func step(reals: Tensor) -> StepResult {
    generator.drawLatents(latents, seed: random.next())
    return step(reals: reals, latents: latents, seed: options.augmentation.isEmpty ? 0 : random.next())
  }

  /// The step with given latents [batchSize, 1, 1, zDimension], which both updates use: the generator runs forward once. It ends
  /// at a loss that is not finite, before that spoils gradients and weights; a loss not computed is NaN.
  /// - Parameter seed: of the augmentations, which are drawn anew for the reals and for each look at the fakes.
  public func step(reals: Tensor, latents: Tensor, seed: UInt64 = 0) -> StepResult {
    precondition(reals.shape == generator.pictureShape(options.batchSize), "reals \(reals.shape)")
    precondition(latents.shape == generator.latentShape(options.batchSize), "latents \(latents.shape)")
    var draws = RandomGenerator(seed: seed)
    let (first, second) = (0..<options.batchSize, options.batchSize..<2 * options.batchSize)
    let fakes = generator.network.forward(latents, mode: .training())

    // In one go: the filters are read once for both, and their gradients are summed over both.
    show(reals, in: pictures.pictures(first), &draws)
    show(fakes, in: pictures.pictures(second), &draws)
    let logits = discriminator.forward(pictures, mode: .training(parts: 2))
    let (realLogits, fakeLogits) = (logits.pictures(first), logits.pictures(second))
    let (realLoss, realGradient) = options.loss.real(realLogits, smoothing: options.labelSmoothing)
    let (fakeLoss, fakeGradient) = options.loss.fake(fakeLogits)
    var result = StepResult(
      discriminatorLoss: realLoss + fakeLoss, generatorLoss: .nan, meanReal: meanSigmoid(realLogits),
      meanFake: meanSigmoid(fakeLogits))
    guard result.discriminatorLoss.isFinite else { return result }
    let logitGradient = Tensor(logits.shape)
    logitGradient.pictures(first).copy(from: realGradient)
    logitGradient.pictures(second).copy(from: fakeGradient)
    discriminator.backward(logitGradient, parameters: .overwrite, input: false)
    execution.measure("D adam") { discriminatorAdam.update(discriminator.store, context: execution.context) }

    // Fakes that are not augmented lie there already.
    let augmentation = options.augmentation.isEmpty ? nil : show(fakes, in: pictures.pictures(second), &draws)
    let (generatorLoss, gradient) = options.loss.generator(
      discriminator.forward(pictures.pictures(second), mode: .training()))
    result.generatorLoss = generatorLoss
    guard generatorLoss.isFinite else { return result }
    var pictureGradient = discriminator.backward(gradient, parameters: .none, input: true)!
    if let augmentation {
      // Over the reals, which have been seen.
      let before = pictures.pictures(first)
      execution.measure("augment bwd") { augmentation.backward(pictureGradient, into: before, execution.context) }
      pictureGradient = before
    }
    generator.network.backward(pictureGradient, parameters: .overwrite, input: false)
    execution.measure("G adam") { generatorAdam.update(generator.store, context: execution.context) }

    return result
  }

  /// Overwrites `place` with pictures as the discriminator is to see them.
  /// - Returns: what was done to them, or nil.
  @discardableResult
  private func show(_ original: Tensor, in place: Tensor, _ draws: inout RandomGenerator) -> BatchAugmentation? {
    if options.augmentation.isEmpty {
      place.copy(from: original)
      return nil
    }
    let augmentation = BatchAugmentation(options.augmentation, original.shape, &draws)
    execution.measure("augment fwd") { augmentation.forward(original, into: place, execution.context) }
    return augmentation
  }
}
