/// What a generator does between convolutions when it only samples: bias and activation in one sweep.
///
/// `bias` is periodic: element i of the values takes `bias[i % period]`. With channels last the period is any multiple of
/// the channel count; it must also be a multiple of the vector width, so that no vector straddles its end.
public protocol SamplingKernels {
  /// values[i] = leaky(values[i] + bias[i % period]) with leaky(x) = max(x, slope * x), in place; 0 <= slope <= 1.
  static func biasLeakyReLU(
    values: UnsafeMutablePointer<Float>, count: Int, bias: UnsafePointer<Float>, period: Int, slope: Float)

  /// bytes[i] = 127.5 * (tanh(values[i] + bias[i % period]) + 1), rounded to nearest.
  /// - Returns: false where some sum was not finite; its byte is then unspecified.
  static func biasTanhBytes(
    values: UnsafePointer<Float>, count: Int, bias: UnsafePointer<Float>, period: Int,
    bytes: UnsafeMutablePointer<UInt8>
  ) -> Bool
}
