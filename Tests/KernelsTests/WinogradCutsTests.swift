import Testing

@testable import Kernels

/// Which convolutions go by Winograd, and into what phases, tiles and chunks they are cut.
@Suite struct WinogradCutsTests {
  /// With few channels transforms do not pay, and with many they do for fewer multiplications saved.
  @Test func plansByChannels() {
    func plan(_ inputChannels: Int, _ outputChannels: Int, kernel: Int = 5) -> ConvPlan {
      Context.plan(
        .same(
          batch: 1, height: 8, width: 8, inputChannels: inputChannels, outputChannels: outputChannels, kernel: kernel,
          stride: 2))
    }
    #expect(plan(16, 32) == ConvPlan(.winograd) && plan(32, 16) == ConvPlan(.winograd))
    #expect(plan(15, 32) == ConvPlan(.direct) && plan(32, 3) == ConvPlan(.direct))
    #expect(plan(64, 128, kernel: 3) == ConvPlan(.winograd) && plan(63, 128, kernel: 3) == ConvPlan(.direct))
  }

  /// Phases of the data gradient start at one place where the basis lets them lag, and one tile is enough for
  /// as many pixels as one serves, without a product more; where it has none they need another one.
  @Test func tilesOfTheDataGradient() throws {
    func tiles(_ text: String) throws -> [Int] {
      let shape = try ConvShape(parsing: text)
      let phases = WinogradConvolution.phases(shape, sharesWindows: true).phases
      let grid = WinogradConvolution.backwardTiles(shape, phases).tiles
      return [grid.rows, grid.columns, phases.reduce(0) { $0 + $1.products }]
    }
    #expect(try tiles("n1 8x16x16 -> 4x8x16 k4x4 s2 p1,1,1,1") == [1, 2, 100])
    #expect(try tiles("n1 8x16x16 -> 4x8x16 k5x5 s2 p1,1,2,2") == [1, 2, 121])
    #expect(try tiles("n1 8x16x16 -> 4x8x16 k5x5 s2 p2,2,1,1") == [1, 2, 121])
    #expect(try tiles("n1 8x16x16 -> 4x8x16 k3x3 s2 p0,0,1,1") == [1, 2, 81])
    #expect(try tiles("n1 8x16x16 -> 4x8x16 k6x6 s2 p1,2,3,2") == [2, 2, 144])
  }

  /// Where there is a phase without taps, or one with more than five along an axis.
  @Test func kernelsWithoutWinograd() {
    for (height, width, stride) in [(1, 1, 1), (6, 6, 1), (3, 6, 1), (1, 4, 2), (11, 2, 2), (2, 2, 2), (3, 3, 3)] {
      let shape = ConvShape(
        batch: 1, height: 16, width: 16, inputChannels: 16, outputChannels: 16,
        window: Window(kernel: Extent(height, width), stride: Extent(stride), padding: .valid))
      #expect(!ConvAlgorithm.winograd.supports(shape), "\(shape)")
    }
  }

  /// A chunk of tiles is a task where there are enough of them, and a filter's sums may be there several times.
  @Test func chunksOfFilterGradients() throws {
    func chunks(_ text: String, threads: Int) throws -> (lengths: [Int], areTasks: Bool) {
      let shape = try ConvShape(parsing: text)
      let chunks = WinogradConvolution.gradientChunks(shape)
      #expect(chunks[0].lowerBound == 0 && chunks.last!.upperBound == WinogradConvolution.outputTiles(shape).count)
      #expect(zip(chunks, chunks.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
      return (chunks.map { $0.count }, WinogradConvolution.chunkTaskFloats(shape, threads: threads) != nil)
    }
    #expect(try chunks("n70 16x8x16 -> 8x4x16 k5x5 s2 p1,1,2,2", threads: 2) == ([70, 70], true))
    #expect(try chunks("n70 16x8x16 -> 8x4x16 k5x5 s2 p1,1,2,2", threads: 1) == ([70, 70], false))
    #expect(try chunks("n70 16x8x16 -> 8x4x16 k5x5 s2 p1,1,2,2", threads: 3) == ([70, 70], false))
    #expect(try chunks("n16 28x28x128 -> 28x28x128 k3x3 s1 p1,1,1,1", threads: 2) == ([196, 196, 196, 196], true))
    #expect(try chunks("n64 8x8x64 -> 8x8x128 k5x5 s1 p2,2,2,2", threads: 2) == ([256], false))
    #expect(try chunks("n4 40x40x256 -> 40x40x256 k3x3 s1 p1,1,1,1", threads: 2) == ([200, 200], false))
  }
}
