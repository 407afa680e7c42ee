// The networks as the loop sees them: the training step, the averaged generator, and their checkpoints.

import Cluster
import Generation
import Layers
import Networks
import Random
import Storage

/// Trains a `GANTrainer` and keeps the running average of its generator where one is asked for.
public final class GANModel: TrainingModel {
  /// The networks and their optimisers, whose rates each step sets anew.
  public let trainer: GANTrainer
  /// The averaged generator, or nil.
  public let average: Generator?
  /// The batch size of checkpoints that count the steps of their epoch and not its pictures, as older versions saved
  /// them; nil for that of the options.
  public var earlierBatchSize: Int?
  private let options: RunOptions
  private let dataset: DatasetSummary
  private let version: String
  let latents: Tensor
  private var statisticsAreCurrent = false
  /// Whether the last step came to losses, all of them finite.
  private(set) var lossesAreFinite = true

  /// Draws fresh weights from the run's seed.
  public init(
    _ options: RunOptions, data: DatasetSummary, version: String, context: Context,
    communicator: Communicator = Communicator()
  ) {
    self.options = options
    self.dataset = data
    self.version = version
    let execution = Execution(context: context)
    if options.shards > 1 || communicator.count > 1 {
      execution.sharding = Sharding(batch: options.batchSize, shards: options.shards, communicator: communicator)
    }
    var training = TrainingOptions()
    training.batchSize = options.batchSize
    training.generatorRate = Double(options.generatorRate)
    training.discriminatorRate = Double(options.discriminatorRate)
    training.beta1 = Double(options.beta1)
    training.beta2 = options.beta2
    training.labelSmoothing = Double(options.labelSmoothing)
    training.loss = options.loss
    training.augmentation = Set(options.augmentation)
    let networks = options.networks
    trainer = GANTrainer(
      networks, options: training, seed: RandomStreams(seed: options.seed).seed(.weights), execution: execution)
    latents = Tensor(trainer.generator.latentShape(trainer.share.count))
    if options.averaging > 0 {
      // Its statistics are those of whole batches, in one process.
      let average = Generator(networks, execution: Execution(context: context), workspace: trainer.workspace)
      average.store.copyValues(from: trainer.generator.store)
      self.average = average
    } else {
      average = nil
    }
  }

  /// Takes the weights and running statistics of another training's generator, and its average begins there too; the
  /// discriminator stays as it is. Of a checkpoint it is the averaged generator where there is one.
  /// - Returns: the file's digest.
  /// - Throws: `StorageError` naming the file and what is wrong with it; nothing has changed then.
  public func beginFrom(generatorOf path: String) throws -> String {
    let digest = try Checkpoint.loadFinishedGenerator(
      of: path, into: trainer.generator.store, like: trainer.networks)
    average?.store.copyValues(from: trainer.generator.store)
    statisticsAreCurrent = false
    return digest
  }

  /// Takes the weights and running statistics of another training's discriminator, with the same promises.
  public func beginFrom(discriminatorOf path: String) throws -> String {
    try Checkpoint.loadDiscriminator(of: path, into: trainer.discriminator.store, like: trainer.networks)
  }

  public var imageSize: Int { trainer.networks.imageSize }
  public var share: Range<Int>? { trainer.share }

  /// Bytes that this rank has sent to others so far.
  public var bytesSent: Int { trainer.execution.sharding?.communicator.bytesSent ?? 0 }

  /// Bytes of gradients that each rank sends in a step, by rank, as their sizes have it; empty for a process by itself.
  public var gradientBytes: [Int] {
    guard let sharding = trainer.execution.sharding, sharding.communicator.count > 1 else { return [] }
    let parameters = [trainer.generator.store, trainer.discriminator.store].flatMap(\.parameters)
    return sharding.bytesSent(gradients: parameters.filter(\.isTrained).map(\.count))
  }

  public func shareState() {
    guard let communicator = trainer.execution.sharding?.communicator, communicator.count > 1 else { return }
    let stores = [trainer.generator.store, trainer.discriminator.store] + (average.map { [$0.store] } ?? [])
    for (i, store) in stores.enumerated() {
      for parameter in store.parameters {
        let isMoved = parameter.isTrained && i < 2
        for buffer in [parameter.value] + (isMoved ? [parameter.firstMoment, parameter.secondMoment] : []) {
          communicator.broadcast(buffer.pointer, count: buffer.count * MemoryLayout<Float>.stride)
        }
        parameter.changed()
      }
      for counter in store.counters { communicator.broadcast(&counter.value, count: MemoryLayout<Int>.size) }
    }
    communicator.broadcast(&trainer.steps, count: MemoryLayout<Int>.size)
    var state = trainer.random.state
    communicator.broadcast(&state, count: MemoryLayout<UInt64>.size)
    trainer.random = RandomGenerator(state: state)
    lossesAreFinite = true
  }

  public func step(
    z: [Float], rateScale: Float, seed: UInt64,
    reals fill: (_ pictures: Range<Int>, _ place: UnsafeMutablePointer<Float>) -> Void
  ) -> StepFigures {
    precondition(z.count == latents.count)
    trainer.fillReals(fill)
    z.withUnsafeBufferPointer { latents.pointer.update(from: $0.baseAddress!, count: $0.count) }
    trainer.generatorAdam.rate = trainer.options.generatorRate * Double(rateScale)
    trainer.discriminatorAdam.rate = trainer.options.discriminatorRate * Double(rateScale)
    let result = trainer.step(latents: latents, seed: seed)
    if let average { updateAverage(average) }
    let figures = StepFigures(
      discriminatorLoss: Float(result.discriminatorLoss), generatorLoss: Float(result.generatorLoss),
      realProbability: Float(result.meanReal), fakeProbability: Float(result.meanFake))
    lossesAreFinite = figures.isFinite
    return figures
  }

  /// average = decay * average + (1 - decay) * weights. Over the first steps the decay is lower, (1 + t) / (10 + t), so that
  /// the average forgets the random weights that it began with.
  private func updateAverage(_ average: Generator) {
    let t = Double(trainer.steps)
    let decay = min(Double(options.averaging), (1 + t) / (10 + t))
    for (mine, theirs) in zip(average.store.trained, trainer.generator.store.trained) {
      trainer.execution.context.movingAverage(mine.value, value: theirs.value, decay: decay)
      mine.changed()
    }
    statisticsAreCurrent = false
  }

  /// Batches that the averaged generator's statistics are taken over.
  private static let statisticsBatches = 8

  /// Gives the averaged generator the batch-norm statistics of its own activations: an average of the statistics of weights
  /// that were trained apart belongs to none of them. They follow from the weights and the seed alone.
  private func updateStatistics(_ average: Generator) {
    if statisticsAreCurrent { return }
    var random = RandomGenerator(seed: RandomStreams(seed: options.seed).seed(.statistics))
    for norm in average.batchNorms { norm.resetRunningStatistics() }
    let batch = Tensor(average.latentShape(options.batchSize))
    for _ in 0..<GANModel.statisticsBatches {
      average.drawLatents(batch, seed: random.next())
      _ = average.network.forward(batch, mode: .training())
    }
    average.network.discard()
    statisticsAreCurrent = true
  }

  public func samples(z: [Float], count: Int) throws -> [Float] {
    if let average { updateStatistics(average) }
    let generator = average ?? trainer.generator
    defer { generator.network.discard() }
    let length = trainer.networks.zDimension
    var pictures: [Float] = []
    var first = 0
    while first < count {
      let size = min(trainer.share.count, count - first)
      let batch = Tensor(generator.latentShape(size), values: Array(z[first * length..<(first + size) * length]))
      pictures += generator.pictures(batch).array
      first += size
    }
    return pictures
  }

  public func save(_ position: Position, to path: String, fileSystem: any FileSystem) throws {
    if let average { updateStatistics(average) }
    var state = CheckpointState()
    state.step = position.step
    state.epoch = position.epoch
    state.stepInEpoch = position.pictureInEpoch / options.batchSize
    state.pictureInEpoch = position.pictureInEpoch
    state.rateScale = position.rateScale
    state.seed = options.seed
    state.data = "\(dataset.pictures) pictures of \(dataset.size)x\(dataset.size)"
    state.dataDigest = dataset.digest
    state.fit = options.fit.rawValue
    state.version = version
    try Checkpoint.save(
      trainer, average: average, state: state, to: path, overwrite: true, fileSystem: fileSystem)
  }

  public func check(_ path: String) throws { try Checkpoint.check(path, for: trainer, average: average?.store) }

  public func load(_ path: String) throws -> Position {
    let state = try Checkpoint.load(path, into: trainer, average: average?.store)
    statisticsAreCurrent = false
    lossesAreFinite = true
    var position = Position()
    position.step = state.step
    position.epoch = state.epoch
    position.pictureInEpoch = state.pictureInEpoch ?? state.stepInEpoch * (earlierBatchSize ?? options.batchSize)
    position.rateScale = state.rateScale
    return position
  }
}
