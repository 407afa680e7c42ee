import Dispatch
import Kernels

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

  /// Runs a step that sets up memory, records `repetitions` more and keeps each task's shortest time: one that another program interrupted would look like
  /// a split that is too coarse.
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
    let execution = subject.trainer.execution
    let context = execution.context
    defer {
      execution.observer = nil
      context.taskObserver = nil
    }
    var recording = TaskRecording()
    var regions: [ParallelRegion] = []
    var mark = DispatchTime.now().uptimeNanoseconds
    func close(_ name: String, bytes: Double) {
      let now = DispatchTime.now().uptimeNanoseconds
      recording.sections.append(
        Section(name: name, work: section(regions, from: mark, to: now, bytes: bytes)))
      regions = []
      mark = DispatchTime.now().uptimeNanoseconds
    }
    context.taskObserver = { regions.append($0) }
    execution.observer = { name, work in
      close("", bytes: 0)
      work()
      close(name, bytes: shapes.bytes(name))
    }
    subject.step()
    close("", bytes: 0)
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
    var lost: [String: Double] = [:]
    var works: [String: [Scaling.Section]] = [:]
    for section in sections {
      let name = section.name.isEmpty ? "between layers" : section.name
      let seconds = Scaling.time(
        [section.work], workers: cores, bandwidth: bandwidth, regionOverhead: regionOverhead)
      lost[name, default: 0] += Double(cores) * seconds - section.work.total
      works[name, default: []].append(section.work)
    }
    let all = lost.values.reduce(0) { $0 + max($1, 0) }
    guard all > 0 else { return [] }
    return lost.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.map { name, seconds in
      Loss(
        name: name, share: seconds / all,
        reason: TaskRecording.reason(works[name] ?? [], cores: cores, bandwidth: bandwidth))
    }
  }

  private static func reason(_ works: [Scaling.Section], cores: Int, bandwidth: Double?) -> String {
    let serial = works.reduce(0) { $0 + $1.serial }
    let split = works.reduce(0) { $0 + $1.regions.reduce(0) { $0 + Scaling.makespan($1, workers: cores) } }
    if let bandwidth, works.reduce(0, { $0 + $1.bytes }) / bandwidth > serial + split { return "bandwidth" }
    if serial > split { return "serial" }
    let counts = works.flatMap { $0.regions.map(\.count) }
    guard let fewest = counts.min(), let most = counts.max() else { return "serial" }
    return fewest == most ? "\(most) tasks" : "\(fewest) to \(most) tasks"
  }
}
