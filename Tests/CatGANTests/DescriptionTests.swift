import Foundation
import Generation
import Kernels
import Layers
import Networks
import Random
import Storage
import TestSupport
import Testing

@testable import CatGAN

/// One description, and what is made of it: the trainable network, the sampler and the file.
@Suite struct DescriptionTests {
  @Test(arguments: Preset.allCases, DiscriminatorNorm.allCases)
  func checkpointsHaveTheLayoutOfTheDescription(preset: Preset, norm: DiscriminatorNorm) throws {
    let networks = try preset.networks(width: 8, zDimension: 5, discriminatorNorm: norm)
    let execution = Execution(context: Context(threads: 1))
    for network in [networks.generator, networks.discriminator] {
      let store = Sequential("N", network, execution: execution).store
      #expect(store.parameters.map(\.name) == network.parameters.map(\.name))
      #expect(store.parameters.map(\.layout) == network.parameters.map(\.layout))
      #expect(store.parameters.map(\.isTrained) == network.parameters.map(\.isTrained))
    }
  }

  /// A generator like no preset: all layers, in orders that cannot be folded into each other.
  private static func generator() throws -> Network {
    let norm = LayerSpec.Operation.batchNorm(BatchNormSpec())
    let leaky = LayerSpec.activation(.leakyReLU(slope: 0.1))
    func dense(_ channels: Int, side: Int) -> LayerSpec.Operation {
      var spec = DenseSpec(channels: channels)
      (spec.height, spec.width) = (side, side + 1)
      return .dense(spec)
    }
    func conv(_ channels: Int, _ stride: Int, _ kernel: Int) -> ConvolutionSpec {
      ConvolutionSpec(channels: channels, kernel: Extent(kernel), stride: Extent(stride))
    }
    return try Network(
      input: Shape(n: 1, h: 1, w: 1, c: 6),
      layers: [
        LayerSpec("scale", norm), .activation(.tanh), LayerSpec("first", dense(16, side: 2)), LayerSpec("n1", norm),
        leaky,
        LayerSpec("second", dense(16, side: 4)), leaky, LayerSpec("n2", norm), .activation(.tanh),
        LayerSpec("up1", .transposedConvolution(conv(32, 2, 5))), .activation(.tanh),
        LayerSpec("flat1", .convolution(conv(16, 1, 5))), LayerSpec("n3", norm), leaky,
        LayerSpec("up2", .transposedConvolution(conv(8, 2, 3))), leaky,
        LayerSpec("down", .convolution(conv(1, 1, 3))), LayerSpec("wide", .convolution(conv(4, 1, 3))), leaky,
        LayerSpec("picture", .convolution(conv(3, 1, 3))), LayerSpec("n4", norm), .activation(.tanh),
      ])
  }

  /// The layers that the other has not, in branches within branches, some of which pass on what others change in place.
  private static func branching() throws -> Network {
    let norm = LayerSpec.Operation.batchNorm(BatchNormSpec())
    func conv(_ name: String, _ channels: Int, _ kernel: Extent = 3) -> LayerSpec {
      LayerSpec(name, .convolution(ConvolutionSpec(channels: channels, kernel: kernel)))
    }
    func unnamed(_ operation: LayerSpec.Operation) -> LayerSpec { LayerSpec("", operation) }
    var up = ConvolutionSpec(channels: 6, kernel: Extent(3, 4), stride: 2, padding: .pixels(1))
    up.outputPadding = Extent(1, 0)
    let mean = PoolSpec(.mean(countsPadding: true), Window(kernel: 3, stride: 1, padding: .same))
    return try Network(
      input: Shape(n: 1, h: 1, w: 1, c: 6),
      layers: [
        LayerSpec(
          "z",
          .residual([.activation(.tanh), .activation(.identity), LayerSpec("mix", .dense(DenseSpec(channels: 6)))])),
        LayerSpec("first", .dense(DenseSpec(channels: 160))), unnamed(.reshape(Shape(n: 1, h: 4, w: 5, c: 8))),
        LayerSpec(
          "block",
          .residual([
            LayerSpec(
              "body",
              .sequential([
                LayerSpec("n1", norm), unnamed(.gatedUnit(.silu)), conv("c1", 8), unnamed(.dropout(rate: 0.5)),
              ])),
            .activation(.identity),
          ])),
        LayerSpec(
          "cat",
          .concatenate([
            unnamed(.pooling(PoolSpec(.maximum, Window(kernel: 3, stride: 1, padding: .pixels(1))))),
            unnamed(.pooling(mean)),
            LayerSpec("skip", .sequential([])),
            LayerSpec(
              "scale",
              .sequential([
                unnamed(.pooling(.globalAverage)), unnamed(.reshape(nil)), LayerSpec("n2", norm),
                unnamed(.gatedUnit(.gelu)),
                unnamed(.upsample(Extent(4, 5))),
              ])),
          ])),
        LayerSpec(
          "grow", .sequential([LayerSpec("up", .transposedConvolution(up)), .activation(.leakyReLU(slope: 0.1))])),
        unnamed(.upsample(Extent(1, 2))),
        LayerSpec("end", .sequential([conv("picture", 3, Extent(1, 5)), .activation(.tanh)])),
      ])
  }

  /// The trainable network's inference is the reference; rounding to bytes may differ by one.
  @Test(arguments: InstructionSet.available, [false, true])
  func anyDescriptionIsSampled(set: InstructionSet, branches: Bool) throws {
    let generator = try branches ? Self.branching() : Self.generator()
    #expect(generator.output == Shape(n: 1, h: branches ? 8 : 16, w: 20, c: 3))
    let networks = try GANDescription(
      preset: "own", zDistribution: .normal, generator: generator,
      discriminator: Network(input: generator.output, layers: [LayerSpec("dense", .dense(DenseSpec(channels: 1)))]))
    let context = Context(threads: 2, instructionSet: set)
    let trainable = Generator(networks, execution: Execution(context: context))
    var random = RandomGenerator(seed: 3)
    trainable.network.initialize(&random)
    for parameter in trainable.store.parameters {
      // Statistics, shifts and weights that are all seen in the picture.
      for i in 0..<parameter.count {
        let value = random.uniform(-0.5, 0.5)
        let isScale =
          parameter.name.hasSuffix("var")
          || parameter.layout == .vector(parameter.count) && parameter.name.hasSuffix("weight")
        parameter.value.pointer[i] = isScale ? 1 + value : value
      }
      parameter.changed()
    }
    let place = CheckpointTests.Place()
    try Checkpoint.exportGenerator(
      trainable.store, networks: networks, state: CheckpointState(), to: place.path, overwrite: false)
    let file = try SafeTensors(path: place.path)
    let description = try CheckpointDescription(file)
    #expect(description.generator == generator && description.distribution == .normal)
    #expect(trainable.store.parameters.map(\.name) == generator.parameters.map(\.name))
    #expect(trainable.store.parameters.map(\.layout) == generator.parameters.map(\.layout))

    let z = (0..<5).map { Latent.vector(seed: UInt64($0), dimension: 6, distribution: .normal) }
    let latents = Tensor(trainable.latentShape(5), values: z.flatMap { $0 })
    let expected = trainable.pictures(latents).array.map { Int((($0 + 1) * 127.5).rounded()) }
    #expect(Set(expected).count > 100)
    for batchSize in [1, 5] {
      let model = try GeneratorModel(file, description, batchSize: batchSize, context: context)
      let pictures = try model.pictures(z)
      #expect(pictures.allSatisfy { $0.width == 20 && $0.height == generator.output.h })
      let found = pictures.flatMap(\.pixels).map(Int.init)
      #expect(found.count == expected.count)
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1 })
    }
  }

  /// Files whose description and tensors say different things, or whose network makes no picture.
  @Test func descriptionsThatLie() throws {
    let networks = SmallTraining.networks
    let generator = Generator(networks, execution: Execution(context: Context(threads: 1)))
    var random = RandomGenerator(seed: 1)
    generator.network.initialize(&random)
    let place = CheckpointTests.Place()
    func refused(_ says: String, _ saved: Network) throws {
      let described = try GANDescription(
        preset: "own", zDistribution: .uniform, generator: saved,
        discriminator: Network(input: saved.output, layers: [LayerSpec("dense", .dense(DenseSpec(channels: 1)))]))
      try Checkpoint.exportGenerator(
        generator.store, networks: described, state: CheckpointState(), to: place.path, overwrite: true)
      let error = #expect(throws: CheckpointError.self) { try CheckpointDescription(SafeTensors(path: place.path)) }
      #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
    }
    try refused(
      "has generator.dense.weight of shape [16, 3], where its generator asks for [32, 3]",
      GANDescription.cats("", imageSize: 16, width: 2, zDimension: 3).generator)
    let layers = networks.generator.layers
    try refused("end in tanh", Network(input: networks.generator.input, layers: layers.dropLast()))
    try refused(
      "has no tensor generator.more.weight",
      Network(input: networks.generator.input, layers: layers + [LayerSpec("more", .batchNorm(BatchNormSpec()))]))
    try refused(
      "where pictures with 3 channels", Network(input: networks.generator.input, layers: Array(layers.prefix(5))))
  }

  /// A state dict that PyTorch wrote goes into the trainable network of the preset, which then makes PyTorch's pictures:
  /// Fixtures/generators/make_dcgan.py. Rounding to bytes may differ by one.
  @Test func aForeignStateDictIsGoneOnWith() throws {
    let networks = try Preset.dcgan64.networks(width: 4, zDimension: 12, zDistribution: .normal)
    let generator = Generator(networks, execution: Execution(context: Context(threads: 2)))
    _ = try Checkpoint.loadFinishedGenerator(
      of: Fixtures.path("generators/dcgan.safetensors"), into: generator.store, like: networks)
    let z = [0, 5].flatMap { Latent.vector(seed: $0, dimension: 12, distribution: .normal) }
    let found = generator.pictures(Tensor(generator.latentShape(2), values: z)).array.map { (value: Float) in
      Int(((value + 1) * 127.5).rounded())
    }
    let expected = try Data(contentsOf: URL(filePath: Fixtures.path("generators/dcgan.rgb"))).map { Int($0) }
    #expect(found.count == expected.count)
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1 })
  }
}
