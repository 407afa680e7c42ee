import Kernels

// What comes out of each layer for what goes in, and why where nothing can: the one place that knows, for descriptions
// and for the layers that run. Sizes may be anybody's, so no product is taken that could overflow, even where
// an Int has 32 bits.

/// What sizes can be.
public enum Limits {
  /// Sides, channels and images of a batch.
  public static let sizes = 1...1 << 28
  /// Rows and columns of a convolution's kernel.
  public static let kernels = 1...64
  /// Of a convolution.
  public static let strides = 1...64
  /// Of a convolution, on each side.
  public static let paddings = 0...64
  /// Values of a layer's output: 1 GB for one image.
  public static let mostValues = 1 << 28
  /// Values of all parameters: 8 GB.
  public static let mostParameters = Int(clamping: Int64(1) << 31)
  /// More layers than anything that runs on a CPU in reasonable time.
  public static let mostLayers = 256
  /// Containers within each other.
  public static let mostDepth = 16

  /// nil where the product is more than an Int holds.
  static func product(_ factors: [Int]) -> Int? {
    factors.reduce(1) { product, factor in
      product.flatMap {
        let (result, overflows) = $0.multipliedReportingOverflow(by: factor)
        return overflows ? nil : result
      }
    }
  }

  static func check(_ layer: String, _ what: String, _ value: Int, _ range: ClosedRange<Int>) throws(NetworkError) {
    guard range.contains(value) else {
      throw NetworkError(layer, "\(what) is \(value), and is to be in \(range.lowerBound)...\(range.upperBound)")
    }
  }

  static func check(_ layer: String, _ what: String, _ value: Extent, _ range: ClosedRange<Int>) throws(NetworkError) {
    try check(layer, "\(what) height", value.height, range)
    try check(layer, "\(what) width", value.width, range)
  }

  /// The shape [n, h, w, c], where no image of it is too large.
  public static func shape(_ layer: String, _ n: Int, _ h: Int, _ w: Int, _ c: Int) throws(NetworkError) -> Shape {
    let values = product([h, w, c])
    guard [n, h, w, c].allSatisfy(sizes.contains), let values, values <= mostValues else {
      throw NetworkError(
        layer,
        "its output has the shape [\(n), \(h), \(w), \(c)], where sizes are to be at least 1 and a picture's values at most"
          + " \(mostValues)")
    }
    return Shape(n: n, h: h, w: w, c: c)
  }
}

extension Window {
  private func check(_ layer: String) throws(NetworkError) {
    try Limits.check(layer, "kernel", kernel, Limits.kernels)
    try Limits.check(layer, "stride", stride, Limits.strides)
    guard case .explicit(let pads) = padding else { return }
    for pad in [pads.top, pads.left, pads.bottom, pads.right] {
      try Limits.check(layer, "padding", pad, Limits.paddings)
    }
  }

  private func positions(_ input: Shape, roundsUp: Bool = false, _ layer: String) throws(NetworkError) -> Extent {
    if let positions = positions(height: input.h, width: input.w, roundsUp: roundsUp) { return positions }
    let pads = pads(height: input.h, width: input.w)
    throw NetworkError(
      layer,
      "a kernel of \(kernel) is larger than its input \(input), which is"
        + " \(input.h + pads.vertical)x\(input.w + pads.horizontal) with its padding; use a smaller kernel, more padding, or"
        + " fewer steps of stride 2 before")
  }

  /// [n, h, w, any] -> [n, oh, ow, channels] of a convolution.
  /// - Parameter layer: what a message calls it.
  public func convolved(_ input: Shape, channels: Int, layer: String) throws(NetworkError) -> Shape {
    try check(layer)
    let size = try positions(input, layer)
    return try Limits.shape(layer, input.n, size.height, size.width, channels)
  }

  /// [n, h, w, any] -> [n, oh, ow, channels] of a convolution's adjoint.
  public func transposed(
    _ input: Shape, channels: Int, outputPadding extra: Extent, layer: String
  ) throws(NetworkError) -> Shape {
    try check(layer)
    let largest = padding == .same ? Extent(0) : Extent(stride.height - 1, stride.width - 1)
    guard 0...largest.height ~= extra.height, 0...largest.width ~= extra.width else {
      throw NetworkError(
        layer,
        "an output padding of \(extra) for the input \(input); with the stride \(stride) and this padding it can be at"
          + " most \(largest)")
    }
    for (side, step) in [(input.h, stride.height), (input.w, stride.width)]
    where Limits.product([side + Limits.kernels.upperBound, step]) == nil {
      throw NetworkError(layer, "a stride of \(step) for the input \(input); use a smaller one")
    }
    guard let size = transposedSize(positions: Extent(input.h, input.w), extra: extra) else {
      throw NetworkError(
        layer,
        "the padding leaves nothing of the input \(input) with a kernel of \(kernel) and the stride \(stride); use less"
          + " padding")
    }
    return try Limits.shape(layer, input.n, size.height, size.width, channels)
  }

  /// Of pooling, whose windows may be as large as the image.
  fileprivate func pooled(_ input: Shape, roundsUp: Bool, layer: String) throws(NetworkError) -> Shape {
    try Limits.check(layer, "kernel", kernel, Limits.sizes)
    try Limits.check(layer, "stride", stride, Limits.sizes)
    let pads = pads(height: input.h, width: input.w)
    for (pad, kernel) in [
      (pads.top, kernel.height), (pads.bottom, kernel.height), (pads.left, kernel.width), (pads.right, kernel.width),
    ] where !(0..<kernel ~= pad) {
      throw NetworkError(
        layer,
        "a padding of \(pad) with a window of \(self.kernel), for the input \(input); use less padding than window")
    }
    let size = try positions(input, roundsUp: roundsUp, layer)
    return try Limits.shape(layer, input.n, size.height, size.width, input.c)
  }
}

extension PoolSpec {
  /// [n, h, w, c] -> [n, oh, ow, c].
  /// - Parameter layer: what a message calls it.
  public func output(_ input: Shape, layer: String) throws(NetworkError) -> Shape {
    guard let window else { return Shape(n: input.n, h: 1, w: 1, c: input.c) }
    return try window.pooled(input, roundsUp: roundsUp, layer: layer)
  }
}

extension Shape {
  /// Of nearest-neighbour upsampling.
  public func upsampled(_ factor: Extent, layer: String) throws(NetworkError) -> Shape {
    try Limits.check(layer, "factor", factor, Limits.sizes)
    let (rows, columns) = (Limits.product([h, factor.height]), Limits.product([w, factor.width]))
    return try Limits.shape(layer, n, rows ?? .max, columns ?? .max, c)
  }

  /// The same elements in another shape of one image, or in a vector.
  public func reshaped(_ target: Shape?, layer: String) throws(NetworkError) -> Shape {
    guard let target else { return Shape(n: n, h: 1, w: 1, c: elements) }
    let shape = try Limits.shape(layer, n, target.h, target.w, target.c)
    guard shape.elements == elements else {
      throw NetworkError(
        layer,
        "an input \(self) of \(elements) elements a picture for \(shape), which has \(shape.elements); give a shape of"
          + " as many")
    }
    return shape
  }

  /// The sum of what branches make of one input.
  /// - Parameters:
  ///   - outputs: of the branches, at least one.
  ///   - names: what a message calls the branches.
  public static func sum(_ outputs: [Shape], of input: Shape, names: [String], layer: String) throws(NetworkError)
    -> Shape
  {
    for (shape, name) in zip(outputs, names) where shape != outputs[0] {
      throw NetworkError(
        layer,
        "\(name) makes \(shape) of \(input), and \(names[0]) makes \(outputs[0]): only equal shapes add up; give the"
          + " branches the same strides and output channels")
    }
    return outputs[0]
  }

  /// The channels of what branches make of one input, side by side; see `sum`.
  public static func sideBySide(
    _ outputs: [Shape], of input: Shape, names: [String], layer: String
  ) throws(NetworkError) -> Shape {
    let first = outputs[0]
    for (shape, name) in zip(outputs, names) where shape.h != first.h || shape.w != first.w {
      throw NetworkError(
        layer,
        "\(name) makes \(shape) of \(input), and \(names[0]) makes \(first): only pictures of one size stand side by"
          + " side; give the branches the same strides and padding")
    }
    let channels = outputs.reduce(Int64(0)) { $0 + Int64($1.c) }
    return try Limits.shape(layer, first.n, first.h, first.w, Int(clamping: channels))
  }
}

extension LayerSpec {
  /// The name with those of the layers around it.
  /// - Parameter path: their names, with a dot between each two.
  func fullName(_ path: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  /// What messages call the layer, by its place among those beside it where it has no name.
  func label(_ index: Int, _ path: String) -> String {
    if !name.isEmpty { return "layer '\(fullName(path))'" }
    return "layer \(index + 1) (\(kind.rawValue))" + (path.isEmpty ? "" : " of '\(path)'")
  }

  /// The output for an input of a checked shape.
  /// - Throws: `NetworkError` naming the first layer that cannot be, the shapes that do not fit, and what would do.
  func output(_ input: Shape, _ index: Int, _ path: String) throws(NetworkError) -> Shape {
    let label = label(index, path)
    switch operation {
    case .dense(let dense):
      return try Limits.shape(label, input.n, dense.height, dense.width, dense.channels)
    case .convolution(let spec):
      try spec.weights.check("the weights", label)
      guard spec.outputPadding == 0 else {
        throw NetworkError(label, "output padding is for transposed convolutions; leave it out")
      }
      return try spec.window.convolved(input, channels: spec.channels, layer: label)
    case .transposedConvolution(let spec):
      try spec.weights.check("the weights", label)
      guard !spec.hasSpectralNorm else {
        throw NetworkError(label, "a transposed convolution has no spectral norm; leave it out")
      }
      return try spec.window.transposed(
        input, channels: spec.channels, outputPadding: spec.outputPadding, layer: label)
    case .batchNorm(let norm):
      guard norm.epsilon > 0, norm.epsilon <= 1 else {
        throw NetworkError(label, "epsilon is \(norm.epsilon), and is to be above 0 and at most 1")
      }
      guard norm.momentum >= 0, norm.momentum < 1 else {
        throw NetworkError(label, "momentum is \(norm.momentum), and is to be at least 0 and below 1")
      }
      try norm.gamma.check("gamma", label)
      return input
    case .activation(.leakyReLU(let slope)):
      guard slope >= 0, slope <= 1 else { throw NetworkError(label, "slope is \(slope), and is to be in 0...1") }
      return input
    case .activation, .gatedUnit: return input
    case .dropout(let rate):
      guard rate >= 0, rate < 1 else {
        throw NetworkError(label, "rate is \(rate), and is to be at least 0 and below 1")
      }
      return input
    case .pooling(let spec): return try spec.output(input, layer: label)
    case .upsample(let factor): return try input.upsampled(factor, layer: label)
    case .reshape(let target): return try input.reshaped(target, layer: label)
    case .sequential(let layers):
      var shape = input
      for (i, layer) in layers.enumerated() { shape = try layer.output(shape, i, fullName(path)) }
      return shape
    case .residual(let branches), .concatenate(let branches):
      guard !branches.isEmpty else { throw NetworkError(label, "it has no branches, and needs at least one") }
      let inner = fullName(path)
      var shapes: [Shape] = []
      for (i, branch) in branches.enumerated() { shapes.append(try branch.output(input, i, inner)) }
      let names = branches.indices.map { branches[$0].label($0, inner) }
      if case .residual = operation { return try .sum(shapes, of: input, names: names, layer: label) }
      return try .sideBySide(shapes, of: input, names: names, layer: label)
    }
  }
}

extension Initializer {
  fileprivate func check(_ what: String, _ label: String) throws(NetworkError) {
    let numbers: [Double]
    switch self {
    case .constant(let value): numbers = [Double(value)]
    case .truncatedNormal(let sigma): numbers = [sigma]
    case .normal(let mean, let sigma): numbers = [mean, sigma]
    case .uniform(let limit): numbers = [limit]
    case .glorotUniform, .heNormal, .torchDefault: numbers = []
    }
    guard numbers.allSatisfy({ abs($0) <= 1000 }) else {
      throw NetworkError(label, "\(what) can begin with numbers up to 1000")
    }
  }
}
