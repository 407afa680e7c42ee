import Foundation
import Storage
import Testing

@testable import Layers

/// What must hold of networks whatever the numbers are: shapes, names, refusals, memory and files.
@Suite struct StructureTests {
  static func conv(_ name: String, _ from: Int, _ to: Int, stride: Extent = 1) -> Conv2D {
    Conv2D(name, inputChannels: from, outputChannels: to, kernel: 3, stride: stride)
  }

  static func network(_ context: Context = Context(threads: 1)) throws -> Sequential {
    try Sequential(
      "net",
      [
        conv("conv", 3, 6), BatchNorm("norm", channels: 6),
        Residual(
          "block",
          Sequential("body", [conv("conv", 6, 6), BatchNorm("norm", channels: 6), Dropout("drop", rate: 0.5, seed: 1)])),
        Dense("dense", inputs: Shape(n: 1, h: 4, w: 4, c: 6), outputs: Shape(n: 1, h: 1, w: 1, c: 2)),
      ], input: Shape(n: 8, h: 4, w: 4, c: 3), execution: Execution(context: context))
  }

  /// PyTorch's documentation: Conv2d, ConvTranspose2d, MaxPool2d with ceil_mode.
  @Test func sizesAreThoseOfPyTorch() throws {
    for kernel in 1...7 {
      for stride in 1...3 {
        for padding in 0...3 {
          for size in 1...9 {
            let input = Shape(n: 2, h: size, w: 9, c: 4)
            let conv = Conv2D(
              "c", inputChannels: 4, outputChannels: 5, kernel: Extent(kernel, 1), stride: Extent(stride, 1),
              padding: .explicit(Pads(top: padding, left: 0, bottom: padding, right: 0)))
            if size + 2 * padding < kernel {
              #expect(throws: NetworkError.self) { try conv.outputShape(input) }
            } else {
              let expected = (size + 2 * padding - (kernel - 1) - 1) / stride + 1
              #expect(try conv.outputShape(input) == Shape(n: 2, h: expected, w: 9, c: 5))
            }
            for extra in 0..<stride {
              let transposed = ConvTranspose2D(
                "t", inputChannels: 4,
                ConvolutionSpec(
                  channels: 5, kernel: Extent(kernel, 1), stride: Extent(stride, 1),
                  padding: .explicit(Pads(top: padding, left: 0, bottom: padding, right: 0)),
                  outputPadding: Extent(extra, 0)))
              let expected = (size - 1) * stride - 2 * padding + (kernel - 1) + extra + 1
              guard expected > 0 else {
                #expect(throws: NetworkError.self) { try transposed.outputShape(input) }
                continue
              }
              let shape = try transposed.outputShape(input)
              #expect(shape == Shape(n: 2, h: expected, w: 9, c: 5))
              // The convolution of which it is the adjoint leads back.
              let back = transposed.convShape(input)
              #expect(back.inputHeight == expected && back.outputHeight == size && back.outputWidth == 9)
            }
            guard 2 * padding <= kernel, padding < kernel, size + 2 * padding >= kernel else { continue }
            let pool = MaxPool2D(
              "p", kernel: Extent(kernel, 1), stride: Extent(stride, 1),
              padding: .explicit(Pads(top: padding, left: 0, bottom: padding, right: 0)), ceilMode: true)
            var expectedRows = (size + 2 * padding - kernel + stride - 1) / stride + 1
            if (expectedRows - 1) * stride >= size + padding { expectedRows -= 1 }
            #expect(try pool.outputShape(input).h == expectedRows)
          }
        }
      }
    }
  }

  @Test func namesArePaths() throws {
    #expect(
      try Self.network().store.parameters.map(\.name) == [
        "conv.weight", "conv.bias", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var",
        "block.body.conv.weight", "block.body.conv.bias", "block.body.norm.weight", "block.body.norm.bias",
        "block.body.norm.running_mean", "block.body.norm.running_var", "dense.weight", "dense.bias",
      ])
    #expect(
      try Self.network().store.counters.map(\.name) == [
        "norm.num_batches_tracked", "block.body.norm.num_batches_tracked",
      ])
  }

  @Test func observersSeePaths() throws {
    let network = try Self.network()
    var random = RandomGenerator(seed: 1)
    network.initialize(&random)
    var rows: [String] = []
    network.execution.observer = { row, work in
      rows.append(row)
      work()
    }
    let y = network.forward(
      Tensor(Shape(n: 1, h: 4, w: 4, c: 3), values: [Float](repeating: 1, count: 48)), mode: .training())
    network.backward(Tensor(y.shape, values: [1, 1]), parameters: .overwrite, input: false)
    #expect(rows.contains("net.block.body.conv fwd") && rows.contains("net.block.body.conv bwd-filter"))
  }

  @Test func refusals() {
    let context = Context(threads: 1)
    let input = Shape(n: 2, h: 8, w: 8, c: 3)
    let one = Shape(n: 1, h: 1, w: 1, c: 5)
    let cases: [([any Layer], [String])] = [
      (
        [Self.conv("a", 3, 4), Self.conv("b", 5, 4)], ["layer 'b'", "[2, 8, 8, 4]", "[4, 5, 3, 3]", "output channels"]
      ),
      ([Self.conv("a", 3, 4), BatchNorm("n", channels: 5)], ["layer 'n'", "[2, 8, 8, 4]", "[5]", "give the layer"]),
      ([Dense("d", inputs: one, outputs: one)], ["layer 'd'", "[2, 8, 8, 3]", "[2, 1, 1, 5]", "give the layer"]),
      (
        [Conv2D("big", inputChannels: 3, outputChannels: 1, kernel: 9, padding: .valid)],
        ["layer 'big'", "9x9", "[2, 8, 8, 3]", "smaller kernel"]
      ),
      (
        [ConvTranspose2D("t", inputChannels: 3, outputChannels: 1, kernel: 1, padding: .pixels(4))],
        ["layer 't'", "[2, 8, 8, 3]", "less padding"]
      ),
      (
        [
          ConvTranspose2D(
            "t", inputChannels: 3, ConvolutionSpec(channels: 1, kernel: 3, padding: .valid, outputPadding: 1))
        ],
        ["layer 't'", "1x1", "[2, 8, 8, 3]", "at most 0x0"]
      ),
      ([MaxPool2D("m", kernel: 2, padding: .pixels(2))], ["layer 'm'", "2x2", "[2, 8, 8, 3]", "less padding"]),
      ([AvgPool2D("m", kernel: 9)], ["layer 'm'", "9x9", "[2, 8, 8, 3]", "smaller kernel"]),
      ([Reshape("r", to: one)], ["layer 'r'", "[2, 8, 8, 3]", "192", "[2, 1, 1, 5]"]),
      ([Residual("r", Self.conv("a", 3, 4))], ["layer 'r'", "[2, 8, 8, 4]", "[2, 8, 8, 3]", "output channels"]),
      (
        [Concatenate("c", [Self.conv("a", 3, 4), Self.conv("b", 3, 4, stride: 2)])],
        ["layer 'c'", "[2, 8, 8, 4]", "[2, 4, 4, 4]", "strides"]
      ),
      ([Self.conv("same", 3, 3), Self.conv("same", 3, 3)], ["two layers are called 'same'"]),
      (
        [Sequential("a.b", [Self.conv("c", 3, 3)]), Sequential("a", [Sequential("b", [Self.conv("c", 3, 3)])])],
        ["two layers are called 'a.b.c'"]
      ),
      ([Residual("r", [Self.conv("same", 3, 3), Self.conv("same", 3, 3)])], ["two layers are called 'r.same'"]),
      ([Upsample("u", factor: Extent(0, 1))], ["layer 'u'", "factor height is 0"]),
      ([Upsample("u", factor: Extent(1 << 20))], ["layer 'u'", "[2, 8388608, 8388608, 3]", "268435456"]),
      (
        [Conv2D("c", inputChannels: 3, outputChannels: 1 << 40, kernel: 3)],
        ["layer 'c'", "1099511627776", "2147483648"]
      ),
      (
        [Flatten("f"), Dense("d", inputs: 192, outputs: 1 << 28)],
        ["layer 'd'", "d.weight of shape [268435456, 192]", "fewer channels"]
      ),
      ([Conv2D("c", inputChannels: 3, outputChannels: 3, kernel: 0)], ["layer 'c'", "kernel height is 0"]),
      (
        [Conv2D("c", inputChannels: 3, outputChannels: 3, kernel: 3, padding: .pixels(-1))],
        ["layer 'c'", "padding is -1"]
      ),
    ]
    for (layers, parts) in cases {
      do throws(NetworkError) {
        _ = try Sequential("net", layers, input: input, execution: Execution(context: context))
        Issue.record("\(parts) was not refused")
      } catch {
        for part in parts { #expect(error.description.contains(part), "\(error) lacks \(part)") }
      }
    }
  }

  /// Batches that no machine has the memory for.
  @Test func refusesWhatMemoryDoesNotHold() {
    for input in [Shape(n: 1 << 28, h: 1 << 10, w: 1 << 10, c: 3), Shape(n: 1 << 27, h: 64, w: 64, c: 3)] {
      let error = #expect(throws: NetworkError.self) {
        try Sequential("net", [Self.conv("a", 3, 64)], input: input, execution: Execution(context: Context(threads: 1)))
      }
      #expect(error?.description.contains("smaller batches") == true, "\(error?.description ?? "")")
    }
  }

  /// What backward reads is kept, and nothing else: the input of a mean or of an upsampling is not.
  @Test func onlyWhatBackwardReadsIsKept() throws {
    let context = Context(threads: 1)
    let input = Shape(n: 2, h: 8, w: 8, c: 3)
    for (layers, kept) in [
      // Both convolutions' inputs but for the network's, and what comes out.
      ([Self.conv("a", 3, 4), ReLU("r"), Self.conv("b", 4, 4)] as [any Layer], 2 * 512),
      // The first one's output is neither the mean's nor the convolution's to read; the mean's output is the second's.
      ([Self.conv("a", 3, 4), AvgPool2D("m", kernel: 2), Self.conv("b", 4, 4)], 2 * 128),
      // The rectifier needs its own output, so the mean's input is kept all the same.
      ([Self.conv("a", 3, 4), ReLU("r"), AvgPool2D("m", kernel: 2), Self.conv("b", 4, 4)], 512 + 2 * 128),
      // Nothing reads what is dropped or reshaped.
      ([Self.conv("a", 3, 4), Dropout("d", rate: 0.5, seed: 1), Upsample("u", factor: 2)], 2048),
    ] {
      let network = try Sequential("net", layers, input: input, execution: Execution(context: context))
      var random = RandomGenerator(seed: 1)
      network.initialize(&random)
      for _ in 0..<2 {
        let y = network.forward(Tensor(input, values: [Float](repeating: 1, count: input.count)), mode: .training())
        network.backward(Tensor(y.shape, values: y.array), parameters: .overwrite, input: true)
      }
      #expect(network.keptElements == kept)
    }
  }

  @Test func sameBitsForAnyNumberOfThreads() throws {
    func run(_ threads: Int) throws -> [[Float]] {
      let network = try Self.network(Context(threads: threads))
      var random = RandomGenerator(seed: 4)
      network.initialize(&random)
      let adam = AdamW(rate: 1e-2)
      let x = Tensor(Shape(n: 8, h: 4, w: 4, c: 3), values: (0..<384).map { _ in random.uniform(-1, 1) })
      for _ in 0..<3 {
        let y = network.forward(x, mode: .training())
        let (_, gradient) = softmaxCrossEntropy(logits: y, labels: [0, 1, 0, 1, 1, 0, 0, 1])
        network.backward(gradient, parameters: .overwrite, input: false)
        adam.update(network.store, clippingNormAt: 1, context: network.execution.context)
      }
      return network.store.parameters.map(\.value.array) + [network.forward(x, mode: .inference).array]
    }
    let one = try run(1)
    for threads in [2, 5, 32] { #expect(try run(threads) == one) }
  }

  @Test func initializers() {
    let layout = ParameterLayout.filter(kernelHeight: 5, kernelWidth: 4, inputs: 30, outputs: 50)
    var random = RandomGenerator(seed: 9)
    let fanIn = 600.0
    let fanOut = 1000.0
    for (initializer, deviation, limit) in [
      (Initializer.heNormal, (2 / fanIn).squareRoot(), Double.infinity),
      (.glorotUniform, (6 / (fanIn + fanOut) / 3).squareRoot(), (6 / (fanIn + fanOut)).squareRoot()),
      (.torchDefault, (1 / fanIn / 3).squareRoot(), (1 / fanIn).squareRoot()),
      (.uniform(limit: 0.3), 0.3 / 3.0.squareRoot(), 0.3), (.normal(mean: 0, sigma: 2), 2, .infinity),
      // Variance of a normal cut at two deviations.
      (.truncatedNormal(sigma: 2), 2 * 0.773741.squareRoot(), 4),
    ] {
      let parameter = Parameter("p", layout, initializer)
      parameter.initialize(&random)
      let values = parameter.value.array.map(Double.init)
      let squares = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
      // Four standard errors of a normal's variance; of the others' it is less.
      #expect(
        abs(squares / (deviation * deviation) - 1) < 4 * (2 / Double(values.count)).squareRoot(), "\(initializer)")
      #expect(values.allSatisfy { abs($0) <= limit * (1 + 1e-6) }, "\(initializer)")
      #expect(abs(values.reduce(0, +) / Double(values.count)) < 4 * deviation / Double(values.count).squareRoot())
    }
    #expect(Initializer.torchDefault.bias(of: layout) == .uniform(limit: 1 / fanIn.squareRoot()))
    #expect(Initializer.heNormal.bias(of: layout) == .constant(0))
  }

  @Test func savedParametersAreTheSame() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/net.safetensors"
    var random = RandomGenerator(seed: 2)
    let (first, second) = (try Self.network(), try Self.network())
    first.initialize(&random)
    second.initialize(&random)
    let x = Tensor(Shape(n: 8, h: 4, w: 4, c: 3), values: (0..<384).map { _ in random.uniform(-1, 1) })
    for _ in 0..<3 { _ = first.forward(x, mode: .training()) }
    try first.store.save(to: path, metadata: ["note": "three batches"])
    #expect(try SafeTensors(path: path).metadata["note"] == "three batches")
    try second.store.load(from: path)
    for (one, other) in zip(first.store.parameters, second.store.parameters) {
      #expect(one.value.array == other.value.array, "\(one.name)")
    }
    #expect(second.store.counters.map(\.value) == [3, 3])
    #expect(first.forward(x, mode: .inference).array == second.forward(x, mode: .inference).array)

    // Half the size, and one part of a larger network.
    try first.store.save(to: path, half: true)
    try second.store.load(from: path)
    let weight = first.store["conv.weight"]!.value.array
    expectClose(second.store["conv.weight"]!.value.array, weight, within: 0x1p-8, "rounded to half")
    let body = try Sequential(
      "body", [Self.conv("conv", 6, 6), BatchNorm("norm", channels: 6)], input: Shape(n: 8, h: 4, w: 4, c: 6),
      execution: first.execution)
    try first.store.save(to: path)
    try body.store.load(from: path, prefix: "block.body.")
    #expect(body.store["conv.weight"]!.value.array == first.store["block.body.conv.weight"]!.value.array)
  }

  @Test func filesThatDoNotFitChangeNothing() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/net.safetensors"
    var random = RandomGenerator(seed: 2)
    let network = try Self.network()
    network.initialize(&random)
    let before = network.store.parameters.map(\.value.array)
    let others = [
      (Self.conv("conv", 3, 6), "lacks the tensor 'norm.weight'"),
      (Self.conv("conv", 3, 5), "has the shape [5, 3, 3, 3]"), (Self.conv("other", 3, 5), "no use for"),
    ]
    for (layer, reason) in others {
      let other = try Sequential("n", [layer], input: Shape(n: 8, h: 4, w: 4, c: 3), execution: network.execution)
      other.initialize(&random)
      try other.store.save(to: path)
      let error = try #require(throws: StorageError.self) { try network.store.load(from: path) }
      #expect(error.description.contains(reason) && error.description.contains(path), "\(error)")
    }
    network.store["norm.running_var"]!.value.pointer[0] = -1
    try network.store.save(to: path)
    network.store["norm.running_var"]!.value.pointer[0] = 1
    let error = try #require(throws: StorageError.self) { try network.store.load(from: path) }
    #expect(error.description.contains("-1.0, and a variance is never negative"))
    #expect(network.store.parameters.map(\.value.array) == before)
  }
}
