import Kernels

/// Spectral normalisation of a linear layer's weight (Miyato et al. 2018, arXiv 1802.05957): the layer computes with
/// W / sigma, where sigma = u^T W v estimates W's largest singular value, W being the matrix [outputs, inputs x taps].
///
/// u and v are constants to the gradient, as in PyTorch's `torch.nn.utils.parametrizations.spectral_norm`: with G the
/// gradient with respect to W / sigma, W's own is (G - <G, W / sigma> u v^T) / sigma. Each update of W is followed by one
/// power iteration, u = W v and v = W^T u with unit lengths, so all passes between two updates see the same weight.
///
/// Backward passes leave G in `normalized.gradient`; `Optimizer.update` calls `finishGradient` and `iterate` around its own.
public final class SpectralNorm {
  /// W, which is learned.
  public let weight: Parameter
  /// Left singular vector [outputs], named as the weight with `_u` behind it.
  public let u: Parameter
  /// Right singular vector [inputs x taps], named as the weight with `_v` behind it.
  public let v: Parameter
  /// W / sigma, in the weight's layout; follows from the others and is not saved.
  public let normalized: Parameter
  /// The estimate that `normalized` was made with.
  public private(set) var sigma = 1.0

  private let rows: Int
  private let columns: Int
  /// W^T u.
  private lazy var product = Buffer(count: rows)
  /// Versions of weight, u and v that `normalized` was made from.
  private var source: [Int] = []

  /// Iterations from a random v, before the first pass: as many as PyTorch makes.
  static let firstIterations = 15
  /// Lengths below it count as it, as in PyTorch: a weight of zeros has no direction.
  static let smallestLength = 1e-12

  /// - Parameter weight: of a convolution or of a dense layer with one image or vector in and out.
  init(_ weight: Parameter) {
    let left: ParameterLayout
    let right: Shape
    switch weight.layout {
    case .filter(let kh, let kw, let inputs, let outputs):
      left = .vector(outputs)
      right = Shape(n: 1, h: kh, w: kw, c: inputs)
    case .dense(let inputs, let outputs):
      left = .picture(outputs)
      right = inputs
    case .vector, .picture:
      preconditionFailure("\(weight.name): only a matrix has a spectral norm")
    }
    self.weight = weight
    columns = left.count
    rows = right.elements
    u = Parameter("\(weight.name)_u", left, .constant(0), isTrained: false)
    v = Parameter("\(weight.name)_v", .picture(right), .truncatedNormal(sigma: 1), isTrained: false)
    normalized = Parameter("\(weight.name)_normalized", weight.layout, weight.initializer)
    weight.spectralNorm = self
  }

  /// Finds u and v of a fresh weight, from v's random values.
  public func begin(_ context: Context) {
    for _ in 0..<SpectralNorm.firstIterations { turn(context) }
    divide(context)
  }

  /// One power iteration, and a new `normalized`.
  public func iterate(_ context: Context) {
    turn(context)
    divide(context)
  }

  /// Makes `normalized` anew where weight, u or v were changed by others.
  func refresh(_ context: Context) {
    if source == [weight.version, u.version, v.version] { return }
    multiplyTransposed(context)
    divide(context)
  }

  /// Overwrites the weight's gradient with what follows from `normalized.gradient`.
  public func finishGradient(_ context: Context) {
    refresh(context)
    let along = context.dot(normalized.gradient.pointer, normalized.value.pointer, count: weight.count)
    context.scale(
      normalized.gradient.pointer, rows: rows, columns: columns, by: Float(1 / sigma),
      plus: OuterProduct(factor: Float(-along / sigma), left: v.value.pointer, right: u.value.pointer),
      into: weight.gradient.pointer)
  }

  private func turn(_ context: Context) {
    context.multiplyTransposed(
      weight.value.pointer, rows: rows, columns: columns, by: v.value.pointer, into: u.value.pointer)
    normalize(u, context)
    multiplyTransposed(context)
    v.value.pointer.update(from: product.pointer, count: rows)
    normalize(v, context)
  }

  /// Overwrites `product`. In memory a weight is the transposed matrix [inputs x taps, outputs].
  private func multiplyTransposed(_ context: Context) {
    context.multiply(
      weight.value.pointer, rows: rows, columns: columns, by: u.value.pointer, into: product.pointer)
  }

  /// Makes `normalized` from W^T u in `product`.
  private func divide(_ context: Context) {
    sigma = context.dot(v.value.pointer, product.pointer, count: rows)
    context.scale(weight.value.pointer, into: normalized.value.pointer, count: weight.count, by: Float(1 / sigma))
    normalized.changed()
    source = [weight.version, u.version, v.version]
  }

  private func normalize(_ vector: Parameter, _ context: Context) {
    let pointer = vector.value.pointer
    let length = context.dot(pointer, pointer, count: vector.count).squareRoot()
    context.scale(
      pointer, into: pointer, count: vector.count, by: Float(1 / max(length, SpectralNorm.smallestLength)))
    vector.changed()
  }
}
