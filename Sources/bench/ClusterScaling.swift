import Kernels
import Layers
import Text

/// Gradients on their way between machines while earlier layers' backward passes run.
///
/// Not a measurement: links deliver their nominal speed, latency costs nothing, and all machines are equally fast. The small
/// sums of batch normalisation are left out, at which machines wait for one another.
enum ClusterScaling {
  /// A part of a step on one machine.
  struct Part: Equatable {
    /// Such as `D.conv2 bwd-filter`.
    var name: String
    var seconds: Double
    /// Of the gradients that are complete when it ends.
    var gradientBytes = 0.0
    /// Whether it reads the sums of all machines.
    var waits = false
  }

  /// Seconds of a step on each of `nodes` machines. The link carries one gradient after the other: all slices but this
  /// machine's go out, and its sums go to all others, 2 (nodes - 1) / nodes times the gradient.
  /// - Parameter link: bytes per second in each direction.
  static func time(_ parts: [Part], nodes: Int, link: Double) -> Double {
    var (now, linkIsFree) = (0.0, 0.0)
    for part in parts {
      if part.waits { now = max(now, linkIsFree) }
      now += part.seconds
      linkIsFree = max(linkIsFree, now) + bytes(part.gradientBytes, nodes: nodes) / link
    }
    return max(now, linkIsFree)
  }

  /// Bytes that each machine sends for a gradient.
  static func bytes(_ gradient: Double, nodes: Int) -> Double { 2 * gradient * Double(nodes - 1) / Double(nodes) }
}

extension Session {
  /// Rows of machines like this one that share a batch; see docs/many-machines.md.
  func simulateNodes(_ set: InstructionSet) {
    let threads = options.threads.max() ?? 1
    var alone: Double?
    for nodes in [1] + options.nodes.sorted() where !options.nodes.isEmpty {
      let name = "scaling/simulated-nodes/\(options.network)/\(set.rawValue)/t\(threads)/n\(nodes)"
      guard nodes == 1 || options.links.contains(where: { options.wants(linkName(name, $0)) }) else { continue }
      progress("\(name): task times")
      let context = context(set, threads: threads)
      let share = (options.batch + nodes - 1) / nodes
      let subject = StepSubject(options.networks, batch: share, context: context)
      let recording = TaskRecording.record(
        subject, shapes: StepShapes(options.networks, batch: share), repetitions: options.measure.repetitions)
      let overhead = regionOverhead(set)
      let parts = recording.sections.map { section in
        ClusterScaling.Part(
          name: section.name,
          seconds: Scaling.time(
            [section.work], workers: threads, bandwidth: options.bandwidth, regionOverhead: overhead),
          gradientBytes: gradientBytes(section.name, subject), waits: section.name.hasSuffix(" adam"))
      }
      if nodes == 1 {
        alone = ClusterScaling.time(parts, nodes: 1, link: 1)
        continue
      }
      let sent = parts.reduce(0) { $0 + ClusterScaling.bytes($1.gradientBytes, nodes: nodes) }
      for link in options.links where options.wants(linkName(name, link)) {
        let seconds = ClusterScaling.time(parts, nodes: nodes, link: link / 8)
        var row = Row(linkName(name, link), computed: seconds, threads: threads)
        row.setImages(options.batch)
        row.counters[.speedup] = alone! / seconds
        row.counters[.efficiency] = alone! / seconds / Double(nodes)
        row.notes.append(
          "SIMULATED: task times of this machine for \(share) of \(options.batch) pictures, a link of "
            + "\(significant(link / 1e9)) Gbit/s that carries \(significant(sent / 1e6)) MB per step and machine")
        add(row)
      }
    }
  }

  private func linkName(_ name: String, _ link: Double) -> String { "\(name)/\(significant(link / 1e9))gbit" }

  /// Bytes of the weight whose gradient a part completes.
  private func gradientBytes(_ name: String, _ subject: StepSubject) -> Double {
    guard name.hasSuffix(" bwd-filter") else { return 0 }
    let layer = name.dropFirst(2).dropLast(" bwd-filter".count)
    let trainer = subject.trainer
    let store = name.hasPrefix("G.") ? trainer.generator.store : trainer.discriminator.store
    return Double((store["\(layer).weight"]?.count ?? 0) * MemoryLayout<Float>.size)
  }
}
