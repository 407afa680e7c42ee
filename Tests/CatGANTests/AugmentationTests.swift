import Foundation
import Layers
import Random
import Storage
import Testing

@testable import CatGAN

/// DiffAugment against PyTorch's, and what must hold whatever the draws are.
@Suite struct AugmentationTests {
  static func reference() throws -> SafeTensors {
    try SafeTensors(path: Fixtures.path("reference/levers.safetensors"))
  }

  /// The kinds of each of the reference's cases.
  static let cases: [(name: String, kinds: Set<Augmentation>)] = [
    ("color", [.color]), ("translation", [.translation]), ("cutout", [.cutout]),
    ("all", [.color, .translation, .cutout]),
  ]

  static let shape = Shape(n: 6, h: 12, w: 12, c: 3)

  /// The reference's draws, which are those of seed 5 with all kinds.
  static func draws(_ kinds: Set<Augmentation>) throws -> BatchAugmentation {
    let numbers = try reference().floats("augment.draws", shape: [6, 7])
    let draws = (0..<6).map { n in
      let row = numbers[n * 7..<n * 7 + 7].map { $0 }
      var draw = BatchAugmentation.Draw()
      if kinds.contains(.color) { draw.setColor(brightness: row[0], saturation: row[1], contrast: row[2]) }
      if kinds.contains(.translation) { (draw.downwards, draw.rightwards) = (Int(row[3]), Int(row[4])) }
      if kinds.contains(.cutout) { draw.setHole(row: Int(row[5]), column: Int(row[6]), size: 6, side: 12) }
      return draw
    }
    return BatchAugmentation(shape, draws: draws)
  }

  @Test func drawsAreThoseOfTheSeed() throws {
    var random = RandomGenerator(seed: 5)
    let all = Set(Augmentation.allCases)
    #expect(try BatchAugmentation(all, Self.shape, &random).draws == Self.draws(all).draws)
    // None of them leaves everything alone, and no two are alike.
    var other = RandomGenerator(seed: 6)
    let more = BatchAugmentation(all, Self.shape, &other).draws + BatchAugmentation(all, Self.shape, &other).draws
    for (i, draw) in more.enumerated() {
      #expect(draw.changesColor && !draw.holeRows.isEmpty)
      #expect(!more[..<i].contains(draw))
    }
    #expect(BatchAugmentation([], Self.shape, &other).draws.allSatisfy { $0 == BatchAugmentation.Draw() })
  }

  /// A pixel is a sum of three products and an offset, whose mean is a sum of 432 terms in runs of 12: less than ten
  /// roundings of values up to some times the RMS, so 1e-6 of it; an element that is out of place is off by 1.
  @Test(arguments: [0, 1, 2, 3], [1, 3]) func againstPyTorch(index: Int, threads: Int) throws {
    let (name, kinds) = Self.cases[index]
    let file = try Self.reference()
    let context = Context(threads: threads)
    let augmentation = try Self.draws(kinds)
    let result = Tensor(Self.shape)
    for (given, made, call) in [
      ("x", "y", augmentation.forward), ("dy", "dx", augmentation.backward),
    ] {
      result.buffer.fill(.nan)
      call(Tensor(Self.shape, values: try file.floats("augment.\(given)")), result, context)
      let expected = try file.floats("augment.\(name).\(made)", shape: [6, 12, 12, 3])
      let scale = (expected.reduce(0) { $0 + $1 * $1 } / Float(expected.count)).squareRoot()
      let largest = zip(result.array, expected).map { abs($0 - $1) }.max()!
      #expect(largest <= 2e-6 * scale, "\(name).\(made): \(largest / scale) of the RMS")
      // What was set to zero is zero, and nothing else is.
      #expect(result.array.map { $0 == 0 } == expected.map { $0 == 0 }, "\(name).\(made)")
    }
  }

  /// <A x - A 0, y> = <x, A* y>, on 64x64 pictures with draws of their own.
  @Test func backwardIsTheAdjoint() {
    let context = Context(threads: 2)
    let shape = Shape(n: 8, h: 64, w: 64, c: 3)
    var random = RandomGenerator(seed: 1)
    let augmentation = BatchAugmentation(Set(Augmentation.allCases), shape, &random)
    func picture() -> Tensor { Tensor(shape, values: (0..<shape.count).map { _ in random.uniform(-1, 1) }) }
    let (x, y) = (picture(), picture())
    let (ax, offset, back) = (Tensor(shape), Tensor(shape), Tensor(shape))
    augmentation.forward(x, into: ax, context)
    augmentation.forward(Tensor(shape, values: [Float](repeating: 0, count: shape.count)), into: offset, context)
    augmentation.backward(y, into: back, context)
    var (left, right, size) = (0.0, 0.0, 0.0)
    for i in 0..<shape.count {
      left += Double(ax.pointer[i] - offset.pointer[i]) * Double(y.pointer[i])
      right += Double(x.pointer[i]) * Double(back.pointer[i])
      size += abs(Double(ax.pointer[i]) * Double(y.pointer[i]))
    }
    // Every product is off by some units in the last place of either sign.
    #expect(abs(left - right) < 1e-7 * size && abs(left) > 1e-3 * size, "\(left), \(right) of \(size)")
  }

  @Test func noChangeIsNoChange() {
    let shape = Shape(n: 2, h: 16, w: 16, c: 3)
    var random = RandomGenerator(seed: 1)
    let x = Tensor(shape, values: (0..<shape.count).map { _ in random.uniform(-1, 1) })
    let augmentation = BatchAugmentation(shape, draws: [.init(), .init()])
    let y = Tensor(shape)
    augmentation.forward(x, into: y, Context(threads: 1))
    #expect(y.array == x.array)
    augmentation.backward(x, into: y, Context(threads: 1))
    #expect(y.array == x.array)
  }
}
