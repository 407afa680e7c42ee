import Layers
import Testing

/// Spectral normalisation against torch.nn.utils.parametrizations.spectral_norm in double precision; see
/// Fixtures/reference/make_levers.py.
///
/// Bounds as in `LayersTests`: the longest sums have 75 products, and those over 1500 products behind sigma and the gradient
/// are added up in Double; 1e-5 of the RMS is generous to rounding and refuses any wrong term.
@Suite struct SpectralNormTests {
  static let bound = 1e-5

  static func convolution() -> Conv2D {
    var spec = ConvolutionSpec(channels: 20, kernel: 5, stride: 2)
    spec.hasSpectralNorm = true
    return Conv2D("c", inputChannels: 3, spec)
  }

  /// Two passes, each after an iteration from where the last one ended; gradients added up.
  private func check(_ name: String, _ makeLayer: () -> (any Layer, SpectralNorm, bias: Parameter)) throws {
    let reference = try Reference("levers")
    for context in contexts {
      let (layer, norm, bias) = makeLayer()
      norm.weight.setFileValues(try reference.values("\(name).weight"))
      bias.setFileValues(try reference.values("\(name).bias"))
      norm.v.setFileValues(try reference.values("\(name).weight_v.start"))
      let input = try reference.tensor("\(name).x0").shape
      let network = try Sequential("net", [layer], input: input, execution: Execution(context: context))
      var gradient = [Float](repeating: 0, count: norm.weight.count)
      for i in 0..<2 {
        norm.iterate(context)
        let y = network.forward(try reference.tensor("\(name).x\(i)"), mode: .training())
        expectClose(y.array, try reference.values("\(name).y\(i)"), within: Self.bound, "\(name).y\(i)")
        network.backward(try reference.tensor("\(name).dy\(i)"), parameters: .overwrite, input: false)
        norm.finishGradient(context)
        for (j, g) in norm.weight.fileValues(.gradient).enumerated() { gradient[j] += g }
      }
      expectClose(gradient, try reference.values("\(name).dweight"), within: Self.bound, "\(name).dweight")
      for vector in [norm.u, norm.v] {
        let key = "\(name).\(vector.name.split(separator: ".").last!)"
        #expect(vector.layout.fileShape == reference.file.shape(of: "\(key).end"), "\(key)")
        expectClose(vector.fileValues(), try reference.values("\(key).end"), within: Self.bound, key)
      }
    }
  }

  @Test func convolutionTwice() throws {
    try check("conv") {
      let layer = Self.convolution()
      return (layer, layer.spectralNorm!, layer.bias!)
    }
  }

  @Test func denseTwice() throws {
    try check("dense") {
      let layer = Dense(
        "d", inputs: Shape(n: 1, h: 2, w: 3, c: 10), outputs: Shape(n: 1, h: 1, w: 1, c: 3), spectralNorm: true)
      return (layer, layer.spectralNorm!, layer.bias!)
    }
  }

  /// After many iterations sigma is the largest singular value, here of a matrix that is known: 3 in one place and 1s
  /// besides. From a ratio of 3 on, each iteration takes the error of sigma to a ninth.
  @Test func sigmaIsTheLargestSingularValue() throws {
    let context = Context(threads: 2)
    let layer = Dense(
      "d", inputs: Shape(n: 1, h: 1, w: 1, c: 40), outputs: Shape(n: 1, h: 1, w: 1, c: 24), spectralNorm: true)
    let network = try Sequential("net", [layer], input: layer.inputs, execution: Execution(context: context))
    layer.weight.setFileValues(
      (0..<24 * 40).map { $0 / 40 == $0 % 40 ? ($0 / 40 == 7 ? -3 : 1) : 0 })
    var random = RandomGenerator(seed: 1)
    let norm = layer.spectralNorm!
    norm.v.initialize(&random)
    norm.begin(context)
    #expect(abs(norm.sigma - 3) < 1e-6, "\(norm.sigma)")
    layer.bias!.value.fill(0)
    let y = network.forward(
      Tensor(Shape(n: 1, h: 1, w: 1, c: 40), values: [Float](repeating: 6, count: 40)), mode: .training())
    for (i, value) in y.array.enumerated() { #expect(abs(value - (i == 7 ? -6 : 2)) < 1e-5, "\(i): \(value)") }
  }

  /// A pass follows whoever changes the weight, and without an iteration u and v stay.
  @Test func passesFollowTheWeight() throws {
    let context = Context(threads: 1)
    let layer = Self.convolution()
    let input = Shape(n: 1, h: 4, w: 4, c: 3)
    let network = try Sequential("net", [layer], input: input, execution: Execution(context: context))
    var random = RandomGenerator(seed: 3)
    network.initialize(&random)
    let norm = layer.spectralNorm!
    let x = Tensor(input, values: (0..<48).map { _ in random.uniform(-1, 1) })
    let before = network.forward(x, mode: .training()).array
    let (u, v, sigma) = (norm.u.fileValues(), norm.v.fileValues(), norm.sigma)
    // Four times the weight is the same function, bit for bit, as 4 is a power of two.
    layer.weight.setFileValues(layer.weight.fileValues().map { 4 * $0 })
    #expect(network.forward(x, mode: .training()).array == before)
    #expect(norm.sigma == 4 * sigma)
    #expect(norm.u.fileValues() == u && norm.v.fileValues() == v)
  }

  /// What is saved, the weight and both vectors, is enough to go on with the same bits.
  @Test func goesOnFromWhatIsSaved() throws {
    let context = Context(threads: 2)
    func make(_ seed: UInt64) throws -> (Sequential, Adam) {
      let network = try Sequential(
        "net", [Self.convolution()], input: Shape(n: 2, h: 6, w: 8, c: 3), execution: Execution(context: context))
      var random = RandomGenerator(seed: seed)
      network.initialize(&random)
      return (network, Adam(rate: 1e-2))
    }
    func step(_ network: Sequential, _ adam: Adam) -> [Float] {
      var random = RandomGenerator(seed: UInt64(adam.steps))
      let x = Tensor(Shape(n: 2, h: 6, w: 8, c: 3), values: (0..<288).map { _ in random.uniform(-1, 1) })
      let y = network.forward(x, mode: .training())
      let result = y.array
      network.backward(Tensor(y.shape, values: result), parameters: .overwrite, input: false)
      adam.update(network.store, context: context)
      return result
    }
    let (first, firstAdam) = try make(1)
    for _ in 0..<3 { _ = step(first, firstAdam) }
    let (second, secondAdam) = try make(2)
    for (mine, theirs) in zip(second.store.parameters, first.store.parameters) {
      for array in ParameterArray.allCases where array != .gradient {
        mine.setFileValues(theirs.fileValues(array), array)
      }
    }
    secondAdam.steps = firstAdam.steps
    for _ in 0..<3 { #expect(step(first, firstAdam) == step(second, secondAdam)) }
  }
}
