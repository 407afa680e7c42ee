import Foundation
import Kernels
import Networks
import Testing

@Suite struct NetworkTests {
  private static func text(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  private static func read<Value: Decodable>(_ text: String) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(text.utf8))
  }

  @Test(arguments: Preset.allCases, DiscriminatorNorm.allCases)
  func aPresetGoesThroughItsText(preset: Preset, norm: DiscriminatorNorm) throws {
    let networks = try preset.networks(width: 24, zDimension: 7, zDistribution: .normal, discriminatorNorm: norm)
    let back: GANDescription = try Self.read(Self.text(networks))
    #expect(back == networks)
    #expect(networks.generator.output == Shape(n: 1, h: preset.imageSize, w: preset.imageSize, c: 3))
    #expect(networks.generator.width == 24)
  }

  /// What files said before they held descriptions: sizes, from which the networks follow.
  @Test func sizesOfOldFiles() throws {
    let old = """
      {"baseSize":4,"imageSize":64,"inputBatchNorm":false,"kernel":5,"preset":"cats64","width":32,"zDim":100,\
      "zDistribution":"uniform"}
      """
    #expect(try Self.read(old) == Preset.cats64.networks(width: 32))
    for (what, into) in [("\"width\":32", "\"width\":0"), ("64,", "60,"), ("\"kernel\":5", "\"kernel\":4")] {
      #expect(throws: NetworkError.self) {
        let _: GANDescription = try Self.read(old.replacing(what, with: into))
      }
    }
  }

  /// PyTorch's formulas, worked out by hand.
  @Test func shapesOfConvolutions() throws {
    func output(_ side: Int, _ kernel: Int, _ stride: Int, _ padding: Padding, transposed: Bool) throws
      -> [Int]
    {
      let spec = ConvolutionSpec(
        channels: 2, kernel: Extent(kernel), stride: Extent(stride), padding: padding)
      let network = try Network(
        input: Shape(n: 1, h: side, w: 2 * side, c: 3),
        layers: [LayerSpec("a", transposed ? .transposedConvolution(spec) : .convolution(spec))])
      let shape = try #require(network.stages[0].convShape(batch: 5))
      // What the kernels are told agrees with what was announced.
      let (large, small) = transposed ? (network.output, network.input) : (network.input, network.output)
      #expect(shape.inputHeight == large.h && shape.inputWidth == large.w && shape.inputChannels == large.c)
      #expect(shape.outputHeight == small.h && shape.outputWidth == small.w && shape.outputChannels == small.c)
      return [network.output.h, network.output.w]
    }
    #expect(try output(64, 4, 2, .pixels(1), transposed: false) == [32, 64])
    #expect(try output(7, 3, 2, .pixels(0), transposed: false) == [3, 6])
    #expect(try output(7, 5, 2, .same, transposed: false) == [4, 7])
    #expect(try output(1, 4, 1, .pixels(0), transposed: true) == [4, 5])
    #expect(try output(8, 4, 2, .pixels(1), transposed: true) == [16, 32])
    #expect(try output(8, 5, 2, .same, transposed: true) == [16, 32])
  }

  static let leaky = #"{"layer":"leakyReLU","slope":0.2}"#
  static func network(_ layers: String, input: String = "[1,1,8]") -> String {
    "{\"input\":\(input),\"layers\":[\(layers)]}"
  }
  static func conv(_ options: String, name: String = "a") -> String {
    "{\"layer\":\"convolution\",\"name\":\"\(name)\",\(options)}"
  }

  /// Descriptions that make no network, with what the sentence must hold.
  static let mistakes: [(text: String, says: String)] = [
    (network(""), "at least one"),
    (network((0..<257).map { _ in leaky }.joined(separator: ",")), "more than 256"),
    (network(leaky, input: "[1,1]"), "three sizes"), (network(leaky, input: "[0,1,1]"), "the shape [1, 0, 1, 1]"),
    (network(leaky, input: "[65536,65536,65536]"), "the input: its output has the shape"),
    (network(leaky, input: "[1,9223372036854775807,9223372036854775807]"), "values at most 268435456"),
    (network(#"{"layer":"leakyReLU"}"#), "slope"), (network(#"{"layer":"leakyReLU","slope":-1}"#), "slope is -1"),
    (network(#"{"layer":"gru","name":"a"}"#), "known are dense, convolution"), (network(#"{"name":"a"}"#), "\"layer\""),
    (network(#"{"layer":"tanh","gain":2}"#), "an option that this version does not know"),
    (
      network(#"{"layer":"dense","name":"a","channels":268435457}"#),
      "layer 'a': its output has the shape [1, 1, 1, 268435457]"
    ),
    (network(#"{"layer":"dense","name":"a","channels":0}"#), "the shape [1, 1, 1, 0]"),
    (
      network(#"{"layer":"dense","name":"a","channels":65536,"height":65536,"width":65536}"#),
      "layer 'a': its output has the shape"
    ),
    (network(#"{"layer":"dense","channels":5}"#), "needs a name"),
    (network(#"{"layer":"dense","name":"a\u001b[2J","channels":5}"#), "needs a name"),
    (
      network(#"{"layer":"dense","name":"a","channels":5},{"layer":"batchNorm","name":"a"}"#),
      "two layers are called 'a'"
    ),
    (network(#"{"layer":"batchNorm","name":"a","epsilon":0}"#), "epsilon is 0"),
    (network(#"{"layer":"batchNorm","name":"a","momentum":1}"#), "momentum is 1"),
    (network(conv(#""channels":2,"kernel":[3],"stride":1"#)), "two sizes"),
    (network(conv(#""channels":2,"kernel":[3,99],"stride":1"#)), "kernel width is 99"),
    (network(conv(#""channels":2,"kernel":[3,3],"stride":0"#)), "stride height is 0"),
    (network(conv(#""channels":2,"kernel":[3,3],"stride":1,"padding":65"#)), "padding is 65"),
    (
      network(conv(#""channels":2,"kernel":[4,4],"stride":1,"padding":0"#)), "4x4 is larger than its input [1, 1, 1, 8]"
    ),
    (network(conv(#""channels":2,"kernel":[3,3],"stride":1,"weights":{"truncatedNormal":{"sigma":1e300}}"#)), "begin"),
    (
      network(
        #"{"layer":"transposedConvolution","name":"a","channels":2,"kernel":[2,2],"stride":1,"padding":1}"#),
      "leaves nothing of the input [1, 1, 1, 8]"
    ),
    (
      network(
        #"{"layer":"transposedConvolution","name":"a","channels":2,"kernel":[2,2],"stride":1,"spectralNorm":true}"#),
      "spectral norm"
    ),
    (network(conv(#""channels":2,"kernel":[3,3],"stride":[1]"#)), "one stride, or two"),
    (network(conv(#""channels":2,"kernel":[3,3],"stride":1,"padding":"full""#)), "padding that is not same"),
    (network(conv(#""channels":2,"kernel":[3,3],"stride":1,"padding":[1,1]"#)), "padding that is not same"),
    (network(conv(#""channels":2,"kernel":[3,3],"stride":1,"padding":[1,1,-1,1]"#)), "padding is -1"),
    (network(conv(#""channels":2,"kernel":[3,3],"stride":1,"outputPadding":1"#)), "for transposed"),
    (
      network(
        #"{"layer":"transposedConvolution","name":"a","channels":2,"kernel":[3,3],"stride":2,"padding":1,"outputPadding":2}"#
      ), "at most 1x1"
    ),
    (network(#"{"layer":"dropout","rate":1}"#), "rate is 1"),
    (network(#"{"layer":"upsample","factor":0}"#), "factor height is 0"),
    (network(#"{"layer":"upsample","factor":268435456}"#), "values at most"),
    (network(#"{"layer":"reshape","sizes":[2,2,3]}"#), "[1, 2, 2, 3], which has 12"),
    (network(#"{"layer":"reshape","sizes":[2,0,3]}"#), "[1, 2, 0, 3]"),
    (network(#"{"layer":"maxPool","kernel":[2,2],"stride":2}"#), "2x2 is larger than its input [1, 1, 1, 8]"),
    (network(#"{"layer":"averagePool","kernel":[2,2],"stride":2,"padding":2}"#), "less padding than window"),
    (network(#"{"layer":"residual","name":"r","branches":[]}"#), "no branches"),
    (
      network(
        #"{"layer":"residual","name":"r","branches":[{"layer":"identity"},{"layer":"dense","name":"a","channels":5}]}"#),
      "layer 'r': layer 'r.a' makes [1, 1, 1, 5] of [1, 1, 1, 8], and layer 1 (identity) of 'r' makes [1, 1, 1, 8]"
    ),
    (
      network(#"{"layer":"concatenate","branches":[{"layer":"flatten"},{"layer":"upsample","factor":2}]}"#),
      "layer 2 (upsample) makes [1, 2, 2, 8]"
    ),
    (
      network(#"{"layer":"residual","branches":[{"layer":"dense","name":"a","channels":8}]}"#),
      "a layer of kind residual needs a name"
    ),
    (
      network(
        #"{"layer":"dense","name":"a.b","channels":8},{"layer":"sequential","name":"a","layers":[{"layer":"dense","name":"b","channels":8}]}"#
      ), "two layers are called 'a.b'"
    ),
    (
      network(
        String(repeating: #"{"layer":"sequential","layers":["#, count: 20) + leaky + String(repeating: "]}", count: 20)),
      "16 within each other"
    ),
    // 16 * 16 * 65536 * 65536 weights are a terabyte.
    (network(conv(#""channels":65536,"kernel":[16,16],"stride":1"#), input: "[1,1,65536]"), "more than 2147483648"),
    (
      network(
        (0..<200).map { conv(#""channels":4096,"kernel":[1,1],"stride":1"#, name: "c\($0)") }.joined(separator: ",")),
      "layer 'c128'"
    ),
  ]

  @Test(arguments: mistakes.indices) func networksThatCannotBe(index: Int) {
    let (text, says) = Self.mistakes[index]
    let error = #expect(throws: NetworkError.self) { let _: Network = try Self.read(text) }
    #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
    #expect(error?.description.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7f } == true)
  }

  /// Every kind of layer and option, nested, through its text and back, with the shapes and names that follow.
  @Test func everyKindOfLayer() throws {
    var conv = ConvolutionSpec(
      channels: 5, kernel: Extent(3, 2), stride: Extent(2, 1),
      padding: .explicit(Pads(top: 1, left: 0, bottom: 0, right: 1)))
    conv.hasBias = false
    var up = ConvolutionSpec(channels: 4, kernel: 3, stride: 2, padding: .pixels(1))
    up.outputPadding = Extent(1, 0)
    let body = LayerSpec(
      "body",
      .sequential([
        LayerSpec("conv", .convolution(ConvolutionSpec(channels: 5, kernel: 3))),
        LayerSpec("norm", .batchNorm(BatchNormSpec())),
        LayerSpec("", .gatedUnit(.silu)), LayerSpec("", .dropout(rate: 0.25)),
      ]))
    let network = try Network(
      input: Shape(n: 1, h: 8, w: 6, c: 3),
      layers: [
        LayerSpec("first", .convolution(conv)), LayerSpec("", .gatedUnit(.gelu)),
        LayerSpec("block", .residual([body, .activation(.identity)])),
        LayerSpec(
          "cat",
          .concatenate([
            LayerSpec("", .pooling(PoolSpec(.maximum, Window(kernel: 3, stride: 1, padding: .same)))),
            LayerSpec(
              "",
              .pooling(
                PoolSpec(
                  .mean(countsPadding: false),
                  Window(
                    kernel: Extent(1, 3), stride: 1,
                    padding: .explicit(
                      Pads(top: 0, left: 1, bottom: 0, right: 1))), roundsUp: true))),
            LayerSpec("side", .convolution(ConvolutionSpec(channels: 2, kernel: 1, padding: .valid))),
          ])),
        LayerSpec("up", .transposedConvolution(up)), LayerSpec("", .upsample(Extent(2, 1))),
        LayerSpec("", .reshape(Shape(n: 1, h: 11, w: 4, c: 16))), LayerSpec("", .pooling(.globalAverage)),
        LayerSpec("", .pooling(PoolSpec(.maximum, nil))), LayerSpec("", .reshape(nil)), LayerSpec("", .sequential([])),
        .activation(.sigmoid),
      ])
    #expect(try Self.read(Self.text(network)) == network)
    #expect(
      network.outputs.map(\.perPicture) == [
        "4x6x5", "4x6x5", "4x6x5", "4x6x12", "8x11x4", "16x11x4", "11x4x16", "1x1x16", "1x1x16", "1x1x16", "1x1x16",
        "1x1x16",
      ])
    #expect(
      network.parameters.map(\.name) == [
        "first.weight", "block.body.conv.weight", "block.body.conv.bias", "block.body.norm.weight",
        "block.body.norm.bias",
        "block.body.norm.running_mean", "block.body.norm.running_var", "cat.side.weight", "cat.side.bias", "up.weight",
        "up.bias",
      ])
    #expect(network.difference(from: network) == nil)
    #expect(
      network.line(4) == "up: transposedConvolution 3x3 stride 2 padding 1 output padding 1x0, 4x6x12 -> 8x11x4")
  }

  @Test func networksThatDoNotFit() throws {
    let (small, large) = (try Preset.cats64.networks(width: 8), try Preset.cats128.networks(width: 8))
    func refused(_ says: String, _ generator: Network, _ discriminator: Network) {
      let error = #expect(throws: NetworkError.self) {
        try GANDescription(
          preset: "", zDistribution: .uniform, generator: generator, discriminator: discriminator)
      }
      #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
    }
    refused("makes [1, 64, 64, 3] and the discriminator takes [1, 128, 128, 3]", small.generator, large.discriminator)
    refused(
      "end in one number", small.generator, try Network(input: small.generator.output, layers: [.activation(.tanh)]))
    refused("a vector", small.discriminator, small.discriminator)
  }

  /// What an activation is part of: linear layers take any, normalisation the leaky ReLU alone.
  @Test func stages() throws {
    let norm = LayerSpec.Operation.batchNorm(BatchNormSpec())
    let conv = LayerSpec.Operation.convolution(ConvolutionSpec(channels: 2, kernel: 3, stride: 1))
    let network = try Network(
      input: Shape(n: 1, h: 4, w: 4, c: 2),
      layers: [
        LayerSpec("a", norm), .activation(.tanh), LayerSpec("b", conv), LayerSpec("c", norm),
        .activation(.leakyReLU(slope: 0.5)), LayerSpec("d", conv), .activation(.tanh), LayerSpec("e", norm),
      ])
    #expect(network.stages.map(\.name) == ["a", "tanh2", "b", "c", "d", "e"])
    #expect(
      network.stages.map(\.activation) == [.identity, .tanh, .identity, .leakyReLU(slope: 0.5), .tanh, .identity])
    #expect(network.stages.map(\.isNormalized) == [false, false, true, false, false, false])
  }

  /// The example's layers, names and parameters: 3,576,704 and 2,765,568 of them, by its own sums at ngf = ndf = 64.
  @Test func theNetworksOfPyTorchsExample() throws {
    let networks = try Preset.dcgan64.networks(zDistribution: .normal)
    #expect(networks.generator.parameterCount == 3_576_704 && networks.discriminator.parameterCount == 2_765_568)
    let shapes = networks.generator.stages.filter(\.isTransposed).map(\.output.perPicture)
    #expect(shapes == ["4x4x512", "8x8x256", "16x16x128", "32x32x64", "64x64x3"])
    func weights(_ network: Network) -> [String] {
      network.parameters.map(\.name).filter { $0.hasSuffix(".weight") }
    }
    #expect(weights(networks.generator) == [0, 1, 3, 4, 6, 7, 9, 10, 12].map { "main.\($0).weight" })
    #expect(weights(networks.discriminator) == [0, 2, 3, 5, 6, 8, 9, 11].map { "main.\($0).weight" })
    #expect(networks.discriminator.outputs[10].perPicture == "4x4x512")
  }
}
