/// From the layouts of PyTorch's files to those of the kernels.
public enum TensorAxes {
  /// Reverses three axes: [a, b, c] -> [c, b, a], with every element scaled by `scale[b]` where given.
  ///
  /// A transposed convolution's weight [in, out, kh * kw] becomes the filter [kh * kw, out, in] of the convolution that
  /// it is the adjoint of, and a dense weight [channels, positions, z] becomes the 1x1 filter [z, positions * channels]
  /// whose outputs are channels last.
  /// - Parameters:
  ///   - source: a * b * c floats, aligned or not.
  ///   - destination: a * b * c floats, overwritten.
  ///   - scale: [b].
  /// - Returns: false where an element of the source is infinite or not a number.
  public static func reverse(
    _ source: UnsafeRawPointer, _ a: Int, _ b: Int, _ c: Int, into destination: UnsafeMutablePointer<Float>,
    scale: [Float]? = nil, context: Context
  ) -> Bool {
    precondition(scale == nil || scale?.count == b)
    nonisolated(unsafe) let source = source
    nonisolated(unsafe) let destination = destination
    let finite = Buffer(count: b)
    // Sixteen elements along a fill a cache line of the destination before it is left.
    let line = 16
    context.parallel(b) { j in
      let factor = scale?[j] ?? 1
      var zero: Float = 0
      var start = 0
      while start < a {
        let end = min(start + line, a)
        for k in 0..<c {
          let target = destination + (k * b + j) * a
          for i in start..<end {
            let value = source.loadUnaligned(fromByteOffset: ((i * b + j) * c + k) * 4, as: Float.self)
            // Zero unless the value is infinite or NaN, and then NaN for good.
            zero += value * 0
            target[i] = value * factor
          }
        }
        start = end
      }
      finite.pointer[j] = zero == 0 ? 1 : 0
    }
    return !finite.array.contains(0)
  }
}
