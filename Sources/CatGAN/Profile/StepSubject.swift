import Layers
import Networks
import Random

/// A training step ready to run: fresh networks and one batch of random pictures.
package struct StepSubject {
  package let shapes: StepShapes
  private let trainer: GANTrainer

  package init(_ networks: GANDescription, batch: Int, context: Context) {
    var options = TrainingOptions()
    options.batchSize = batch
    trainer = GANTrainer(networks, options: options, seed: 1, execution: Execution(context: context))
    shapes = StepShapes(networks, batch: batch)
    var random = RandomGenerator(seed: 1)
    for place in trainer.reals {
      for i in 0..<place.count { place.pointer[i] = random.uniform(-1, 1) }
    }
    // Only the next step finds its memory where this one has shown it to be needed.
    step()
  }

  package func step() { _ = trainer.step() }

  /// Runs a step and returns its parts in order.
  /// - Parameter tasks: whether to record the tasks of parallel regions, which then run one after another, cut as for the
  ///   context's threads. A cut for many cores serves for fewer too, whose own tasks would be fewer and larger.
  package func record(tasks: Bool = false) -> [StepPart] {
    let (execution, context) = (trainer.execution, trainer.execution.context)
    var parts: [StepPart] = []
    var regions: [ParallelRegion] = []
    var start = (wall: monotonicTime(), processor: processorTime())
    func close(_ name: String) {
      let (seconds, processor) = (monotonicTime() - start.wall, processorTime() - start.processor)
      var part = StepPart(regions, seconds: seconds)
      (part.name, part.processor, part.bytes) = (name, processor, shapes.parts[name]?.bytes ?? 0)
      if name.hasSuffix(" bwd-filter") {
        part.gradientBytes = Double(4 * (shapes.parts[name]?.shape?.filterCount ?? 0))
      }
      parts.append(part)
      regions = []
      start = (monotonicTime(), processorTime())
    }
    if tasks { context.taskObserver = { regions.append($0) } }
    execution.observer = { name, work in
      close("")
      work()
      close(name)
    }
    defer { (context.taskObserver, execution.observer) = (nil, nil) }
    step()
    close("")
    return parts
  }

  /// The shortest time of each task in several steps: one that another program interrupted would look like a split that is
  /// too coarse.
  package func recordTasks(repetitions: Int) -> [StepPart] {
    _ = record(tasks: true)
    var best = record(tasks: true)
    for _ in 1..<max(repetitions, 1) { best.keepMinima(of: record(tasks: true)) }
    return best
  }
}
