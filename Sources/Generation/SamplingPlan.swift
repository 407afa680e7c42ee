import Kernels
import Networks

/// What a sampler does one after the other, and in which memory: a generator's layers without those that only training
/// needs, each with the normalisation and the activation behind it where one pass does them.
///
/// Memory is a few numbered places. A step overwrites the first place that is no longer needed, so a chain of layers alternates
/// between two.
struct SamplingPlan {
  enum Work {
    /// A convolution, transposed or not, or a dense layer, with the normalisation behind it.
    case linear(Stage, norm: Stage?, Activation)
    case normalization(Stage, BatchNormSpec, Activation)
    case activation(Activation)
    case gatedUnit(GatedUnit)
    case pooling(PoolSpec)
    case upsample(Extent)
    case reshape
    case copy
    /// target += source.
    case add
    /// source becomes the channels of target from `first` on.
    case place(first: Int)
  }

  struct Step {
    let work: Work
    /// Places; the latent vectors are `SamplingPlan.latents`. A step in place has the same twice.
    let source: Int
    let target: Int
    /// Of one picture, before and after.
    let input: Shape
    let output: Shape
  }

  static let latents = -1

  private(set) var steps: [Step] = []
  /// Floats of one picture that each place holds.
  private(set) var places: [Int] = []
  private var isTaken: [Bool] = []

  /// Floats of one picture in all places, or as many as an Int holds.
  var elements: Int { Int(clamping: places.reduce(Int64(0)) { $0 + Int64($1) }) }

  /// Where values are, and whether the step is their last reader.
  private typealias Value = (place: Int, isPassing: Bool)

  init(_ network: Network) { _ = compile(SamplingPlan.chain(network.stages), (SamplingPlan.latents, true)) }

  /// How many layers follow the tanh that bounds pictures to -1...1; all of them keep within what they are given. nil where no
  /// tanh bounds them.
  static func layersAfterTanh(_ network: Network) -> Int? {
    let stages = chain(network.stages)
    let after = stages.reversed().prefix { stage in
      switch stage.layer.operation {
      case .pooling, .upsample, .reshape, .dropout, .activation(.identity): true
      default: false
      }
    }.count
    guard let last = stages.dropLast(after).last, last.activation == .tanh else { return nil }
    if case .activation = last.layer.operation { return after }
    return last.convShape(batch: 1) == nil ? nil : after
  }

  /// Stages one after the other, those of sequences among them.
  private static func chain(_ stages: [Stage]) -> [Stage] {
    stages.flatMap { stage in
      if case .sequential = stage.layer.operation { return chain(stage.children) }
      return [stage]
    }
  }

  private mutating func compile(_ stages: [Stage], _ input: Value) -> Value {
    var value = input
    var index = 0
    while index < stages.count {
      let stage = stages[index]
      index += 1
      let shapes = (stage.input, stage.output)
      switch stage.layer.operation {
      case .dense, .convolution, .transposedConvolution:
        var (norm, activation): (Stage?, Activation) = (nil, stage.activation)
        if stage.isNormalized {
          (norm, activation) = (stages[index], stages[index].activation)
          index += 1
        }
        value = move(.linear(stage, norm: norm, activation), value, shapes)
      case .batchNorm(let spec): value = change(.normalization(stage, spec, stage.activation), value, stage.output)
      case .activation(.identity), .dropout: break
      case .activation(let activation): value = change(.activation(activation), value, stage.output)
      case .gatedUnit(let unit): value = change(.gatedUnit(unit), value, stage.output)
      case .pooling(let spec): value = move(.pooling(spec), value, shapes)
      case .upsample(let factor): value = move(.upsample(factor), value, shapes)
      case .reshape: value = move(.reshape, value, shapes)
      case .sequential: value = compile(SamplingPlan.chain(stage.children), value)
      case .residual: value = sum(stage, value)
      case .concatenate: value = sideBySide(stage, value)
      }
    }
    return value
  }

  /// A step from one place to another.
  private mutating func move(_ work: Work, _ value: Value, _ shapes: (Shape, Shape)) -> Value {
    let target = take(shapes.1)
    steps.append(Step(work: work, source: value.place, target: target, input: shapes.0, output: shapes.1))
    release(value)
    return (target, true)
  }

  /// A step in place, or in a copy where others still read what is there.
  private mutating func change(_ work: Work, _ value: Value, _ shape: Shape) -> Value {
    let value = own(value, shape)
    steps.append(Step(work: work, source: value.place, target: value.place, input: shape, output: shape))
    return value
  }

  private mutating func own(_ value: Value, _ shape: Shape) -> Value {
    value.isPassing ? value : move(.copy, value, (shape, shape))
  }

  /// What a branch makes of the input; the last one may overwrite it.
  private mutating func branch(_ index: Int, of stage: Stage, _ input: Value) -> Value {
    let isLast = index == stage.children.count - 1
    return compile([stage.children[index]], (input.place, isLast && input.isPassing))
  }

  private mutating func sum(_ stage: Stage, _ input: Value) -> Value {
    let total = own(branch(0, of: stage, input), stage.output)
    for index in stage.children.indices.dropFirst() {
      let value = branch(index, of: stage, input)
      steps.append(
        Step(work: .add, source: value.place, target: total.place, input: stage.output, output: stage.output))
      release(value)
    }
    return total
  }

  private mutating func sideBySide(_ stage: Stage, _ input: Value) -> Value {
    let target = take(stage.output)
    var first = 0
    for (index, child) in stage.children.enumerated() {
      let value = branch(index, of: stage, input)
      steps.append(
        Step(
          work: .place(first: first), source: value.place, target: target, input: child.output, output: stage.output))
      release(value)
      first += child.output.c
    }
    return (target, true)
  }

  private mutating func take(_ shape: Shape) -> Int {
    let place = isTaken.firstIndex(of: false) ?? places.count
    if place == places.count {
      places.append(0)
      isTaken.append(true)
    }
    isTaken[place] = true
    places[place] = max(places[place], shape.elements)
    return place
  }

  private mutating func release(_ value: Value) {
    if value.isPassing && value.place != SamplingPlan.latents { isTaken[value.place] = false }
  }
}
