/// A bias per channel, repeated up to a whole number of vectors so that the micro-kernels never straddle its end.
public struct PeriodicBias: Sendable {
  let values: Buffer
  var period: Int { values.count }

  /// - Parameter bias: [channels].
  public init(_ bias: [Float], context: Context) {
    precondition(!bias.isEmpty)
    var period = bias.count
    while period % context.width != 0 { period += bias.count }
    values = Buffer((0..<period).map { bias[$0 % bias.count] })
  }
}

/// leaky(x + bias), with leaky(x) = max(x, slope * x).
public struct BiasLeakyReLU: Sendable {
  let bias: PeriodicBias
  let slope: Float

  /// - Parameters:
  ///   - bias: [channels].
  ///   - slope: 0 ... 1.
  public init(bias: [Float], slope: Float, context: Context) {
    precondition((0...1).contains(slope))
    self.bias = PeriodicBias(bias, context: context)
    self.slope = slope
  }
}

/// What a generator does between convolutions when it only samples.
extension Context {
  /// Activates values in place.
  /// - Parameter values: [count], channels last; count is a multiple of the bias's channels.
  public func activate(_ values: UnsafeMutablePointer<Float>, count: Int, _ activation: BiasLeakyReLU) {
    nonisolated(unsafe) let values = values
    let bias = activation.bias
    let block = blockLength(bias)
    parallel(ceilDivide(count, block)) { task in
      kernels.biasLeakyReLU(
        values: values + task * block, count: min(block, count - task * block), bias: bias.values.pointer,
        period: bias.period, slope: activation.slope)
    }
  }

  /// bytes = 127.5 * (tanh(values + bias) + 1), rounded to nearest; overwrites `bytes`.
  /// - Parameter values: [count], channels last; count is a multiple of the bias's channels.
  /// - Returns: false where some sum was infinite or not a number; its byte is then unspecified.
  public func addBiasTanhToBytes(
    _ values: UnsafePointer<Float>, count: Int, bias: PeriodicBias, bytes: UnsafeMutablePointer<UInt8>
  ) -> Bool {
    nonisolated(unsafe) let values = values
    nonisolated(unsafe) let bytes = bytes
    let block = blockLength(bias)
    let tasks = ceilDivide(count, block)
    let finite = Buffer(count: tasks)
    parallel(tasks) { task in
      let allFinite = kernels.biasTanhBytes(
        values: values + task * block, count: min(block, count - task * block), bias: bias.values.pointer,
        period: bias.period, bytes: bytes + task * block)
      finite.pointer[task] = allFinite ? 1 : 0
    }
    return !finite.array.contains(0)
  }

  /// bytes = 127.5 * (values + 1), rounded to nearest; overwrites `bytes`.
  /// - Parameter values: [count], within -1...1 but for rounding.
  public static func convertToBytes(_ values: UnsafePointer<Float>, count: Int, bytes: UnsafeMutablePointer<UInt8>) {
    for i in 0..<count {
      let level = min(max(127.5 * (values[i] + 1), 0), 255)
      // Adding 2^23 leaves the rounded whole number in the low bits of the significand.
      bytes[i] = UInt8(truncatingIfNeeded: (level + 0x1p23).bitPattern)
    }
  }

  /// Whole periods of about 32,768 elements: some ten microseconds of memory traffic, so that a small image is still
  /// shared between threads.
  private func blockLength(_ bias: PeriodicBias) -> Int {
    max(1, 32_768 / bias.period) * bias.period
  }
}
