// Nearest neighbour: each pixel as often as a factor says.

extension Context {
  /// output [n, h * factor.height, w * factor.width, c] = each pixel of input [n, h, w, c] as often. Overwrites `output`.
  public func upsample(
    _ input: UnsafePointer<Float>, rows: Int, width: Int, channels: Int, factor: Extent,
    into output: UnsafeMutablePointer<Float>
  ) {
    let wide = width * factor.width * channels
    parallel(rows) { row in
      let first = output + row * factor.height * wide
      for x in 0..<width * factor.width {
        (first + x * channels).update(
          from: input + (row * width + x / factor.width) * channels, count: channels)
      }
      for copy in 1..<max(factor.height, 1) { (first + copy * wide).update(from: first, count: wide) }
    }
  }

  /// The adjoint of `upsample`: sums over the copies. Overwrites `inputGradient`.
  public func upsampleBackward(
    _ outputGradient: UnsafePointer<Float>, rows: Int, width: Int, channels: Int, factor: Extent,
    into inputGradient: UnsafeMutablePointer<Float>
  ) {
    let kernels = self.kernels
    let wide = width * factor.width * channels
    parallel(rows) { row in
      for x in 0..<width {
        let target = inputGradient + (row * width + x) * channels
        target.update(repeating: 0, count: channels)
        for y in 0..<factor.height {
          for copy in 0..<factor.width {
            kernels.addScaled(
              outputGradient + (row * factor.height + y) * wide + (x * factor.width + copy) * channels, target,
              channels,
              factor: 1)
          }
        }
      }
    }
  }
}
