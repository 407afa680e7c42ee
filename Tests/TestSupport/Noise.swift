/// A small linear congruential generator, so that operands are the same everywhere.
package struct Noise {
  var state: UInt64

  package init(state: UInt64) { self.state = state }

  package mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 33
  }

  package mutating func integers(_ count: Int, in range: ClosedRange<Int>) -> [Float] {
    (0..<count).map { _ in Float(range.lowerBound + Int(next()) % range.count) }
  }

  package mutating func floats(_ count: Int) -> [Float] {
    (0..<count).map { _ in Float(Int(next() % 65536) - 32768) / 32768 }
  }
}
