import CatGAN
import Kernels
import Text

/// `scaling`: the training step on 1 to all cores, measured; on more, and on several machines, simulated from task times.
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
      let name = "scaling/measured/\(options.network)/\(context.place)"
      guard options.wants(name) else { continue }
      let subject = StepSubject(options.networks, batch: options.batch, context: context)
      var row = measure(name, context) { _ in subject.step() }
      if threads == 1 { one = row.real }
      row.setSteps(of: options.batch, alone: one, on: threads)
      add(row)
    }
  }

  private func simulateCores(_ set: InstructionSet) {
    func name(_ cores: Int) -> String { "scaling/simulated/\(options.network)/\(set.rawValue)/t\(cores)" }
    let wanted = options.cores.filter { options.wants(name($0)) }
    guard let most = wanted.max() else { return }
    progress("scaling/simulated/\(options.network)/\(set.rawValue): task times")
    var (parts, simulation) = taskTimes(set, threads: most, batch: options.batch)
    let cap = options.bandwidth.map { "\(significant($0 / 1e9)) GB/s" } ?? "no bandwidth cap"
    for cores in wanted {
      simulation.cores = cores
      var row = Row(name(cores), computed: simulation.seconds(parts), threads: cores)
      // Against the plain sum of the measured task times: a cap on bandwidth must not make one core look slow.
      row.setSteps(of: options.batch, alone: parts.reduce(0) { $0 + $1.total }, on: cores)
      row.notes.append(
        "SIMULATED from task times of one core (shortest of \(options.measure.repetitions)), longest task first, \(cap), "
          + "\(fixed(simulation.regionOverhead * 1e6, 1)) us per region")
      add(row)
      if cores <= machine.cores { continue }
      let losses = simulation.losses(parts).prefix(4).map { "\($0.name) \(percent($0.share, 1)) (\($0.reason))" }
      remark("\(name(cores)): idle cores' time is lost in \(losses.joined(separator: ", "))")
    }
  }

  /// Rows of machines like this one that share a batch; see docs/many-machines.md.
  private func simulateNodes(_ set: InstructionSet) {
    let threads = options.threads.max() ?? 1
    var alone: Double?
    for nodes in [1] + options.nodes.sorted() where !options.nodes.isEmpty {
      let name = "scaling/simulated-nodes/\(options.network)/\(set.rawValue)/t\(threads)/n\(nodes)"
      let links = options.links.map { (name: "\(name)/\(significant($0 / 1e9))gbit", bits: $0) }
        .filter { options.wants($0.name) }
      guard nodes == 1 || !links.isEmpty else { continue }
      progress("\(name): task times")
      let share = (options.batch + nodes - 1) / nodes
      var (parts, simulation) = taskTimes(set, threads: threads, batch: share)
      simulation.nodes = nodes
      if nodes == 1 {
        alone = simulation.seconds(parts)
        continue
      }
      let sent = parts.reduce(0) { $0 + simulation.sent($1.gradientBytes) }
      for link in links {
        simulation.link = link.bits / 8
        var row = Row(link.name, computed: simulation.seconds(parts), threads: threads)
        row.setSteps(of: options.batch, alone: alone, on: nodes)
        row.notes.append(
          "SIMULATED: task times of this machine for \(share) of \(options.batch) pictures, a link of "
            + "\(significant(link.bits / 1e9)) Gbit/s that carries \(significant(sent / 1e6)) MB per step and machine")
        add(row)
      }
    }
  }

  /// A step's parts on one core, their tasks cut for `threads`, and a machine like this one to simulate them on.
  private func taskTimes(_ set: InstructionSet, threads: Int, batch: Int) -> (parts: [StepPart], on: Simulation) {
    let subject = StepSubject(options.networks, batch: batch, context: context(set, threads: threads))
    let overhead = Simulation.regionOverhead(context(set, threads: machine.cores))
    return (
      subject.recordTasks(repetitions: options.measure.repetitions),
      Simulation(cores: threads, bandwidth: options.bandwidth, regionOverhead: overhead)
    )
  }

  /// 1, 2, 4, ... below `limit`, and `limit`.
  static func doublings(to limit: Int) -> [Int] {
    (0..<62).map { 1 << $0 }.prefix { $0 < limit } + [limit]
  }
}

extension Row {
  /// The figures of a step of `batch` pictures on `count` cores or machines, of which one takes `alone` seconds.
  fileprivate mutating func setSteps(of batch: Int, alone: Double?, on count: Int) {
    setImages(batch)
    guard let alone else { return }
    counters[.speedup] = alone / real
    counters[.efficiency] = alone / real / Double(count)
  }
}
