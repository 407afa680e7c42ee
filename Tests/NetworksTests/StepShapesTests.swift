import Testing

@testable import Networks

/// The work of a training step, from the description of its networks alone.
@Suite struct StepShapesTests {
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

  @Test func trafficOfRows() throws {
    let shapes = try StepShapes(Preset.cats128.networks(), batch: 1)
    // conv2: 64x64x64 and 32x32x128 activations, 5x5x64x128 weights.
    let floats = 64 * 64 * 64 + 32 * 32 * 128 + 25 * 64 * 128
    #expect(shapes.parts["D.conv2 bwd-filter"]!.bytes == Double(4 * floats))
    #expect(shapes.parts["D.batch_conv2 fwd"]!.bytes == Double(4 * 32 * 32 * 128))
    // trans_conv1 puts out 16x16x512.
    #expect(shapes.parts["G.batch_trans_conv1 bwd"]!.bytes == Double(5 * 4 * 16 * 16 * 512))
    #expect(shapes.parts["G.logits bwd-bias"]!.bytes == Double(3 * 4 * 128 * 128 * 3))
    #expect(shapes.parts["D.conv2 bwd-bias"]!.bytes == 0)
    // The recipe's 17.5 million parameters of D, at 28 bytes.
    #expect((17.4e6...17.6e6).contains(shapes.parts["D adam"]!.bytes / 28))
    #expect((23.9e6...24.1e6).contains(shapes.parts["G adam"]!.bytes / 28))
  }
}
