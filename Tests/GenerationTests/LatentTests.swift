import Foundation
import Generation
import Testing

/// The numbers come from Fixtures/latents/make_latents.py, which knows only the documented formulas.
private let expected: [(distribution: LatentDistribution, seed: UInt64, z: [Float])] = {
  let text = try! String(contentsOfFile: Fixtures.path("latents/latents.txt"), encoding: .utf8)
  return text.split(separator: "\n").map { line in
    let words = line.split(separator: " ")
    return (
      LatentDistribution(rawValue: String(words[0]))!, UInt64(words[1])!,
      words.dropFirst(2).map { Float(bitPattern: UInt32($0, radix: 16)!) }
    )
  }
}()

@Test func seedsGiveTheDocumentedVectors() {
  #expect(expected.count == 12)
  for (distribution, seed, z) in expected {
    let found = Latent.vector(seed: seed, dimension: z.count, distribution: distribution)
    switch distribution {
    case .uniform: #expect(found == z, "seed \(seed)")
    case .normal:
      // Two libraries' logarithms and cosines may differ in the last bit of a Double, and so, rarely, in the last bit of
      // the Float it is rounded to.
      for (a, b) in zip(found, z) { #expect(abs(a - b) <= b.ulp, "seed \(seed)") }
    }
  }
}

@Test func aLongerVectorBeginsLikeAShorterOne() {
  for distribution in LatentDistribution.allCases {
    let long = Latent.vector(seed: 9, dimension: 101, distribution: distribution)
    #expect(Latent.vector(seed: 9, dimension: 100, distribution: distribution) == Array(long.prefix(100)))
  }
}

@Test func momentsAreThoseOfTheDistribution() {
  let count = 100_000
  for (distribution, variance) in [(LatentDistribution.uniform, 1.0 / 3), (.normal, 1.0)] {
    let z = Latent.vector(seed: 5, dimension: count, distribution: distribution).map(Double.init)
    let mean = z.reduce(0, +) / Double(count)
    let spread = z.reduce(0) { $0 + $1 * $1 } / Double(count)
    // Five standard errors.
    #expect(abs(mean) < 5 * (variance / Double(count)).squareRoot())
    #expect(abs(spread - variance) < 5 * variance * (2.0 / Double(count)).squareRoot())
  }
}

@Test func truncationScales() {
  let full = Latent.vector(seed: 3, dimension: 10, distribution: .normal)
  let half = Latent.vector(seed: 3, dimension: 10, distribution: .normal, truncation: 0.5)
  #expect(half == full.map { $0 * 0.5 })
}

@Test func straightLineAndGreatCircle() {
  let x: [Float] = [3, 0, 0]
  let y: [Float] = [0, 3, 0]
  #expect(Latent.interpolate(from: x, to: y, at: 0.5, distribution: .uniform) == [1.5, 1.5, 0])
  let third = Latent.interpolate(from: x, to: y, at: 1.0 / 3, distribution: .normal)
  // 30 degrees along a quarter circle of radius 3.
  #expect(abs(third[0] - 2.598_076_2) < 1e-6 && abs(third[1] - 1.5) < 1e-6 && third[2] == 0)
  // No plane is singled out by opposite ends: a straight line, and no division by zero.
  #expect(Latent.interpolate(from: x, to: [-3, 0, 0], at: 0.25, distribution: .normal) == [1.5, 0, 0])
}

@Test func aPathVisitsItsKeysExactly() {
  let keys: [[Float]] = (0..<3).map { Latent.vector(seed: $0, dimension: 8, distribution: .normal) }
  let open = Latent.path(through: keys, frames: 9, loop: false, distribution: .normal)
  #expect(open.count == 9 && open[0] == keys[0] && open[4] == keys[1] && open[8] == keys[2])
  let loop = Latent.path(through: keys, frames: 9, loop: true, distribution: .normal)
  #expect(loop.count == 9 && loop[0] == keys[0] && loop[3] == keys[1] && loop[6] == keys[2])
  #expect(loop[8] != keys[0])
  let uneven = Latent.path(through: keys, frames: 4, loop: false, distribution: .uniform)
  #expect(uneven[0] == keys[0] && uneven[3] == keys[2])
}
