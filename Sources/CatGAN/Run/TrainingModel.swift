// What the training loop needs of a model: GANModel has the networks; tests of the loop have a model that takes no time.

import Storage

/// The figures of one training step.
public struct StepFigures: Equatable, Sendable {
  /// The discriminator's loss on reals plus that on fakes, each a mean over the batch, before its update.
  public var discriminatorLoss: Float
  /// The generator's loss, a mean over the batch, after the discriminator's update.
  public var generatorLoss: Float
  /// D(x), the mean over the batch.
  public var realProbability: Float
  /// D(G(z)) before D's update, the mean over the batch.
  public var fakeProbability: Float

  /// - Parameters: as of the properties.
  public init(discriminatorLoss: Float, generatorLoss: Float, realProbability: Float, fakeProbability: Float) {
    self.discriminatorLoss = discriminatorLoss
    self.generatorLoss = generatorLoss
    self.realProbability = realProbability
    self.fakeProbability = fakeProbability
  }

  var isFinite: Bool {
    discriminatorLoss.isFinite && generatorLoss.isFinite && realProbability.isFinite && fakeProbability.isFinite
  }
}

/// How far a run has come, as its checkpoints record it. Together with the seed it determines all that follows: the
/// order of the pictures and every random number are functions of the seed and of these counts.
public struct Position: Equatable, Sendable {
  /// Training steps done.
  public var step = 0
  /// Epochs completed.
  public var epoch = 0
  /// Pictures shown of the epoch after those: the place in its order, whatever the batch size was or will be.
  public var pictureInEpoch = 0
  /// The learning rates are multiplied by this; rolling back lowers it.
  public var rateScale: Float = 1

  /// The beginning of a run.
  public init() {}

  /// For people, who count the epoch that they are in: `step 730, in epoch 3`, `step 810, the end of epoch 3`.
  var words: String {
    if pictureInEpoch > 0 { return "step \(step), in epoch \(epoch + 1)" }
    return epoch == 0 ? "step \(step)" : "step \(step), the end of epoch \(epoch)"
  }
}

/// Networks under training, with the state of their optimizers.
public protocol TrainingModel: AnyObject {
  /// Side of the pictures.
  var imageSize: Int { get }
  /// Which pictures of each batch this process computes; nil for all.
  var share: Range<Int>? { get }
  /// Bytes that this process has sent to others so far.
  var bytesSent: Int { get }

  /// Overwrites the state of all ranks with that of rank 0; called by all of them.
  func shareState()

  /// One step of the discriminator and one of the generator.
  /// - Parameters:
  ///   - z: [share, dimension].
  ///   - rateScale: multiplies both learning rates.
  ///   - seed: of all random numbers that the step draws.
  ///   - reals: called with runs of the share's pictures, one behind the other, and with the place where each goes,
  ///     [pictures.count, size, size, 3] in [-1, 1].
  func step(
    z: [Float], rateScale: Float, seed: UInt64,
    reals fill: (_ pictures: Range<Int>, _ place: UnsafeMutablePointer<Float>) -> Void
  ) -> StepFigures

  /// The name of the tensor in which the last step's values stopped being finite, or nil where all are.
  /// - Parameter thorough: look at every value; otherwise only at what any bad value of a step reaches.
  func firstNonFinite(thorough: Bool) -> String?

  /// Pictures [count, size, size, 3] in [-1, 1] from z [count, dimension], with moving statistics (of the averaged
  /// generator where there is one). Changes nothing that training goes on from.
  func samples(z: [Float], count: Int) throws -> [Float]

  /// Writes the whole state to `path` on the run's disk, whole or not at all.
  func save(_ position: Position, to path: String, fileSystem: any FileSystem) throws

  /// Throws where the file at `path` is not, to its last byte, what `save` wrote for this training. Changes nothing.
  func check(_ path: String) throws

  /// Takes over the whole state of a checkpoint that `save` wrote; on errors nothing has changed.
  func load(_ path: String) throws -> Position
}

/// A model that one process trains.
extension TrainingModel {
  public var share: Range<Int>? { nil }
  public var bytesSent: Int { 0 }
  public func shareState() {}
}
