import Kernels
import Networks
import Testing

@testable import Generation

/// What may follow the tanh that bounds pictures, and what may not.
@Suite struct SamplingPlanTests {
  private static func network(_ layers: [LayerSpec], tanh: Bool = true) throws -> Network {
    let picture = LayerSpec("picture", .transposedConvolution(ConvolutionSpec(channels: 3, kernel: 4, padding: .valid)))
    return try Network(
      input: Shape(n: 1, h: 1, w: 1, c: 5), layers: [picture] + (tanh ? [.activation(.tanh)] : []) + layers)
  }

  private static func halved(_ kind: PoolKind) -> LayerSpec {
    LayerSpec("", .pooling(PoolSpec(kind, Window(kernel: 2, stride: 2, padding: .valid))))
  }

  @Test func layersThatKeepTheBounds() throws {
    let mean = Self.halved(.mean(countsPadding: true))
    for (layers, after) in [
      ([], 0), ([mean], 1), ([Self.halved(.maximum), mean], 2), ([LayerSpec("", .upsample(Extent(2, 2)))], 1),
      ([LayerSpec("", .reshape(Shape(n: 1, h: 2, w: 8, c: 3)))], 1), ([LayerSpec("", .dropout(rate: 0.5))], 1),
      ([LayerSpec("", .sequential([mean]))], 1),
    ] {
      #expect(SamplingPlan.layersAfterTanh(try Self.network(layers)) == after)
      #expect(SamplingPlan.layersAfterTanh(try Self.network(layers, tanh: false)) == nil)
    }
  }

  @Test func layersThatDoNot() throws {
    let mean = Self.halved(.mean(countsPadding: false))
    for last in [
      LayerSpec("", .residual([mean, mean])), LayerSpec("", .gatedUnit(.silu)),
      LayerSpec("last", .convolution(ConvolutionSpec(channels: 3, kernel: 3))),
      LayerSpec("norm", .batchNorm(BatchNormSpec())),
    ] {
      #expect(SamplingPlan.layersAfterTanh(try Self.network([last])) == nil)
      #expect(SamplingPlan.layersAfterTanh(try Self.network([last, mean])) == nil)
    }
  }
}
