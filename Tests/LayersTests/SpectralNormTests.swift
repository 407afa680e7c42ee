import Layers
import Testing

/// Spectral normalisation against torch.nn.utils.parametrizations.spectral_norm in double precision.
///
/// Bounds as in `LayersTests`: the longest sums have 75 products, and sigma, which all results are divided by, is a sum of
/// 1500 products that are all but one direction's worth; 1e-5 of the RMS is generous to rounding.
@Suite struct SpectralNormTests {
  static let bound = 1e-5

  static func convolution(_ reference: Reference, _ name: String) throws -> Conv2D {
    let layer = Conv2D("c", inputChannels: 3, outputChannels: 20, kernel: 5, stride: 2, spectralNorm: true)
    layer.weight.setFileValues(try reference.values("\(name).weight"))
    layer.bias.setFileValues(try reference.values("\(name).bias"))
    return layer
  }

  /// Two passes, each after an iteration from where the last one ended; gradients added up.
  @Test func twoPasses() throws {
    let reference = try Reference("levers")
    for context in contexts {
      let layer = try Self.convolution(reference, "spectral")
      let norm = try #require(layer.spectralNorm)
      norm.v.setFileValues(try reference.values("spectral.weight_v.start"))
      let network = Sequential("net", [layer], execution: Execution(context: context))
      var gradient = [Float](repeating: 0, count: layer.weight.count)
      for i in 0..<2 {
        norm.iterate(context)
        let y = network.forward(try reference.tensor("spectral.x\(i)"), training: true)
        expectClose(y.array, try reference.values("spectral.y\(i)"), within: Self.bound, "y\(i)")
        network.backward(try reference.tensor("spectral.dy\(i)"), parameters: .overwrite, input: false)
        norm.finishGradient(context)
        for (j, g) in layer.weight.fileValues(.gradient).enumerated() { gradient[j] += g }
      }
      expectClose(gradient, try reference.values("spectral.dweight"), within: Self.bound, "dweight")
      expectClose(norm.u.fileValues(), try reference.values("spectral.weight_u.end"), within: Self.bound, "u")
      expectClose(norm.v.fileValues(), try reference.values("spectral.weight_v.end"), within: Self.bound, "v")
    }
  }
}
