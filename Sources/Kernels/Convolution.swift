/// One convolution of fixed shape with its three passes. Holds what can be reused between passes of one set of weights.
///
/// Input [n, h, w, c], output [n, oh, ow, oc], filter [kh, kw, c, oc]; see `ConvShape`. A transposed convolution calls
/// `backwardData` as its forward pass, `forward` as its data gradient, and `backwardFilter` with the roles swapped.
public final class Convolution {
  public let shape: ConvShape
  let context: Context

  public init(_ shape: ConvShape, context: Context) {
    self.shape = shape
    self.context = context
  }

  /// Must be called after the filter's values change, before the next pass that reads them.
  public func filterChanged() {
  }

  /// Overwrites `output`.
  public func forward(
    input: UnsafePointer<Float>, filter: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>
  ) {
    output.update(repeating: 0, count: shape.outputCount)
    shape.forEachProduct { x, w, y in output[y] += input[x] * filter[w] }
  }

  /// Overwrites `inputGradient`.
  public func backwardData(
    outputGradient: UnsafePointer<Float>, filter: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>
  ) {
    inputGradient.update(repeating: 0, count: shape.inputCount)
    shape.forEachProduct { x, w, y in inputGradient[x] += outputGradient[y] * filter[w] }
  }

  /// Overwrites `filterGradient`, or adds to it where `accumulate` is true.
  public func backwardFilter(
    input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>, filterGradient: UnsafeMutablePointer<Float>,
    accumulate: Bool = false
  ) {
    if !accumulate { filterGradient.update(repeating: 0, count: shape.filterCount) }
    shape.forEachProduct { x, w, y in filterGradient[w] += input[x] * outputGradient[y] }
  }
}
