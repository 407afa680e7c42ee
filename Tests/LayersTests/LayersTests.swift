import Layers
import Testing

/// Each layer's outputs and gradients against PyTorch's in double precision.
///
/// A sum of k products in Float is off by about sqrt(k) half units in the last place of its RMS; the longest here is 1125
/// terms (2e-6), and the largest of some thousand elements is 4 deviations out. So 1e-5 of the RMS is generous to rounding
/// and refuses any wrong term, which is worth 1 / sqrt(k) = 3e-2.
@Suite struct LayersTests {
  static let bound = 1e-5

  func check(_ name: String, in file: String = "layers", _ layer: (Reference) -> any Layer) throws {
    let reference = try Reference(file)
    for context in contexts {
      let layer = layer(reference)
      let x = try reference.tensor("\(name).x")
      let network = try Sequential("net", [layer], input: x.shape, execution: Execution(context: context))
      for parameter in layer.parameters where parameter.isTrained {
        let key = key(parameter)
        let sizes = reference.file.shape(of: "\(name).\(key)")
        #expect(sizes == parameter.layout.fileShape, "\(name).\(key)")
        parameter.setFileValues(try reference.values("\(name).\(key)"))
      }
      let y = network.forward(x, mode: .training())
      expectClose(y.array, try reference.values("\(name).y"), within: Self.bound, "\(name).y")

      // A gradient without those of the parameters leaves them alone.
      for parameter in layer.parameters where parameter.isTrained { parameter.gradient.fill(7) }
      let dy = try reference.tensor("\(name).dy")
      let alone = try #require(
        network.backward(Tensor(y.shape, values: dy.array), parameters: .none, input: true))
      expectClose(alone.array, try reference.values("\(name).dx"), within: Self.bound, "\(name).dx")
      for parameter in layer.parameters where parameter.isTrained {
        #expect(parameter.gradient.array.allSatisfy { $0 == 7 }, "\(parameter.name) was touched")
      }

      _ = network.forward(x, mode: .training())
      let dx = try #require(
        network.backward(Tensor(y.shape, values: dy.array), parameters: .overwrite, input: true))
      expectClose(dx.array, try reference.values("\(name).dx"), within: Self.bound, "\(name).dx")
      try checkGradients(name, layer, reference, times: 1)
      _ = network.forward(x, mode: .training())
      #expect(network.backward(Tensor(y.shape, values: dy.array), parameters: .accumulate, input: false) == nil)
      try checkGradients(name, layer, reference, times: 2)
    }
  }

  /// The name without the layer's own.
  private func key(_ parameter: Parameter) -> Substring {
    parameter.name[parameter.name.firstIndex(of: ".")!...].dropFirst()
  }

  func checkGradients(_ name: String, _ layer: any Layer, _ reference: Reference, times: Float) throws {
    for parameter in layer.parameters where parameter.isTrained {
      let key = key(parameter)
      expectClose(
        parameter.fileValues(.gradient), try reference.values("\(name).d\(key)").map { times * $0 },
        within: Self.bound, "\(name).d\(key) \(times) times")
    }
  }

  @Test func convolutionOfStride2() throws {
    try check("conv_s2") { _ in
      Conv2D("c", inputChannels: 3, outputChannels: 20, kernel: 5, stride: 2, activation: .leakyReLU(slope: 0.2))
    }
  }

  @Test func convolutionOfStride1() throws {
    try check("conv_s1") { _ in Conv2D("c", inputChannels: 18, outputChannels: 5, kernel: 3, stride: 1) }
  }

  @Test func transposedConvolutionOfStride2() throws {
    try check("trans_s2") { _ in
      ConvTranspose2D(
        "t", inputChannels: 6, outputChannels: 20, kernel: 5, stride: 2, activation: .leakyReLU(slope: 0.2))
    }
  }

  @Test func transposedConvolutionOfStride1() throws {
    try check("trans_s1") { _ in
      ConvTranspose2D("t", inputChannels: 10, outputChannels: 3, kernel: 5, stride: 1, activation: .tanh)
    }
  }

  @Test func denseToPictures() throws {
    try check("dense_out") { _ in
      Dense(
        "d", inputs: Shape(n: 1, h: 1, w: 1, c: 7), outputs: Shape(n: 1, h: 2, w: 3, c: 10),
        activation: .leakyReLU(slope: 0.2))
    }
  }

  @Test func denseFromPictures() throws {
    try check("dense_in") { _ in
      Dense("d", inputs: Shape(n: 1, h: 2, w: 3, c: 10), outputs: Shape(n: 1, h: 1, w: 1, c: 3))
    }
  }

  @Test(arguments: [19, 32]) func batchNormalisation(channels: Int) throws {
    let name = "norm\(channels)"
    try check(name) { _ in BatchNorm("n", channels: channels, leakySlope: 0.2) }
  }

  /// PyTorch's moving averages from 0 and 1 after two batches, divided by the weights of what was seen: 1 - 0.99^2 = 0.0199.
  /// That divides the rounding of its variances, which are near 1, too: 3e-8 becomes 1.5e-6.
  @Test func runningStatistics() throws {
    let reference = try Reference("layers")
    for channels in [19, 32] {
      let name = "norm\(channels)"
      let bias = Parameter("bias", .vector(channels), .constant(3))
      var random = RandomGenerator(seed: 1)
      bias.initialize(&random)
      // The reference's inputs with a bias of 3 taken out, which the layer puts back into its running mean.
      let layer = BatchNorm("n", channels: channels, leakySlope: 0.2, inputBias: bias)
      let shape = try reference.tensor("\(name).x").shape
      let network = try Sequential("net", [layer], input: shape, execution: Execution(context: Context(threads: 2)))
      network.store.initialize(&random)
      layer.weight.setFileValues(try reference.values("\(name).weight"))
      layer.bias.setFileValues(try reference.values("\(name).bias"))
      var inputs: [Tensor] = []
      for key in ["first", "x"] {
        let tensor = try reference.tensor("\(name).\(key)")
        inputs.append(Tensor(tensor.shape, values: tensor.array.map { $0 - 3 }))
        _ = network.forward(inputs.last!, mode: .training())
      }
      #expect(layer.batchesTracked.value == 2)
      let means = try reference.values("\(name).running_mean").map { Double($0) / 0.0199 }
      let variances = try reference.values("\(name).running_var").map { (Double($0) - 0.9801) / 0.0199 }
      // The inputs lie around 7 with a deviation of 1, so rounding them to Float already costs some units.
      expectClose(layer.runningMean.fileValues(), means.map { Float($0) }, within: 1e-5, "running mean")
      expectClose(layer.runningVariance.fileValues(), variances.map { Float($0) }, within: 1e-5, "running variance")
      let gammas = try reference.values("\(name).weight")
      let betas = try reference.values("\(name).bias")
      let expected = try reference.values("\(name).first").enumerated().map { i, x in
        let c = i % channels
        let y = Double(gammas[c]) * (Double(x) - means[c]) / (variances[c] + 1e-5).squareRoot() + Double(betas[c])
        return Float(max(y, Double(Float(0.2)) * y))
      }
      expectClose(network.forward(inputs[0], mode: .inference).array, expected, within: 1e-5, "inference")
    }
  }

  /// Passes of inference may come between a training pass and its backward pass.
  @Test func inferenceInBetween() throws {
    var gradients: [[Float]] = []
    for interrupted in [false, true] {
      var random = RandomGenerator(seed: 8)
      let shape = Shape(n: 4, h: 5, w: 5, c: 3)
      let network = try Sequential(
        "net",
        [
          Conv2D("a", inputChannels: 3, ConvolutionSpec(channels: 8, kernel: 3), followedByBatchNorm: true),
          BatchNorm("n", channels: 8, leakySlope: 0.2),
          Conv2D("b", inputChannels: 8, ConvolutionSpec(channels: 8, kernel: 3)),
        ], input: shape, execution: Execution(context: Context(threads: 2)))
      network.initialize(&random)
      func tensor(_ shape: Shape) -> Tensor {
        Tensor(shape, values: (0..<shape.count).map { _ in random.uniform(-1, 1) })
      }
      let (x, dy, other) = (tensor(shape), tensor(Shape(n: 4, h: 5, w: 5, c: 8)), tensor(shape.with(n: 2)))
      // In two parts, which inference does not have.
      _ = network.forward(x, mode: .training(parts: 2))
      if interrupted { _ = network.forward(other, mode: .inference) }
      let dx = network.backward(dy, parameters: .overwrite, input: true)!
      gradients.append(dx.array + network.store.trained.flatMap(\.gradient.array))
    }
    expectClose(gradients[1], gradients[0], within: 0, "gradients")
  }

  /// After t batches each has the weight of a moving average of what was seen alone: 0.99^(t - i), over their sum. The first
  /// takes the place of what was there, were it infinite. Sums of at most 7 terms of 1 round by less than 1e-6.
  @Test func runningStatisticsAreOfWhatWasSeen() throws {
    let layer = BatchNorm("n", channels: 2)
    let network = try Sequential(
      "net", [layer], input: Shape(n: 2, h: 1, w: 1, c: 2), execution: Execution(context: Context(threads: 1)))
    var random = RandomGenerator(seed: 4)
    network.store.initialize(&random)
    layer.runningVariance.setFileValues([.infinity, .nan])
    func pass(_ level: Float, parts: Int = 1) {
      // Mean `level` in the first channel, 2 in the second; unbiased variances 2 level^2 and 0.
      let values = (0..<parts).flatMap { _ in [0, 2, 2 * level, 2] as [Float] }
      _ = network.forward(Tensor(Shape(n: 2 * parts, h: 1, w: 1, c: 2), values: values), mode: .training(parts: parts))
    }
    var seen: [Double] = []
    for (level, parts) in [(1, 1), (3, 1), (2, 3), (5, 2)] as [(Float, Int)] {
      pass(level, parts: parts)
      seen += [Double](repeating: Double(level), count: parts)
      #expect(layer.batchesTracked.value == seen.count)
      func average(_ value: (Double) -> Double) -> Float {
        var (sum, weights) = (0.0, 0.0)
        for level in seen {
          sum = 0.99 * sum + value(level)
          weights = 0.99 * weights + 1
        }
        return Float(sum / weights)
      }
      expectClose(layer.runningMean.fileValues(), [average { $0 }, 2], within: 1e-6, "mean of \(seen)")
      expectClose(
        layer.runningVariance.fileValues(), [average { 2 * $0 * $0 }, 0], within: 1e-6, "variance of \(seen)")
    }
    layer.resetRunningStatistics()
    pass(4)
    #expect(layer.runningMean.fileValues() == [4, 2] && layer.runningVariance.fileValues() == [32, 0])
  }

  @Test func adam() throws {
    let reference = try Reference("layers")
    let gradients = try reference.values("adam.gradients")
    for context in contexts {
      let parameter = Parameter("p", .vector(37), .constant(0))
      parameter.setFileValues(try reference.values("adam.start"))
      let adam = Adam(rate: 1e-2, beta1: 0.5, beta2: 0.999)
      for step in 0..<10 {
        parameter.setFileValues(Array(gradients[step * 37..<(step + 1) * 37]), .gradient)
        adam.update(ParameterStore([parameter]), context: context)
      }
      expectClose(parameter.fileValues(), try reference.values("adam.end"), within: 1e-6, "value")
      // Gradients span ten decades, so each element of the moments counts by itself.
      for (array, key) in [(ParameterArray.firstMoment, "exp_avg"), (.secondMoment, "exp_avg_sq")] {
        for (a, e) in zip(parameter.fileValues(array), try reference.values("adam.\(key)")) {
          #expect(abs(a - e) <= 3e-6 * abs(e) + 1e-37, "\(key): \(a) where \(e) is expected")
        }
      }
    }
  }

  @Test func losses() throws {
    let reference = try Reference("layers")
    let x = Tensor(Shape(n: 22, h: 1, w: 1, c: 1), values: try reference.values("loss.x"))
    let targets = try reference.values("loss.target")
    let found = [
      ("cross_entropy", sigmoidCrossEntropy(logits: x, targets: targets)),
      ("hinge_real", hingeLoss(logits: x, sign: 1)), ("hinge_fake", hingeLoss(logits: x, sign: -1)),
      ("hinge_generator", linearLoss(logits: x, factor: -1)),
    ]
    for (name, result) in found {
      expectClose([Float(result.loss)], try reference.values("loss.\(name)"), within: 2e-7, name)
      expectClose(result.gradient.array, try reference.values("loss.\(name).dx"), within: 1e-6, "\(name) gradient")
    }
  }
}
