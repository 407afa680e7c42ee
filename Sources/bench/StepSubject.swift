import CatGAN
import Dispatch
import Kernels
import Layers
import Networks
import Random

/// A training step ready to run: fresh networks and one batch of random pictures.
struct StepSubject {
  let trainer: GANTrainer
  private let reals: Tensor

  init(_ networks: GANDescription, batch: Int, context: Context) {
    var options = TrainingOptions()
    options.batchSize = batch
    trainer = GANTrainer(networks, options: options, seed: 1, execution: Execution(context: context))
    reals = Tensor(trainer.generator.pictureShape(batch))
    var random = RandomGenerator(seed: 1)
    for i in 0..<reals.buffer.count { reals.buffer.pointer[i] = random.uniform(-1, 1) }
    // Only the next step finds its memory where this one has shown it to be needed.
    step()
  }

  func step() { _ = trainer.step(reals: reals) }

  /// Runs a step, each layer's call through `observer`.
  func step(_ observer: @escaping (_ row: String, _ work: () -> Void) -> Void) {
    trainer.execution.observer = observer
    defer { trainer.execution.observer = nil }
    step()
  }
}

/// Where the time of a step goes, as the layers themselves report it.
struct StepTrace: Equatable {
  struct Part: Equatable {
    /// Such as `G.trans_conv2 fwd`.
    var name: String
    var calls = 0
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
    Statistics(steps.indices.map { i in parts.reduce(0) { $0 + $1.seconds[i] } / steps[i] }).median
  }

  /// Runs a step that is not recorded, then `repetitions` that are.
  static func record(_ subject: StepSubject, repetitions: Int, peak: () -> Double) -> StepTrace {
    subject.step()
    let zeros = [Double](repeating: 0, count: repetitions)
    var trace = StepTrace()
    var indices: [String: Int] = [:]
    for repetition in 0..<repetitions {
      trace.peaks.append(peak())
      for i in trace.parts.indices { trace.parts[i].calls = 0 }
      let start = Clock.wall
      subject.step { name, work in
        let (start, used) = (Clock.wall, Clock.processor)
        work()
        let (seconds, processor) = (Clock.wall - start, Clock.processor - used)
        let index = indices[name] ?? trace.parts.count
        if index == trace.parts.count {
          indices[name] = index
          trace.parts.append(Part(name: name, seconds: zeros, processor: zeros))
        }
        trace.parts[index].calls += 1
        trace.parts[index].seconds[repetition] += seconds
        trace.parts[index].processor[repetition] += processor
      }
      trace.steps.append(Clock.wall - start)
    }
    return trace
  }
}

/// The tasks of one training step, layer call by layer call, cut as kernels cut work for their context's threads. One
/// recording for the most cores serves for fewer too, whose own tasks would be fewer and larger.
struct TaskRecording {
  struct Section {
    /// Such as `G.trans_conv2 fwd`; empty between calls of layers.
    var name: String
    var work: Scaling.Section
  }

  struct Loss: Equatable {
    var name: String
    /// Of all time that cores stand idle.
    var share: Double
    /// What keeps this part from running faster.
    var reason: String
  }

  var sections: [Section] = []

  /// Runs a step that sets up memory, records `repetitions` more and keeps each task's shortest time: one that another
  /// program interrupted would look like a split that is too coarse.
  static func record(_ subject: StepSubject, shapes: StepShapes, repetitions: Int) -> TaskRecording {
    subject.step()
    var best = record(subject, shapes: shapes)
    for _ in 1..<max(repetitions, 1) { best.keepMinima(of: record(subject, shapes: shapes)) }
    return best
  }

  /// - Precondition: both are recordings of the same step, and so of the same calls.
  mutating func keepMinima(of other: TaskRecording) {
    precondition(sections.map(\.name) == other.sections.map(\.name))
    for i in sections.indices {
      let work = other.sections[i].work
      // A call that was split otherwise than before is no second look at the same tasks.
      guard sections[i].work.regions.map(\.count) == work.regions.map(\.count) else { continue }
      sections[i].work.serial = min(sections[i].work.serial, work.serial)
      sections[i].work.regions = zip(sections[i].work.regions, work.regions).map { zip($0, $1).map(min) }
    }
  }

  private static func record(_ subject: StepSubject, shapes: StepShapes) -> TaskRecording {
    let context = subject.trainer.execution.context
    var recording = TaskRecording()
    var regions: [ParallelRegion] = []
    var mark = DispatchTime.now().uptimeNanoseconds
    func close(_ name: String) {
      let now = DispatchTime.now().uptimeNanoseconds
      let work = section(regions, from: mark, to: now, bytes: shapes.parts[name]?.bytes ?? 0)
      recording.sections.append(Section(name: name, work: work))
      regions = []
      mark = DispatchTime.now().uptimeNanoseconds
    }
    context.taskObserver = { regions.append($0) }
    defer { context.taskObserver = nil }
    subject.step { name, work in
      close("")
      work()
      close(name)
    }
    close("")
    return recording
  }

  /// What lies within regions is parallel, the rest serial.
  static func section(
    _ regions: [ParallelRegion], from start: UInt64, to end: UInt64, bytes: Double
  ) -> Scaling.Section {
    let inside = regions.reduce(0) { $0 + ($1.end - $1.start) }
    let serial = end - start > inside ? end - start - inside : 0
    return Scaling.Section(
      serial: Double(serial) * 1e-9, regions: regions.map { $0.tasks.map { Double($0) * 1e-9 } }, bytes: bytes)
  }

  /// Parts by the core time that they waste on `cores` cores, most wasteful first.
  func losses(cores: Int, bandwidth: Double?, regionOverhead: Double) -> [Loss] {
    let works = Dictionary(grouping: sections) { $0.name.isEmpty ? "between layers" : $0.name }
      .mapValues { $0.map(\.work) }
    let lost = works.mapValues { works in
      works.reduce(0) { sum, work in
        let seconds = Scaling.time([work], workers: cores, bandwidth: bandwidth, regionOverhead: regionOverhead)
        return sum + Double(cores) * seconds - work.total
      }
    }
    let all = lost.values.reduce(0) { $0 + max($1, 0) }
    guard all > 0 else { return [] }
    return lost.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.map { name, seconds in
      Loss(name: name, share: seconds / all, reason: Self.reason(works[name]!, cores: cores, bandwidth: bandwidth))
    }
  }

  private static func reason(_ works: [Scaling.Section], cores: Int, bandwidth: Double?) -> String {
    let serial = works.reduce(0) { $0 + $1.serial }
    let split = works.reduce(0) { $0 + $1.regions.reduce(0) { $0 + Scaling.makespan($1, workers: cores) } }
    if let bandwidth, works.reduce(0, { $0 + $1.bytes }) / bandwidth > serial + split { return "bandwidth" }
    let counts = works.flatMap { $0.regions.map(\.count) }
    guard serial <= split, let fewest = counts.min(), let most = counts.max() else { return "serial" }
    return fewest == most ? "\(most) tasks" : "\(fewest) to \(most) tasks"
  }
}
