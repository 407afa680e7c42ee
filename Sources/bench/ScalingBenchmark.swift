import Kernels
import Layers
import Text

/// `scaling`: the training step on 1 to all cores, measured, and on more, simulated from task times.
extension Session {
  func measureScaling() {
    for set in options.instructionSets {
      measureRealCores(set)
      simulateCores(set)
      simulateNodes(set)
    }
  }

  private func measureRealCores(_ set: InstructionSet) {
    var one: Double?
    for threads in Session.doublings(to: options.threads.max() ?? 1) {
      let context = context(set, threads: threads)
      let name = "scaling/measured/\(options.network)/\(Session.place(context))"
      guard options.wants(name) else { continue }
      let subject = StepSubject(options.networks, batch: options.batch, context: context)
      var row = measure(name, context) { _ in subject.step() }
      row.setImages(options.batch)
      if threads == 1 { one = row.real }
      if let one {
        row.counters[.speedup] = one / row.real
        row.counters[.efficiency] = one / row.real / Double(threads)
      }
      add(row)
    }
  }

  private func simulateCores(_ set: InstructionSet) {
    let cores = options.cores.filter { options.wants(simulatedName(set, $0)) }
    guard !cores.isEmpty else { return }
    progress("scaling/simulated/\(options.network)/\(set.rawValue): task times")
    let context = self.context(set, threads: cores.max()!)
    let subject = StepSubject(options.networks, batch: options.batch, context: context)
    let recording = TaskRecording.record(
      subject, shapes: options.shapes, repetitions: options.measure.repetitions)
    let overhead = regionOverhead(set)
    for count in cores {
      add(simulatedRow(recording, set, cores: count, overhead: overhead))
      if count > machine.cores { explain(recording, set, cores: count, overhead: overhead) }
    }
  }

  private func simulatedName(_ set: InstructionSet, _ cores: Int) -> String {
    "scaling/simulated/\(options.network)/\(set.rawValue)/t\(cores)"
  }

  private func simulatedRow(
    _ recording: TaskRecording, _ set: InstructionSet, cores: Int, overhead: Double
  ) -> Row {
    let sections = recording.sections.map(\.work)
    let seconds = Scaling.time(sections, workers: cores, bandwidth: options.bandwidth, regionOverhead: overhead)
    var row = Row(simulatedName(set, cores), computed: seconds, threads: cores)
    row.setImages(options.batch)
    // Against the plain sum of the measured task times: a cap on bandwidth must not make one core look slow.
    let one = sections.reduce(0) { $0 + $1.total }
    row.counters[.speedup] = one / seconds
    row.counters[.efficiency] = one / seconds / Double(cores)
    let cap = options.bandwidth.map { "\(significant($0 / 1e9)) GB/s" } ?? "no bandwidth cap"
    row.notes.append(
      "SIMULATED from task times of one core (shortest of \(options.measure.repetitions)), longest task first, \(cap), "
        + "\(fixed(overhead * 1e6, 1)) us per region")
    return row
  }

  /// Names the parts of the step that lose most of `cores` cores' time.
  private func explain(_ recording: TaskRecording, _ set: InstructionSet, cores: Int, overhead: Double) {
    let worst = recording.losses(cores: cores, bandwidth: options.bandwidth, regionOverhead: overhead).prefix(4)
    let parts = worst.map { "\($0.name) \(fixed($0.share * 100, 1))% (\($0.reason))" }
    remark("\(simulatedName(set, cores)): idle cores' time is lost in \(parts.joined(separator: ", "))")
  }

  /// Seconds that an empty parallel region costs on all threads of this machine.
  func regionOverhead(_ set: InstructionSet) -> Double {
    let context = context(set, threads: machine.cores)
    let regions = 100
    let timing = Measure(repetitions: 5, minimumTime: 0).time { _ in
      for _ in 0..<regions { context.parallel(machine.cores) { _ in } }
    }
    return timing.real.median / Double(regions)
  }

  /// 1, 2, 4, ... below `limit`, and `limit`.
  static func doublings(to limit: Int) -> [Int] {
    var counts = [1]
    while let last = counts.last, 2 * last < limit { counts.append(2 * last) }
    return limit > 1 ? counts + [limit] : counts
  }
}
