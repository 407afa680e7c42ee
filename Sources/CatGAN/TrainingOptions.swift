/// Rates and choices of the training recipe; the defaults are the plain recipe.
public struct TrainingOptions: Hashable, Sendable {
  /// Real pictures of a step; it makes as many fakes.
  public var batchSize = 64
  /// The generator's learning rate in Adam, above 0.
  public var generatorRate = 2e-4
  /// The discriminator's learning rate in Adam, above 0.
  public var discriminatorRate = 5e-5
  /// Decay of the gradient's average in both networks' Adam, in 0..<1.
  public var beta1 = 0.5
  /// Decay of the squared gradient's average, in 0..<1.
  public var beta2 = 0.999
  /// Real pictures are to be called real with probability 1 minus this.
  public var labelSmoothing = 0.1
  /// What the two networks are asked to make small.
  public var loss = AdversarialLoss.crossEntropy
  /// What happens at random to all pictures before the discriminator sees them.
  public var augmentation: Set<Augmentation> = []

  /// The plain recipe.
  public init() {}
}
