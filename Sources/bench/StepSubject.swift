import CatGAN
import Kernels
import Layers
import Networks

/// A training step ready to run: fresh networks and one batch of random pictures.
struct StepSubject {
  let trainer: GANTrainer
  private let reals: Tensor

  init(_ networks: GANDescription, batch: Int, context: Context) {
    var options = TrainingOptions()
    options.batchSize = batch
    trainer = GANTrainer(networks, options: options, seed: 1, execution: Execution(context: context))
    reals = Tensor(trainer.generator.pictureShape(batch))
    var random = Random(seed: 1)
    reals.buffer.fill(random: &random)
  }

  func step() { _ = trainer.step(reals: reals) }
}

/// Where the time of a step goes, as the layers themselves report it.
struct StepTrace: Equatable {
  struct Part: Equatable {
    /// Such as `G.trans_conv2 fwd`.
    var name: String
    var calls: Int
    /// Seconds of all calls of one step, one value per step.
    var seconds: [Double]
    /// Processor seconds of all threads, likewise.
    var processor: [Double]
  }

  /// In the order of their first call.
  var parts: [Part] = []
  /// Seconds of each whole step.
  var steps: [Double] = []
  /// What `peak` said before each step.
  var peaks: [Double] = []

  /// Median share of the steps' time that the parts account for.
  var accounted: Double {
    let shares = steps.indices.map { i in parts.reduce(0) { $0 + $1.seconds[i] } / steps[i] }
    return Statistics(shares).median
  }

  /// Runs a step that is not recorded, then `repetitions` that are.
  static func record(_ subject: StepSubject, repetitions: Int, peak: () -> Double) -> StepTrace {
    let execution = subject.trainer.execution
    defer { execution.observer = nil }
    subject.step()
    var trace = StepTrace()
    var indices: [String: Int] = [:]
    for repetition in 0..<repetitions {
      trace.peaks.append(peak())
      for i in trace.parts.indices {
        trace.parts[i].calls = 0
        trace.parts[i].seconds.append(0)
        trace.parts[i].processor.append(0)
      }
      execution.observer = { name, work in
        let (start, used) = (Clock.wall, Clock.processor)
        work()
        let seconds = Clock.wall - start
        let processor = Clock.processor - used
        let index = indices[name] ?? trace.parts.count
        if index == trace.parts.count {
          indices[name] = index
          let zeros = [Double](repeating: 0, count: repetition + 1)
          trace.parts.append(Part(name: name, calls: 0, seconds: zeros, processor: zeros))
        }
        trace.parts[index].calls += 1
        trace.parts[index].seconds[repetition] += seconds
        trace.parts[index].processor[repetition] += processor
      }
      let start = Clock.wall
      subject.step()
      trace.steps.append(Clock.wall - start)
    }
    return trace
  }
}
