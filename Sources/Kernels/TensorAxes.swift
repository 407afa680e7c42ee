/// From the layouts of PyTorch's files to those of the kernels.
public enum TensorAxes {
  /// One of the functions below.
  public typealias Order = (
    _ source: UnsafeRawPointer, _ a: Int, _ b: Int, _ c: Int, _ destination: UnsafeMutablePointer<Float>,
    _ scale: [Float]?, _ context: Context
  ) -> Bool

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
    _ source: UnsafeRawPointer, _ a: Int, _ b: Int, _ c: Int, _ destination: UnsafeMutablePointer<Float>,
    _ scale: [Float]?, _ context: Context
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

  /// [a, b, c] -> [c, b / W, a, W], with W lanes of b together and every element scaled by `scale[b]` where given: the
  /// filter of a transposed convolution [in, out, kh * kw] as `Convolution` takes it where it `takesPanels`.
  ///
  /// Parameters and result as above; b is a multiple of W.
  public static func panels(
    _ source: UnsafeRawPointer, _ a: Int, _ b: Int, _ c: Int, _ destination: UnsafeMutablePointer<Float>,
    _ scale: [Float]?, _ context: Context
  ) -> Bool {
    let w = context.width
    precondition((scale == nil || scale?.count == b) && b % w == 0)
    nonisolated(unsafe) let source = source
    nonisolated(unsafe) let destination = destination
    let panels = b / w
    let finite = Buffer(count: panels)
    context.parallel(panels) { panel in
      var zero: Float = 0
      for i in 0..<a {
        for lane in 0..<w {
          let j = panel * w + lane
          let factor = scale?[j] ?? 1
          for k in 0..<c {
            let value = source.loadUnaligned(fromByteOffset: ((i * b + j) * c + k) * 4, as: Float.self)
            zero += value * 0
            destination[((k * panels + panel) * a + i) * w + lane] = value * factor
          }
        }
      }
      finite.pointer[panel] = zero == 0 ? 1 : 0
    }
    return !finite.array.contains(0)
  }
}
