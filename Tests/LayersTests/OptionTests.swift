import Layers
import Testing

/// Options of layers, and losses and optimisers, against PyTorch in double precision; see
/// Fixtures/reference/make_options.py. Bounds as in `LayersTests`.
extension LayersTests {
  @Test func optionsOfConvolutions() throws {
    func check(
      _ name: String, _ channels: (Int, Int), _ kernel: Extent, _ stride: Extent, _ padding: Padding, bias: Bool = true
    ) throws {
      try self.check(name, in: "options") { _ in
        Conv2D(
          "c", inputChannels: channels.0,
          ConvolutionSpec(channels: channels.1, kernel: kernel, stride: stride, padding: padding, hasBias: bias))
      }
    }
    try check("conv_7x3", (5, 7), Extent(7, 3), Extent(2, 1), .explicit(Pads(top: 3, left: 1, bottom: 3, right: 1)))
    try check("conv_1x6", (18, 3), Extent(1, 6), Extent(1, 2), .explicit(Pads(top: 0, left: 2, bottom: 0, right: 2)))
    try check("conv_4x4_s2", (3, 20), 4, 2, .pixels(1), bias: false)
    try check("conv_valid", (2, 5), 3, 1, .valid)
    try check("conv_sides", (4, 6), Extent(3, 2), 2, .explicit(Pads(top: 0, left: 1, bottom: 2, right: 3)))
    try check("conv_to_1x1", (20, 9), 4, 1, .valid, bias: false)
  }

  @Test func optionsOfTransposedConvolutions() throws {
    func check(
      _ name: String, _ channels: (Int, Int), _ kernel: Extent, _ stride: Extent, _ padding: Padding,
      outputPadding: Extent = 0, bias: Bool = true
    ) throws {
      try self.check(name, in: "options") { _ in
        ConvTranspose2D(
          "t", inputChannels: channels.0,
          ConvolutionSpec(
            channels: channels.1, kernel: kernel, stride: stride, padding: padding, outputPadding: outputPadding,
            hasBias: bias))
      }
    }
    try check("trans_from_1x1", (20, 9), 4, 1, .valid, bias: false)
    try check("trans_4x4_s2", (20, 9), 4, 2, .pixels(1), bias: false)
    try check("trans_extra", (5, 18), 3, 2, .pixels(1), outputPadding: 1)
    try check(
      "trans_3x2", (6, 3), Extent(3, 2), Extent(1, 2), .explicit(Pads(top: 2, left: 0, bottom: 2, right: 0)),
      outputPadding: Extent(0, 1))
  }

  @Test func layersWithoutParameters() throws {
    let layers: [(String, any Layer)] = [
      ("relu", ReLU("l")), ("sigmoid", Sigmoid("l")), ("gelu", GELU("l")), ("silu", SiLU("l")),
      ("max_3_2_1", MaxPool2D("l", kernel: 3, stride: 2, padding: .pixels(1))),
      ("max_ceil", MaxPool2D("l", kernel: Extent(2, 3), ceilMode: true)),
      ("avg_3_2_1", AvgPool2D("l", kernel: 3, stride: 2, padding: .pixels(1))),
      ("avg_without", AvgPool2D("l", kernel: 3, stride: 2, padding: .pixels(1), countIncludePad: false)),
      ("avg_ceil", AvgPool2D("l", kernel: 3, stride: 2, padding: .pixels(1), ceilMode: true)),
      ("avg_global", GlobalAveragePool("l")), ("upsample", Upsample("l", factor: Extent(2, 3))),
      ("flatten", Flatten("l")), ("reshape", Reshape("l", to: Shape(n: 1, h: 2, w: 4, c: 3))),
      ("unflatten", Reshape("l", to: Shape(n: 1, h: 2, w: 3, c: 5))),
    ]
    for (name, layer) in layers { try check(name, in: "options") { _ in layer } }
  }

  @Test func branches() throws {
    try check("residual", in: "options") { _ in
      Residual(
        "r",
        [
          Sequential(
            "body", [Conv2D("conv", inputChannels: 6, outputChannels: 6, kernel: 3), SiLU("silu")]),
          Conv2D("skip", inputChannels: 6, ConvolutionSpec(channels: 6, kernel: 1, hasBias: false)),
          Sequential("identity", []),
        ])
    }
    try check("concatenate", in: "options") { _ in
      Concatenate(
        "c",
        [
          Sequential("identity", []),
          Conv2D("conv", inputChannels: 6, outputChannels: 4, kernel: 3, activation: .tanh),
          AvgPool2D("pool", kernel: 3, stride: 1, padding: .pixels(1)),
        ])
    }
  }

  @Test func lossesOfTensors() throws {
    let reference = try Reference("options")
    let x = try reference.tensor("loss.x")
    let labels = try reference.values("loss.labels").map(Int.init)
    let found = [
      ("mean_squared", meanSquaredError(x, target: try reference.tensor("loss.target"))),
      ("softmax", softmaxCrossEntropy(logits: x, labels: labels)),
    ]
    for (name, result) in found {
      expectSameButRounding([Float(result.loss)], try reference.values("loss.\(name)"), name)
      expectSameButRounding(result.gradient.array, try reference.values("loss.\(name).dx"), "\(name) gradient")
    }
    expectSameButRounding(softmax(x).array, try reference.values("loss.probabilities"), "softmax")
  }

  /// Ten steps of at most four roundings: of the gradient's decay, of the velocity's decay and sum or of Adam's quotient, and
  /// of the value.
  @Test func optimizers() throws {
    let reference = try Reference("options")
    let gradients = try reference.values("optimizer.gradients")
    let optimizers: [(String, () -> any Optimizer)] = [
      ("sgd", { SGD(rate: 0.1) }), ("momentum", { SGD(rate: 0.1, momentum: 0.9, weightDecay: 0.05) }),
      ("nesterov", { SGD(rate: 0.1, momentum: 0.9, isNesterov: true) }),
      ("adam", { Adam(rate: 0.01, weightDecay: 0.05) }), ("adamw", { AdamW(rate: 0.01, weightDecay: 0.05) }),
      ("clipped", { SGD(rate: 0.1) }),
    ]
    for context in contexts {
      for (name, make) in optimizers {
        let parameter = Parameter("p", .vector(37), .constant(0))
        parameter.setFileValues(try reference.values("optimizer.start"))
        let optimizer = make()
        for step in 0..<10 {
          let gradient = Array(gradients[step * 37..<(step + 1) * 37])
          parameter.setFileValues(gradient, .gradient)
          if name == "clipped" {
            let norm = optimizer.update(ParameterStore([parameter]), clippingNormAt: 5.5, context: context)
            let expected = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            // At most five squares a lane are added up in Float, 2^-24 of the sum each, of which the root halves the errors.
            #expect(abs(norm - expected) <= 2.5 * 0x1p-24 * expected, "step \(step): \(norm), not \(expected)")
          } else {
            optimizer.update(ParameterStore([parameter]), context: context)
          }
        }
        expectClose(
          parameter.fileValues(), try reference.values("optimizer.\(name)"), within: allowed(roundings: 10 * 4), name)
      }
    }
  }

  @Test func schedules() throws {
    let reference = try Reference("options")
    let schedules: [(String, LearningRateSchedule)] = [
      ("stepped", .stepped(every: 3, factor: 0.5)), ("exponential", .exponential(factor: 0.9)),
      ("cosine", .cosine(steps: 8, last: 0.1)), ("linear", .linear(steps: 8, last: 0.2)),
    ]
    for (name, schedule) in schedules {
      expectSameButRounding(
        (0..<9).map { Float(schedule.factor(at: $0)) }, try reference.values("schedule.\(name)"), name)
    }
    let warm = LearningRateSchedule.constant.warmedUp(over: 4)
    #expect((0..<6).map(warm.factor) == [0.25, 0.5, 0.75, 1, 1, 1])
  }
}
