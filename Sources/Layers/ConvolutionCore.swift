import Kernels

/// Weights and bias of a linear layer with the planned convolution behind them: what Conv2D, ConvTranspose2D and Dense
/// share.
final class ConvolutionCore {
  let weight: Parameter
  let bias: Parameter?
  let activation: Activation
  /// Batch normalisation takes any constant out of a channel again, so a bias before it is neither added nor learned.
  let biasVanishes: Bool
  let spectralNorm: SpectralNorm?
  /// Whether the layer is the adjoint of the convolution: each pass is then another one's.
  let isTransposed: Bool

  /// Plans by shape but for the batch; more than two would keep filters of image sizes that are gone.
  private var plans: [(convolution: Convolution, context: Context, version: Int)] = []
  /// Plans for shards, likewise.
  private var shardPlans: [(convolution: Convolution, context: Context)] = []

  /// - Parameter bias: its layout; nil where there is none. It begins as the weight's initialiser says.
  init(
    _ name: String, weight: (layout: ParameterLayout, initializer: Initializer), bias: ParameterLayout?,
    activation: Activation, biasVanishes: Bool = false, spectralNorm: Bool = false, isTransposed: Bool = false
  ) {
    precondition(!biasVanishes || activation == .identity, "\(name): an activation before batch normalisation")
    self.weight = Parameter("\(name).weight", weight.layout, weight.initializer)
    self.bias = bias.map { Parameter("\(name).bias", $0, weight.initializer.bias(of: weight.layout)) }
    self.activation = activation
    self.biasVanishes = biasVanishes
    self.isTransposed = isTransposed
    self.spectralNorm = spectralNorm ? SpectralNorm(self.weight) : nil
  }

  /// What is saved and loaded.
  var parameters: [Parameter] {
    [weight] + (bias.map { [$0] } ?? []) + (spectralNorm.map { [$0.u, $0.v] } ?? [])
  }

  /// What the passes compute with: the weight, or what spectral normalisation makes of it.
  var filter: Parameter { spectralNorm?.normalized ?? weight }

  func check(_ input: Shape, channels: Int, _ label: String) throws(NetworkError) {
    guard input.c == channels else {
      throw NetworkError(
        label,
        "an input \(input) of \(input.c) channels where its weight \(weight.layout.fileShape) takes \(channels); give the"
          + " layer \(input.c) input channels, or the one before it \(channels) output channels")
    }
  }

  /// - Parameter shape: of the convolution, or of that which the layer is the adjoint of.
  func forward(_ shape: ConvShape, _ input: Tensor, _ output: Tensor, _ row: String, _ execution: Execution) {
    execution.measure("\(row) fwd") {
      let convolution = plan(shape, execution.context)
      let filter = filter.value.pointer
      if isTransposed {
        convolution.backwardData(
          outputGradient: input.pointer, map: input.map, filter: filter, inputGradient: output.pointer)
      } else {
        convolution.forward(input: input.pointer, map: input.map, filter: filter, output: output.pointer)
      }
      let columns = columns(output)
      execution.context.applyBias(
        biasVanishes ? nil : bias.map { UnsafePointer($0.value.pointer) }, activation, to: output.pointer,
        rows: output.count / columns, channels: columns)
    }
  }

  /// The tensors of a layer's backward pass; see `Layer.backward`.
  struct BackwardPass {
    let input: Tensor
    let output: Tensor
    let outputGradient: Tensor
    let inputGradient: Tensor?
    let parameters: ParameterGradients
    let row: String
  }

  func backward(_ shape: ConvShape, _ pass: BackwardPass, _ execution: Execution) {
    let (input, output, outputGradient) = (pass.input, pass.output, pass.outputGradient)
    let (parameters, row) = (pass.parameters, pass.row)
    let convolution = plan(shape, execution.context)
    if let sharding = execution.sharding {
      backwardShards(sharding, shape, pass, execution)
    } else {
      execution.measure("\(row) bwd-bias") {
        start(outputGradient, output: output, parameters, execution.context)
      }
    }
    if parameters != .none && execution.sharding == nil {
      execution.measure("\(row) bwd-filter") {
        let (x, dy) = isTransposed ? (outputGradient, input) : (input, outputGradient)
        convolution.backwardFilter(
          input: x.pointer, inputMap: x.map, outputGradient: dy.pointer, outputGradientMap: dy.map,
          filterGradient: filter.gradient.pointer, accumulate: parameters == .accumulate)
      }
    }
    if let inputGradient = pass.inputGradient {
      execution.measure("\(row) bwd-data") {
        let filter = filter.value.pointer
        if isTransposed {
          convolution.forward(input: outputGradient.pointer, filter: filter, output: inputGradient.pointer)
        } else {
          convolution.backwardData(
            outputGradient: outputGradient.pointer, filter: filter, inputGradient: inputGradient.pointer)
        }
      }
    }
    execution.sharding?.gradients.proceed(execution.context)
  }

  /// What sums over images, shard by shard: the gradients of bias and filter.
  private func backwardShards(
    _ sharding: Sharding, _ shape: ConvShape, _ pass: BackwardPass, _ execution: Execution
  ) {
    let (input, output, outputGradient) = (pass.input, pass.output, pass.outputGradient)
    let (parameters, row) = (pass.parameters, pass.row)
    precondition(parameters != .accumulate, "gradients of shards are not accumulated")
    let context = execution.context
    let ranges = sharding.ranges(input.shape.n)
    let columns = columns(output)
    execution.measure("\(row) bwd-bias") {
      func start(_ images: Range<Int>, _ biasGradient: UnsafeMutablePointer<Float>?) {
        let (gradient, output) = (outputGradient.images(images), output.images(images))
        context.applyBiasBackward(
          activation, gradient: gradient.pointer, output: output.pointer, rows: output.count / columns,
          channels: columns, biasGradient: biasGradient, accumulate: false)
      }
      if parameters == .none || biasVanishes || bias == nil {
        if biasVanishes && parameters == .overwrite { bias?.gradient.fill(0) }
        start(0..<input.shape.n, nil)
      } else {
        sharding.gradients.add(bias!.gradient, context) { start(ranges[$0], $1) }
      }
    }
    if parameters == .none { return }
    execution.measure("\(row) bwd-filter") {
      sharding.gradients.add(filter.gradient, context) { shard, gradient in
        let (x, dy) = (input.images(ranges[shard]), outputGradient.images(ranges[shard]))
        let (first, second) = isTransposed ? (dy, x) : (x, dy)
        shardPlan(shape, images: ranges[shard].count, context).backwardFilter(
          input: first.pointer, inputMap: first.map, outputGradient: second.pointer, outputGradientMap: second.map,
          filterGradient: gradient)
      }
    }
  }

  /// The plan for the filter's gradient over the images of a shard.
  private func shardPlan(_ shape: ConvShape, images: Int, _ context: Context) -> Convolution {
    let shape = shape.with(batch: images)
    let known = shardPlans.first {
      $0.convolution.shape.with(batch: shape.batch) == shape && $0.context === context
    }
    if let plan = known?.convolution {
      plan.setBatch(shape.batch)
      return plan
    }
    if shardPlans.count == 2 { shardPlans.removeFirst() }
    let plan = Convolution(shape, context: context, use: .training)
    shardPlans.append((plan, context))
    return plan
  }

  /// The plan for a shape, told of changed weights.
  private func plan(_ shape: ConvShape, _ context: Context) -> Convolution {
    spectralNorm?.refresh(context)
    let known = plans.firstIndex {
      $0.convolution.shape.with(batch: shape.batch) == shape && $0.context === context
    }
    if let i = known {
      plans[i].convolution.setBatch(shape.batch)
      if plans[i].version != filter.version {
        plans[i].convolution.filterChanged()
        plans[i].version = filter.version
      }
      return plans[i].convolution
    }
    if plans.count == 2 { plans.removeFirst() }
    let convolution = Convolution(shape, context: context, use: .training)
    convolution.filterChanged()
    plans.append((convolution, context, filter.version))
    return convolution
  }

  /// Values of the output that have a bias each.
  private func columns(_ output: Tensor) -> Int {
    if case .dense(_, let outputs) = weight.layout { return outputs.elements }
    return output.shape.c
  }

  /// Takes the gradient back through activation and bias, in place.
  private func start(_ outputGradient: Tensor, output: Tensor, _ gradients: ParameterGradients, _ context: Context) {
    if biasVanishes && gradients == .overwrite { bias?.gradient.fill(0) }
    let wanted = biasVanishes || gradients == .none ? nil : bias
    let columns = columns(output)
    context.applyBiasBackward(
      activation, gradient: outputGradient.pointer, output: output.pointer, rows: output.count / columns,
      channels: columns, biasGradient: wanted?.gradient.pointer, accumulate: gradients == .accumulate)
  }
}
