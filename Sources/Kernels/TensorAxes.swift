/// From the layouts of PyTorch's files to those of the kernels.
public enum TensorAxes {
  /// Reverses three axes: [a, b, c] -> [c, b, a], with every element scaled by `scale[b]` where given. With `lanes` of b
  /// kept together the result is [b / lanes, a, c, lanes].
  ///
  /// A transposed convolution's weight [in, out, kh * kw] becomes the filter [kh * kw, out, in] of the convolution that
  /// it is the adjoint of, or with W lanes the panels of that (see `Convolution.takesPanels`), and a dense weight
  /// [channels, positions, z] becomes the 1x1 filter [z, positions * channels] whose outputs are channels last.
  /// - Parameters:
  ///   - source: a * b * c floats, aligned or not.
  ///   - lanes: a divisor of b.
  ///   - destination: a * b * c floats, overwritten.
  ///   - scale: [b].
  /// - Returns: false where an element of the source is infinite or not a number.
  public static func reverse(
    _ source: UnsafeRawPointer, _ a: Int, _ b: Int, _ c: Int, lanes: Int = 1,
    into destination: UnsafeMutablePointer<Float>, scale: [Float]? = nil, context: Context
  ) -> Bool {
    precondition((scale == nil || scale?.count == b) && b % lanes == 0)
    nonisolated(unsafe) let source = source
    nonisolated(unsafe) let destination = destination
    let panels = b / lanes
    let finite = Buffer(count: panels)
    // Sixteen elements fill a cache line of the destination before it is left.
    let line = max(16 / lanes, 1)
    let (rowStride, columnStride) = lanes == 1 ? (1, panels * a) : (c * lanes, lanes)
    context.parallel(panels) { panel in
      var zero: Float = 0
      var start = 0
      while start < a {
        let end = min(start + line, a)
        for k in 0..<c {
          let target = destination + (lanes == 1 ? panel * a : panel * a * c * lanes) + k * columnStride
          for i in start..<end {
            for lane in 0..<lanes {
              let j = panel * lanes + lane
              let value = source.loadUnaligned(fromByteOffset: ((i * b + j) * c + k) * 4, as: Float.self)
              // Zero unless the value is infinite or NaN, and then NaN for good.
              zero += value * 0
              target[i * rowStride + lane] = value * (scale?[j] ?? 1)
            }
          }
        }
        start = end
      }
      finite.pointer[panel] = zero == 0 ? 1 : 0
    }
    return !finite.array.contains(0)
  }
}
