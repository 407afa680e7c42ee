// What each step of a run sees: a function of the run's options and of its position, so that every rank can compute its
// share of it.

import Generation
import Random

/// The steps of a run on one data set.
struct Batches {
  let dataset: Dataset
  let options: RunOptions
  let randomness: RandomStreams
  /// Which pictures of each batch are wanted.
  let share: Range<Int>

  private var order: (epoch: Int, pictures: [Int]) = (-1, [])

  init(_ dataset: Dataset, _ options: RunOptions, share: Range<Int>?) {
    self.dataset = dataset
    self.options = options
    randomness = RandomStreams(seed: options.seed)
    self.share = share ?? 0..<options.batchSize
  }

  /// Trains the step that comes behind a position.
  mutating func step(_ model: any TrainingModel, at position: Position) -> StepFigures {
    let step = position.step + 1
    if order.epoch != position.epoch {
      order = (position.epoch, randomness.order(epoch: position.epoch, count: dataset.count))
    }
    let first = position.pictureInEpoch + share.lowerBound
    let chosen = Array(order.pictures[first..<first + share.count])
    let mirrored = options.mirror ? Array(randomness.mirrored(step: step, count: options.batchSize)[share]) : []
    return model.step(
      z: latent(step: step), rateScale: position.rateScale * decay(at: position), seed: randomness.seed(.step, step)
    ) { pictures, place in
      dataset.fillBatch(
        Array(chosen[pictures]), mirrored: mirrored.isEmpty ? [] : Array(mirrored[pictures]), into: place)
    }
  }

  private func latent(step: Int) -> [Float] {
    let dimension = options.zDimension
    let z = Latent.vector(
      seed: randomness.seed(.latent, step), dimension: options.batchSize * dimension,
      distribution: options.zDistribution)
    return Array(z[share.lowerBound * dimension..<share.upperBound * dimension])
  }

  /// What `--lr-decay` makes of the rates.
  private func decay(at position: Position) -> Float {
    guard let span = options.decay else { return 1 }
    let pictures = dataset.count / options.batchSize * options.batchSize
    let epoch = Float(position.epoch) + Float(position.pictureInEpoch) / Float(pictures)
    let share = (epoch - Float(span.first)) / Float(span.last - span.first)
    return max(Trainer.smallestDecay, 1 - min(max(share, 0), 1))
  }
}
