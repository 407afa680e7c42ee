/// Rates and choices of the training recipe; the defaults are the plain recipe.
public struct TrainingOptions: Hashable, Sendable {
  public var batchSize = 64
  public var generatorRate = 2e-4
  public var discriminatorRate = 5e-5
  public var beta1 = 0.5
  public var beta2 = 0.999
  /// Real pictures are to be called real with probability 1 minus this.
  public var labelSmoothing = 0.1
  public var loss = AdversarialLoss.crossEntropy
  /// What happens at random to all pictures before the discriminator sees them.
  public var augmentation: Set<Augmentation> = []

  public init() {}
}
