import Layers
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Networks as a user of `import Layers` builds them, and what must hold whatever the numbers are.
@Suite struct NetworkTests {
  /// The example of the module's documentation.
  @Test func documentationExample() throws {
    let context = Context(threads: 2)
    var random = RandomGenerator(seed: 1)
    let network = try Sequential(
      "classifier",
      [
        Conv2D("conv", inputChannels: 1, ConvolutionSpec(channels: 8, kernel: 3, stride: 2), followedByBatchNorm: true),
        BatchNorm("norm", channels: 8, leakySlope: 0.2),
        Dense("dense", inputs: Shape(n: 1, h: 4, w: 4, c: 8), outputs: Shape(n: 1, h: 1, w: 1, c: 1)),
      ], input: Shape(n: 16, h: 8, w: 8, c: 1), execution: Execution(context: context))
    network.store.initialize(&random)
    let adam = Adam(rate: 1e-2)
    let pictures = Tensor(Shape(n: 16, h: 8, w: 8, c: 1), values: (0..<1024).map { _ in random.uniform(-1, 1) })
    let labels = (0..<16).map { Float($0 % 2) }
    var losses: [Double] = []
    for _ in 0..<60 {
      let logits = network.forward(pictures, mode: .training())
      let (loss, gradient) = sigmoidCrossEntropy(logits: logits, targets: labels)
      network.backward(gradient, parameters: .overwrite, input: false)
      adam.update(network.store, context: context)
      losses.append(loss)
    }
    // Sixteen pictures of noise are learned by heart.
    #expect(losses.last! < 0.1 * losses.first!)
  }

  /// Two parts in one pass are two passes: outputs, running statistics and gradients. Then a smaller batch again, which
  /// finds the filters of the larger.
  @Test func partsOfABatchPassAsIfAlone() throws {
    for context in contexts {
      let shape = Shape(n: 3, h: 9, w: 8, c: 16)
      func network() throws -> Sequential {
        let network = try Sequential(
          "net",
          [
            Conv2D(
              "conv", inputChannels: 16, ConvolutionSpec(channels: 18, kernel: 5, stride: 2), followedByBatchNorm: true),
            BatchNorm("norm", channels: 18, leakySlope: 0.2),
            Conv2D("last", inputChannels: 18, outputChannels: 3, kernel: 3, stride: 1),
          ], input: shape, execution: Execution(context: context))
        var random = RandomGenerator(seed: 3)
        network.store.initialize(&random)
        return network
      }
      var random = RandomGenerator(seed: 8)
      func draw(_ shape: Shape, _ scale: Float) -> Tensor {
        Tensor(shape, values: (0..<shape.count).map { _ in scale * random.uniform(-1, 1) })
      }
      // Of different spread, so that statistics of both together would be others.
      let inputs = [draw(shape, 1), draw(shape, 3)]
      let (together, apart) = (try network(), try network())
      let outputShape = try together.outputShape(shape)
      let gradients = [draw(outputShape, 1), draw(outputShape, 1)]

      var outputs: [Float] = []
      var inputGradients: [Float] = []
      for (i, input) in inputs.enumerated() {
        outputs += apart.forward(input, mode: .training()).array
        let gradient = Tensor(outputShape, values: gradients[i].array)
        inputGradients += apart.backward(gradient, parameters: i == 0 ? .overwrite : .accumulate, input: true)!.array
      }
      let both = Tensor(shape.with(n: 6), values: inputs.flatMap(\.array))
      let output = together.forward(both, mode: .training(parts: 2))
      #expect(output.array == outputs, "\(shape)")
      let gradient = Tensor(output.shape, values: gradients.flatMap(\.array))
      #expect(together.backward(gradient, parameters: .overwrite, input: true)!.array == inputGradients)
      for (one, other) in zip(together.store.parameters, apart.store.parameters) {
        #expect(one.value.array == other.value.array, "\(one.name)")
        // The sums over pictures run in another order.
        guard one.isTrained, !one.name.hasSuffix("conv.bias") else { continue }
        expectClose(one.gradient.array, other.gradient.array, within: LayersTests.bound, one.name)
      }
      let smaller = together.forward(inputs[1], mode: .training()).array
      #expect(smaller == Array(outputs.suffix(smaller.count)), "\(shape)")
    }
  }

  /// Central differences through layers that share memory: conv, tanh and leaky ReLU in place, norm, transposed conv.
  @Test func gradientThroughSharedMemory() throws {
    var random = RandomGenerator(seed: 5)
    let shape = Shape(n: 2, h: 3, w: 4, c: 2)
    let network = try Sequential(
      "net",
      [
        Conv2D("conv", inputChannels: 2, outputChannels: 3, kernel: 3, stride: 1),
        Tanh("tanh"), LeakyReLU("leaky", slope: 0.5), BatchNorm("norm", channels: 3),
        ConvTranspose2D("trans", inputChannels: 3, outputChannels: 2, kernel: 3, stride: 2), Tanh("end"),
      ], input: shape, execution: Execution(context: Context(threads: 1)))
    network.store.initialize(&random)
    for parameter in network.store.trained {
      for i in 0..<parameter.count { parameter.value.pointer[i] += random.uniform(-0.5, 0.5) }
      parameter.changed()
    }
    var values = (0..<shape.count).map { _ in random.uniform(-1, 1) }
    let weights = (0..<4 * shape.count).map { _ in random.uniform(-1, 1) }
    func objective() -> Double {
      zip(network.forward(Tensor(shape, values: values), mode: .training()).array, weights)
        .reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let y = network.forward(Tensor(shape, values: values), mode: .training())
    let gradient = network.backward(Tensor(y.shape, values: weights), parameters: .none, input: true)!.array
    for i in stride(from: 0, to: values.count, by: 7) {
      let step: Float = 1e-2
      let x = values[i]
      values[i] = x + step
      let above = objective()
      values[i] = x - step
      let below = objective()
      values[i] = x
      let slope = (above - below) / Double(2 * step)
      // The third derivative costs step^2; Float outputs cost 1e-7 / step.
      #expect(abs(slope - Double(gradient[i])) < 2e-2 * max(1, abs(slope)), "input \(i): \(slope), \(gradient[i])")
    }
  }

  /// Memory order and file order of a filter and a dense weight, by index arithmetic.
  @Test func fileLayouts() {
    let filter = Parameter("f", .filter(kernelHeight: 2, kernelWidth: 3, inputs: 5, outputs: 19), .constant(0))
    filter.setFileValues((0..<filter.count).map(Float.init))
    for p in 0..<2 {
      for q in 0..<3 {
        for i in 0..<5 {
          for o in 0..<19 {
            #expect(
              filter.value.pointer[((p * 3 + q) * 5 + i) * 19 + o] == Float(((o * 5 + i) * 2 + p) * 3 + q))
          }
        }
      }
    }
    #expect(filter.fileValues() == (0..<filter.count).map(Float.init))

    let dense = Parameter(
      "d", .dense(inputs: Shape(n: 1, h: 2, w: 3, c: 4), outputs: Shape(n: 1, h: 5, w: 1, c: 18)), .constant(0))
    dense.setFileValues((0..<dense.count).map(Float.init))
    for (h, w, c) in [(0, 0, 0), (1, 2, 3), (0, 2, 1)] {
      for (oh, oc) in [(0, 0), (4, 17), (2, 16)] {
        let memory = ((h * 3 + w) * 4 + c) * 90 + oh * 18 + oc
        let file = (oc * 5 + oh) * 24 + (c * 2 + h) * 3 + w
        #expect(dense.value.pointer[memory] == Float(file))
      }
    }
    #expect(dense.fileValues() == (0..<dense.count).map(Float.init))
  }

  /// tanh over its whole range against libm in Double.
  @Test func hyperbolicTangent() {
    var inputs = stride(from: -12.0, through: 12.0, by: 0.0037).map { Float($0) }
    inputs += [0, -0.0, 1e-30, -1e-8, 1e-4, 0.6, 0.59999996, 9.01, 88, 1e30, -.infinity, .infinity]
    for context in contexts {
      let layer = Tanh("tanh")
      let x = Tensor(Shape(n: 1, h: 1, w: 1, c: inputs.count), values: inputs)
      let y = Tensor(x.shape)
      layer.forward(x, into: y, mode: .training(), row: "", Execution(context: context))
      for (input, output) in zip(inputs, y.array) {
        let expected = tanh(Double(input))
        let unit = Double(max(Float(abs(expected)).ulp, Float.leastNormalMagnitude))
        #expect(abs(Double(output) - expected) <= 3 * unit, "tanh(\(input)) = \(output), not \(expected)")
      }
    }
  }
}
