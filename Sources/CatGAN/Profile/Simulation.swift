import Layers

/// Machines that a step is simulated on, from the times of its tasks.
///
/// Not a measurement, and optimistic where cores share what this model does not know: a power limit, a last-level cache, a
/// memory that is far away. It shows what can be fixed in the source: a split that is too coarse. Links deliver their nominal
/// speed, latency costs nothing, all machines are equally fast, and the small sums of batch normalisation, at which machines
/// wait for one another, are left out.
package struct Simulation {
  package var cores: Int
  /// Bytes per second that all cores of a machine together can move; nil for no cap.
  package var bandwidth: Double?
  /// Seconds that opening and closing one parallel region costs where there are several cores.
  package var regionOverhead: Double
  /// Machines that share a batch, each with parts of its own.
  package var nodes = 1
  /// Bytes per second between machines, in each direction.
  package var link = Double.infinity

  package init(cores: Int, bandwidth: Double? = nil, regionOverhead: Double = 0) {
    (self.cores, self.bandwidth, self.regionOverhead) = (cores, bandwidth, regionOverhead)
  }

  /// Seconds that an empty parallel region costs on all threads of `context`: the middle of five looks at a hundred.
  package static func regionOverhead(_ context: Context) -> Double {
    let looks = (0..<5).map { _ in
      let start = monotonicTime()
      for _ in 0..<100 { context.parallel(context.threads) { _ in } }
      return (monotonicTime() - start) / 100
    }
    return looks.sorted()[2]
  }

  /// Seconds of one part on one machine.
  package func seconds(_ part: StepPart) -> Double {
    let seconds = part.regions.reduce(part.serial) { sum, tasks in
      sum + makespan(tasks, workers: cores) + (cores > 1 && tasks.count > 1 ? regionOverhead : 0)
    }
    return max(seconds, bandwidth.map { part.bytes / $0 } ?? 0)
  }

  /// Seconds of a whole step. Gradients travel one after the other while earlier layers' backward passes run.
  package func seconds(_ parts: [StepPart]) -> Double {
    var (now, linkIsFree) = (0.0, 0.0)
    for part in parts {
      if part.waits { now = max(now, linkIsFree) }
      now += seconds(part)
      linkIsFree = max(linkIsFree, now) + sent(part.gradientBytes) / link
    }
    return max(now, linkIsFree)
  }

  /// Bytes that each machine sends for a gradient: all slices but its own go out, and its sums go to all others.
  package func sent(_ gradient: Double) -> Double { 2 * gradient * Double(nodes - 1) / Double(nodes) }

  package struct Loss: Equatable {
    package var name: String
    /// Of all time that cores are idle.
    package var share: Double
    /// What keeps this part from running faster.
    package var reason: String
  }

  /// Parts by the core time that they waste, most wasteful first.
  package func losses(_ parts: [StepPart]) -> [Loss] {
    let groups = Dictionary(grouping: parts) { $0.name.isEmpty ? "between layers" : $0.name }
    let lost = groups.mapValues { $0.reduce(0) { $0 + Double(cores) * seconds($1) - $1.total } }
    let all = lost.values.reduce(0) { $0 + max($1, 0) }
    guard all > 0 else { return [] }
    return lost.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.map { name, seconds in
      Loss(name: name, share: seconds / all, reason: reason(groups[name]!))
    }
  }

  private func reason(_ parts: [StepPart]) -> String {
    let serial = parts.reduce(0) { $0 + $1.serial }
    let regions = parts.flatMap(\.regions)
    let split = regions.reduce(0) { $0 + makespan($1, workers: cores) }
    if let bandwidth, parts.reduce(0, { $0 + $1.bytes }) / bandwidth > serial + split { return "bandwidth" }
    let counts = regions.map(\.count)
    guard serial <= split, let fewest = counts.min(), let most = counts.max() else { return "serial" }
    return fewest == most ? "\(most) tasks" : "\(fewest) to \(most) tasks"
  }
}
