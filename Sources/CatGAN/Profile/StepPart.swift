import Layers

/// A part of a training step as it was recorded on one core: a call of a layer's pass, or what happens between two calls.
package struct StepPart: Equatable {
  /// Such as `G.trans_conv2 fwd`; empty between calls of layers.
  package var name = ""
  /// Wall-clock and processor seconds of the whole part.
  package var seconds = 0.0
  package var processor = 0.0
  /// Seconds outside any parallel region.
  package var serial: Double
  /// Seconds of each task of each parallel region; regions follow one another.
  package var regions: [[Double]]
  /// Bytes that must move between memory and the cores.
  package var bytes = 0.0
  /// Of the gradients that are complete when it ends.
  package var gradientBytes = 0.0

  /// Seconds on one core.
  package var total: Double { serial + regions.reduce(0) { $0 + $1.reduce(0, +) } }
  /// Whether it reads the gradients' sums over all machines.
  package var waits: Bool { name.hasSuffix(" adam") }
}

extension StepPart {
  /// What is not within regions is serial.
  init(_ regions: [ParallelRegion], seconds: Double) {
    let inside = regions.reduce(0) { $0 + ($1.end - $1.start) }
    self.init(
      seconds: seconds, serial: max(0, seconds - Double(inside) * 1e-9),
      regions: regions.map { $0.tasks.map { Double($0) * 1e-9 } })
  }
}

extension [StepPart] {
  /// - Precondition: both are recordings of the same step, and so of the same calls.
  mutating func keepMinima(of other: [StepPart]) {
    precondition(map(\.name) == other.map(\.name))
    // A call that was split otherwise than before is no second look at the same tasks.
    for (i, part) in zip(indices, other) where self[i].regions.map(\.count) == part.regions.map(\.count) {
      self[i].serial = Swift.min(self[i].serial, part.serial)
      self[i].regions = zip(self[i].regions, part.regions).map { zip($0, $1).map { Swift.min($0, $1) } }
    }
  }
}
