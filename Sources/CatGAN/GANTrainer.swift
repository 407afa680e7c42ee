import Generation
import Layers

/// What one training step reports.
public struct StepResult: Hashable, Sendable {
  /// The discriminator's loss on reals plus that on fakes, before its update; 2 ln 2 at chance.
  public var discriminatorLoss: Double
  /// The generator's loss, after the discriminator's update; ln 2 at chance.
  public var generatorLoss: Double
  /// Mean probability that the discriminator gives reals, and fakes, of being real; before its update.
  public var meanReal: Double
  public var meanFake: Double
}

/// The two networks, their optimisers and the training step. Randomness comes from `random` alone, whose state together
/// with the parameters, moments and step count is all that training goes on from.
public final class GANTrainer {
  public let configuration: NetworkConfiguration
  public let options: TrainingOptions
  public let execution: Execution
  public let generator: Generator
  public let discriminator: Discriminator
  public let generatorAdam: Adam
  public let discriminatorAdam: Adam
  public var random: RandomGenerator

  private let latents: Tensor

  /// Draws fresh parameters: the generator's, then the discriminator's, in the order of their layers.
  public init(
    _ configuration: NetworkConfiguration, options: TrainingOptions = TrainingOptions(), seed: UInt64,
    execution: Execution
  ) {
    self.configuration = configuration
    self.options = options
    self.execution = execution
    let workspace = Workspace()
    generator = Generator(configuration, execution: execution, workspace: workspace)
    discriminator = Discriminator(configuration, execution: execution, workspace: workspace)
    generatorAdam = Adam(rate: options.generatorRate, beta1: options.beta1, beta2: options.beta2)
    discriminatorAdam = Adam(rate: options.discriminatorRate, beta1: options.beta1, beta2: options.beta2)
    random = RandomGenerator(seed: seed)
    generator.store.initialize(&random)
    discriminator.store.initialize(&random)
    latents = Tensor(generator.latentShape(options.batchSize))
  }

  /// Steps done so far; set it when going on from a checkpoint.
  public var steps: Int {
    get { generatorAdam.steps }
    set {
      generatorAdam.steps = newValue
      discriminatorAdam.steps = newValue
    }
  }

  /// One update of the discriminator and one of the generator on a batch of real pictures, with latents drawn from
  /// `random`.
  /// - Parameter reals: [batchSize, size, size, 3] in [-1, 1]; not changed.
  public func step(reals: Tensor) -> StepResult {
    generator.drawLatents(latents, &random)
    return step(reals: reals, latents: latents)
  }

  /// The step with given latents [batchSize, 1, 1, zDim], which both updates use: the generator runs forward once.
  public func step(reals: Tensor, latents: Tensor) -> StepResult {
    precondition(reals.shape == generator.pictureShape(options.batchSize), "reals \(reals.shape)")
    precondition(latents.shape == generator.latentShape(options.batchSize), "latents \(latents.shape)")
    let fakes = generator.network.forward(latents, training: true)

    let realLogits = discriminator.logits(reals)
    let meanReal = meanSigmoid(realLogits)
    let (realLoss, realGradient) = sigmoidCrossEntropy(logits: realLogits, target: Float(1 - options.labelSmoothing))
    discriminator.network.backward(realGradient, parameters: .overwrite, input: false)
    let fakeLogits = discriminator.logits(fakes)
    let meanFake = meanSigmoid(fakeLogits)
    let (fakeLoss, fakeGradient) = sigmoidCrossEntropy(logits: fakeLogits, target: 0)
    discriminator.network.backward(fakeGradient, parameters: .accumulate, input: false)
    execution.measure("D adam") { discriminatorAdam.update(discriminator.store, context: execution.context) }

    let (generatorLoss, gradient) = sigmoidCrossEntropy(logits: discriminator.logits(fakes), target: 1)
    let pictureGradient = discriminator.network.backward(gradient, parameters: .none, input: true)!
    generator.network.backward(pictureGradient, parameters: .overwrite, input: false)
    execution.measure("G adam") { generatorAdam.update(generator.store, context: execution.context) }

    return StepResult(
      discriminatorLoss: realLoss + fakeLoss, generatorLoss: generatorLoss, meanReal: meanReal, meanFake: meanFake)
  }
}
