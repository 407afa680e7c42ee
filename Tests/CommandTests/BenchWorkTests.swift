import Kernels
import Networks
import Random
import Testing

@testable import bench

@Suite struct BenchWorkTests {
  /// The recipe's figures: 54.6 GFLOP per image and step, 6.9 per generated image.
  @Test func workOfTheOriginalNetworks() throws {
    let networks = try Preset.cats128.networks()
    let shapes = StepShapes(networks, batch: 1)
    #expect((54.4e9...54.7e9).contains(shapes.stepFlops))
    #expect((6.85e9...6.95e9).contains(shapes.sampleFlops))
    #expect(StepShapes(networks, batch: 16).stepFlops == 16 * shapes.stepFlops)
  }

  @Test func shapesOfTheRecipe() throws {
    let layers = try StepShapes(Preset.cats128.networks(), batch: 2).layers
    let shapes = Dictionary(uniqueKeysWithValues: layers.map { ($0.name, "\($0.shape)") })
    #expect(shapes["G.trans_conv1"] == "n2 16x16x512 -> 8x8x1024 k5x5 s2 p1,1,2,2")
    #expect(shapes["G.logits"] == "n2 128x128x3 -> 128x128x64 k5x5 s1 p2,2,2,2")
    #expect(shapes["D.conv1"] == "n2 128x128x3 -> 64x64x64 k5x5 s2 p1,1,2,2")
    #expect(shapes["D.conv4"] == "n2 16x16x256 -> 16x16x512 k5x5 s1 p2,2,2,2")
    #expect(shapes["D.conv5"] == "n2 16x16x512 -> 8x8x1024 k5x5 s2 p1,1,2,2")
    #expect(layers.count == 12)
  }

  /// The sampled sums are the plain loops' values, at every position of small shapes with awkward edges.
  @Test(arguments: ConvPass.allCases, [1, 2, 3])
  func refereeAgreesWithTheReference(pass: ConvPass, stride: Int) {
    let shape = ConvShape.same(
      batch: 2, height: 6, width: 5, inputChannels: 3, outputChannels: 4, kernel: 5, stride: stride)
    var random = RandomGenerator(seed: 3)
    let input = Buffer(count: shape.inputCount, random: &random)
    let filter = Buffer(count: shape.filterCount, random: &random)
    let output = Buffer(count: shape.outputCount, random: &random)
    let (first, second) =
      switch pass {
      case .forward: (input, filter)
      case .backwardData: (output, filter)
      case .backwardFilter: (input, output)
      }
    let expected =
      switch pass {
      case .forward: ConvReference.forward(shape, input: input.array, filter: filter.array)
      case .backwardData: ConvReference.backwardData(shape, outputGradient: output.array, filter: filter.array)
      case .backwardFilter: ConvReference.backwardFilter(shape, input: input.array, outputGradient: output.array)
      }
    let referee = Referee(shape: shape, pass: pass, first: first.pointer, second: second.pointer)
    #expect(referee.resultCount == expected.count)
    for index in expected.indices { #expect((referee.value(at: index) - expected[index]).magnitude < 1e-12) }

    let result = Buffer(expected.map { Float($0) })
    #expect(referee.error(of: result.pointer, random: &random) < 1e-6)
    result.pointer[expected.count - 1] += 0.01
    #expect(referee.error(of: result.pointer, random: &random) > 1e-3)
    result.pointer[0] = .nan
    #expect(referee.error(of: result.pointer, random: &random) == .infinity)
  }

  @Test func hoursOfTheOriginalRun() {
    // 6,445 pictures are 100 whole batches of 64; 215 epochs of a hundred one-second steps.
    #expect(Session.originalRunHours(secondsPerStep: 1, batch: 64) == 21500.0 / 3600)
  }

  @Test(arguments: [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (8, [1, 2, 4, 8]), (12, [1, 2, 4, 8, 12])])
  func doublings(limit: Int, expected: [Int]) {
    #expect(Session.doublings(to: limit) == expected)
  }
}
