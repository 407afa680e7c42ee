import Testing

@testable import Layers

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Every layer against its definition in Double: outputs, and gradients as differences of that.
///
/// Central differences of Doubles over 2e-5 are off by 1e-10 and by the third derivative times 1e-10, so the bound is the
/// one of Float's rounding; see `LayersTests`.
@Suite struct FiniteDifferenceTests {
  typealias Parameters = [String: [Double]]

  func check(
    _ layer: any Layer, _ shape: Shape, sourceLocation: SourceLocation = #_sourceLocation,
    _ referee: (_ x: [Double], _ p: Parameters) -> [Double]
  ) throws {
    for context in contexts.suffix(2) {
      let network = try Sequential("net", [layer], input: shape, execution: Execution(context: context))
      var random = RandomGenerator(seed: 11)
      for parameter in network.store.trained {
        parameter.setFileValues((0..<parameter.count).map { _ in random.uniform(-1, 1) })
      }
      let x = Tensor(shape, values: (0..<shape.count).map { _ in random.uniform(-2, 2) })
      let y = network.forward(x, mode: .training())
      var parameters = Parameters()
      for parameter in network.store.trained { parameters[parameter.name] = parameter.fileValues().map(Double.init) }
      var values = x.array.map(Double.init)
      expectClose(
        y.array, referee(values, parameters).map(Float.init), within: LayersTests.bound, "\(layer.name) output",
        sourceLocation: sourceLocation)

      let weights = y.array.map { _ in random.uniform(-1, 1) }
      func objective() -> Double {
        zip(referee(values, parameters), weights).reduce(0) { $0 + $1.0 * Double($1.1) }
      }
      /// The slopes at some places of an array that `change` changes.
      func slopes(_ count: Int, _ change: (_ index: Int, _ by: Double) -> Void) -> [Int: Float] {
        var result: [Int: Float] = [:]
        let step = 1e-5
        for i in stride(from: 0, to: count, by: max(1, count / 30)) {
          change(i, step)
          let above = objective()
          change(i, -2 * step)
          let below = objective()
          change(i, step)
          result[i] = Float((above - below) / (2 * step))
        }
        return result
      }
      let gradient = network.backward(Tensor(y.shape, values: weights), parameters: .overwrite, input: true)!.array
      let expected = slopes(values.count) { values[$0] += $1 }
      expectClose(
        expected.keys.map { gradient[$0] }, Array(expected.values), within: 2 * LayersTests.bound,
        "\(layer.name) input gradient", sourceLocation: sourceLocation)
      for parameter in network.store.trained {
        let found = parameter.fileValues(.gradient)
        let expected = slopes(found.count) { parameters[parameter.name]![$0] += $1 }
        expectClose(
          expected.keys.map { found[$0] }, Array(expected.values), within: 2 * LayersTests.bound,
          "\(parameter.name) gradient", sourceLocation: sourceLocation)
      }
    }
  }

  @Test func convolutions() throws {
    let shape = Shape(n: 2, h: 7, w: 6, c: 3)
    for (kernel, stride, padding) in [
      (Extent(1), Extent(1), Padding.same), (Extent(2, 7), Extent(1, 2), .same),
      (Extent(6, 3), Extent(2, 1), .pixels(2)),
      (Extent(7, 6), 1, .valid), (3, 2, .explicit(Pads(top: 0, left: 2, bottom: 1, right: 0))), (5, 2, .same),
    ] {
      let layer = Conv2D(
        "c", inputChannels: 3, outputChannels: 5, kernel: kernel, stride: stride, padding: padding,
        activation: .sigmoid)
      try check(layer, shape) { x, p in
        Referee.convolution(layer.convShape(shape), x, p["c.weight"]!, p["c.bias"]!).map(Referee.sigmoid)
      }
    }
  }

  @Test func transposedConvolutions() throws {
    let shape = Shape(n: 2, h: 3, w: 4, c: 5)
    for (kernel, stride, padding, extra) in [
      (Extent(1), Extent(2), Padding.same, Extent(0)), (Extent(2, 7), Extent(1, 2), .same, 0), (4, 2, .pixels(1), 0),
      (Extent(3, 2), 2, .explicit(Pads(top: 0, left: 1, bottom: 1, right: 0)), Extent(0, 1)), (7, 1, .valid, 0),
      (3, 2, .valid, 1),
    ] {
      let layer = ConvTranspose2D(
        "t", inputChannels: 5,
        ConvolutionSpec(channels: 3, kernel: kernel, stride: stride, padding: padding, outputPadding: extra),
        activation: .leakyReLU(slope: 0.1))
      try check(layer, shape) { x, p in
        Referee.leaky(Referee.transposed(layer.convShape(shape), x, p["t.weight"]!, p["t.bias"]!), Double(Float(0.1)))
      }
    }
    let vector = Shape(n: 3, h: 1, w: 1, c: 20)
    let layer = ConvTranspose2D(
      "z", inputChannels: 20, ConvolutionSpec(channels: 3, kernel: 4, padding: .valid, hasBias: false))
    try check(layer, vector) { x, p in Referee.transposed(layer.convShape(vector), x, p["z.weight"]!, nil) }
  }

  @Test func denseAndNorm() throws {
    let shape = Shape(n: 5, h: 2, w: 3, c: 4)
    try check(Dense("d", inputs: shape.with(n: 1), outputs: Shape(n: 1, h: 1, w: 1, c: 3)), shape) { x, p in
      Referee.dense(x, shape, p["d.weight"]!, p["d.bias"]!)
    }
    let vectors = Shape(n: 5, h: 1, w: 1, c: 17)
    try check(Dense("d", inputs: 17, outputs: 2, activation: .tanh), vectors) { x, p in
      Referee.dense(x, vectors, p["d.weight"]!, p["d.bias"]!).map(tanh)
    }
    try check(BatchNorm("n", channels: 4, leakySlope: 0), shape) { x, p in
      Referee.leaky(Referee.batchNorm(x, 4, p["n.weight"]!, p["n.bias"]!), 0)
    }
  }

  @Test func functionsOfElements() throws {
    let shape = Shape(n: 3, h: 5, w: 2, c: 7)
    try check(ReLU("relu"), shape) { x, _ in Referee.leaky(x, 0) }
    try check(LeakyReLU("leaky", slope: 0.25), shape) { x, _ in Referee.leaky(x, 0.25) }
    try check(Tanh("tanh"), shape) { x, _ in x.map(tanh) }
    try check(Sigmoid("sigmoid"), shape) { x, _ in x.map(Referee.sigmoid) }
    try check(GELU("gelu"), shape) { x, _ in x.map(Referee.gelu) }
    try check(SiLU("silu"), shape) { x, _ in x.map { $0 * Referee.sigmoid($0) } }
  }

  /// Over the whole range of their inputs, where they are all but constant and where they begin to underflow.
  @Test func functionsOfLargeElements() {
    var inputs = stride(from: -14.0, through: 14.0, by: 0.0037).map { Float($0) }
    inputs += [0, -0.0, 1e-30, -1e-8, 1e-4, 60, -60, 86, -86, 300, -300, 1e30]
    let shape = Shape(n: 1, h: 1, w: 1, c: inputs.count)
    for context in contexts {
      let (x, y) = (Tensor(shape, values: inputs), Tensor(shape))
      // Of the exact value, beside what is smaller than any normal number times the input.
      let cases: [(any Layer, (Double) -> Double, Double)] = [
        (Sigmoid("s"), Referee.sigmoid, 3e-7), (SiLU("s"), { $0 * Referee.sigmoid($0) }, 4e-7),
        (GELU("g"), Referee.gelu, 1e-6),
      ]
      for (layer, exact, bound) in cases {
        layer.forward(x, into: y, mode: .inference, row: "", Execution(context: context))
        for (input, output) in zip(inputs, y.array) {
          let expected = exact(Double(input))
          let allowed = bound * abs(expected) + 1e-36 * max(1, abs(Double(input)))
          #expect(abs(Double(output) - expected) <= allowed, "\(layer.name)(\(input)) = \(output), not \(expected)")
        }
      }
    }
  }

  @Test func poolings() throws {
    let shape = Shape(n: 2, h: 6, w: 5, c: 3)
    try check(MaxPool2D("max", kernel: 2), shape) { x, _ in
      Referee.pool(x, shape, kernel: 2, stride: 2, pad: 0, output: Extent(3, 2)) { $0.max()! }
    }
    try check(MaxPool2D("max", kernel: Extent(3, 2), stride: 1, padding: .pixels(1)), shape) { x, _ in
      Referee.pool(x, shape, kernel: Extent(3, 2), stride: 1, pad: 1, output: 6) { $0.max()! }
    }
    try check(AvgPool2D("mean", kernel: 3, stride: 2, padding: .pixels(1)), shape) { x, _ in
      Referee.pool(x, shape, kernel: 3, stride: 2, pad: 1, output: 3) { $0.reduce(0, +) / 9 }
    }
    try check(AvgPool2D("mean", kernel: 3, stride: 2, padding: .pixels(1), countIncludePad: false), shape) { x, _ in
      Referee.pool(x, shape, kernel: 3, stride: 2, pad: 1, output: 3) { $0.reduce(0, +) / Double($0.count) }
    }
    try check(GlobalAveragePool("global"), shape) { x, _ in
      Referee.pool(x, shape, kernel: Extent(6, 5), stride: 1, pad: 0, output: 1) { $0.reduce(0, +) / 30 }
    }
    try check(Upsample("up", factor: Extent(2, 1)), shape) { x, _ in
      (0..<2 * x.count).map { i in
        let (row, rest) = (i / 15, i % 15)
        return x[row / 2 * 15 + rest]
      }
    }
  }

  @Test func shapesOfTheSameElements() throws {
    let shape = Shape(n: 2, h: 3, w: 2, c: 4)
    try check(Flatten("flat"), shape) { x, _ in Referee.planar(x, shape) }
    try check(Reshape("view", to: Shape(n: 1, h: 2, w: 4, c: 3)), shape) { x, _ in
      Referee.packed(Referee.planar(x, shape), Shape(n: 2, h: 2, w: 4, c: 3))
    }
  }

  /// Of three ranks the second has images 4 ..< 7 of ten, of 6 elements each, once or for two parts.
  @Test func dropoutCountsOtherRanksImages() {
    #expect(Dropout.elements(before: 4..<7, whichHas: 3 * 6) == 4 * 6)
    #expect(Dropout.elements(before: 4..<7, whichHas: 2 * 3 * 6) == 2 * 4 * 6)
    #expect(Dropout.elements(before: 0..<4, whichHas: 24) == 0)
  }

  @Test func dropoutKeepsWhatItsDrawsSay() throws {
    let shape = Shape(n: 3, h: 30, w: 20, c: 7)
    var kept = [[Float]]()
    for context in contexts {
      let dropout = Dropout("drop", rate: 0.3, seed: 5)
      let network = try Sequential("net", [dropout], input: shape, execution: Execution(context: context))
      let x = Tensor(shape, values: [Float](repeating: 2, count: shape.count))
      var seeds = RandomGenerator(seed: 5)
      for _ in 0..<2 {
        let y = network.forward(x, mode: .training()).array
        var draws = RandomGenerator(seed: seeds.next())
        let expected = (0..<shape.count).map { _ in draws.unit() < 0.3 ? 0 : Float(2 / 0.7) }
        expectClose(y, expected, within: 1e-6, "dropout")
        let share = Double(y.filter { $0 == 0 }.count) / Double(y.count)
        // Four standard errors.
        #expect(abs(share - 0.3) < 4 * (0.21 / Double(y.count)).squareRoot())
        let gradient = network.backward(Tensor(shape, values: x.array), parameters: .none, input: true)!.array
        #expect(gradient == y)
        kept.append(y)
      }
      #expect(kept[kept.count - 1] != kept[kept.count - 2])
      #expect(network.forward(x, mode: .inference).array == x.array)
    }
    for i in stride(from: 2, to: kept.count, by: 2) { #expect(kept[i] == kept[0] && kept[i + 1] == kept[1]) }
  }

  /// Sequential in Residual in Concatenate in Sequential, with layers that work in place at every seam.
  @Test func containers() throws {
    let shape = Shape(n: 2, h: 4, w: 5, c: 6)
    func conv(_ name: String, _ from: Int, _ to: Int) -> Conv2D {
      Conv2D(name, inputChannels: from, outputChannels: to, kernel: 3)
    }
    let network = Sequential(
      "outer",
      [
        Tanh("first"),
        Concatenate(
          "cat",
          [
            Residual("res", Sequential("body", [SiLU("in"), conv("conv", 6, 6), Tanh("out")])),
            Sequential(
              "side", [conv("conv", 6, 2), ReLU("relu"), AvgPool2D("pool", kernel: 3, stride: 1, padding: .same)]),
          ]),
        ReLU("relu"), Upsample("up", factor: 2), conv("last", 8, 3), GELU("gelu"),
      ])
    let (middle, wide) = (Shape(n: 2, h: 4, w: 5, c: 8), Shape(n: 2, h: 8, w: 10, c: 8))
    try check(network, shape) { x, p in
      func run(_ name: String, _ x: [Double], _ shape: Shape, _ outputs: Int) -> [Double] {
        let s = ConvShape.same(
          batch: shape.n, height: shape.h, width: shape.w, inputChannels: shape.c, outputChannels: outputs, kernel: 3,
          stride: 1)
        return Referee.convolution(s, x, p["outer.\(name).weight"]!, p["outer.\(name).bias"]!)
      }
      let x = x.map(tanh)
      let body = run("cat.res.body.conv", x.map { $0 * Referee.sigmoid($0) }, shape, 6).map(tanh)
      let residual = zip(body, x).map { $0 + $1 }
      let side = Referee.pool(
        Referee.leaky(run("cat.side.conv", x, shape, 2), 0), Shape(n: 2, h: 4, w: 5, c: 2), kernel: 3, stride: 1,
        pad: 1,
        output: Extent(4, 5)
      ) { $0.reduce(0, +) / 9 }
      var both: [Double] = []
      for pixel in 0..<middle.rows {
        both.append(contentsOf: residual[pixel * 6..<pixel * 6 + 6])
        both.append(contentsOf: side[pixel * 2..<pixel * 2 + 2])
      }
      var large: [Double] = []
      for row in 0..<wide.n * wide.h {
        for column in 0..<wide.w {
          let smallRow = row / 8 * 4 + row % 8 / 2
          let pixel = smallRow * 5 + column / 2
          large.append(contentsOf: both[pixel * 8..<pixel * 8 + 8].map { max($0, 0) })
        }
      }
      return run("last", large, wide, 3).map(Referee.gelu)
    }
  }
}
