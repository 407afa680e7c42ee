import Layers

// Where a step left the finite.

extension GANModel {
  /// Looks in the order in which a step computes: what is bad first made the rest so. Backward goes from the last layer to
  /// the first. After losses that are not finite the outputs are computed once more. After others, which batch
  /// normalisation may hide bad outputs from, its running statistics show what came out of the layers before.
  ///
  /// Short of all, it looks at the gradients of biases, scales and shifts: a sum over a whole layer's gradient is bad when
  /// any of it is, and reading them costs nothing beside a step.
  public func firstNonFinite(thorough: Bool) -> String? {
    let (generator, discriminator) = (trainer.generator, trainer.discriminator)
    if !thorough {
      let small = [discriminator.store, generator.store].flatMap(\.trained).filter {
        $0.gradient.count < GANModel.smallGradient
      }
      if small.allSatisfy({ $0.gradient.isFinite() }) { return nil }
    }
    if !lossesAreFinite, let place = placeOfLosses() { return place }
    return badOutput(generator.network).map { "the output of generator.\($0)" }
      ?? badGradient(discriminator.store).map { "the gradient of discriminator.\($0)" }
      ?? badValue(discriminator.store).map { "discriminator.\($0)" }
      ?? badOutput(discriminator).map { "the output of discriminator.\($0)" }
      ?? badGradient(generator.store).map { "the gradient of generator.\($0)" }
      ?? badValue(generator.store).map { "generator.\($0)" }
  }

  private func badGradient(_ store: ParameterStore) -> String? {
    store.trained.last { !$0.gradient.isFinite() }?.name
  }

  private func badValue(_ store: ParameterStore) -> String? { store.trained.first { !$0.value.isFinite() }?.name }

  /// Where a step that ended at losses that are not finite left the finite. It ended before it changed any weight that it
  /// had computed with. Augmentations, which are left out here, cannot make finite pictures infinite.
  private func placeOfLosses() -> String? {
    // Other ranks may not be looking.
    let sharding = trainer.execution.sharding
    trainer.execution.sharding = nil
    defer { trainer.execution.sharding = sharding }
    var pictures = latents
    if let place = badPlace(trainer.generator.network, "generator", &pictures) { return place }
    for input in trainer.reals + [pictures] {
      var values = input
      if let place = badPlace(trainer.discriminator, "discriminator", &values) { return place }
    }
    return nil
  }

  /// The first layer whose weights or outputs are not finite; `values` goes in and becomes the network's output. The
  /// running statistics move, as in any training pass.
  private func badPlace(_ network: Sequential, _ name: String, _ values: inout Tensor) -> String? {
    var source = ""
    for layer in network.layers {
      // A batch normalisation overflows only where what it is given is too large to be squared.
      if !(layer is BatchNorm) { source = layer.name }
      if let bad = layer.parameters.first(where: { $0.isTrained && !$0.value.isFinite() }) {
        return "\(name).\(bad.name)"
      }
      guard let shape = try? layer.outputShape(values.shape) else { return nil }
      let output = Tensor(shape)
      layer.forward(values, into: output, mode: .training(), row: layer.name, trainer.execution)
      if !output.buffer.isFinite() { return "the output of \(name).\(source)" }
      values = output
    }
    return nil
  }

  private func badOutput(_ network: Sequential) -> String? {
    for (layer, next) in zip(network.layers, network.layers.dropFirst()) {
      guard let norm = next as? BatchNorm else { continue }
      if !norm.runningMean.value.isFinite() || !norm.runningVariance.value.isFinite() { return layer.name }
    }
    return nil
  }

  /// Values of the longest gradient that is looked at in every step.
  private static let smallGradient = 4096
}
