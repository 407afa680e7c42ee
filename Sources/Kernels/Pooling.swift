import MicroKernels

/// The shape of a pooling pass: every channel by itself, input [n, h, w, c] -> output [n, oh, ow, c], both packed.
public struct PoolShape: Hashable, Sendable {
  /// Images, n.
  public var batch: Int
  /// Rows of an input image.
  public var height: Int
  /// Columns of an input image.
  public var width: Int
  /// Channels of input and output.
  public var channels: Int
  /// Rows and columns of the window.
  public var kernel: Extent
  /// Between two positions of the window.
  public var stride: Extent
  /// Rows and columns beyond the edges, which no window takes a value from.
  public var pads: Pads
  /// Positions of the window; see `Window.positions`.
  public var output: Extent

  /// - Parameter output: the window's positions, rounded up or not.
  /// - Precondition: every window has a pixel of the image, which the caller sees to.
  public init(batch: Int, height: Int, width: Int, channels: Int, window: Window, output: Extent) {
    (self.batch, self.height, self.width, self.channels) = (batch, height, width, channels)
    (kernel, stride, pads) = (window.kernel, window.stride, window.pads(height: height, width: width))
    self.output = output
  }

  /// The rows and columns of the image that the window covers at a position, and the pixels of the padded image that it does.
  func cover(_ i: Int, _ j: Int) -> (rows: Range<Int>, columns: Range<Int>, paddedPixels: Double) {
    let (y, x) = (i * stride.height - pads.top, j * stride.width - pads.left)
    let rows = max(y, 0)..<max(min(y + kernel.height, height), max(y, 0))
    let columns = max(x, 0)..<max(min(x + kernel.width, width), max(x, 0))
    // More than an Int of 32 bits may hold.
    let padded =
      Double(min(y + kernel.height, height + pads.bottom) - y) * Double(min(x + kernel.width, width + pads.right) - x)
    return (rows, columns, padded)
  }

  func pixel(_ n: Int, _ y: Int, _ x: Int) -> Int { ((n * height + y) * width + x) * channels }
  func outputPixel(_ n: Int, _ i: Int, _ j: Int) -> Int { ((n * output.height + i) * output.width + j) * channels }
}

/// What pooling makes of a window.
public enum PoolKind: Hashable, Sendable {
  case maximum
  /// - Parameter countsPadding: whether zeros of the padding count in the mean.
  case mean(countsPadding: Bool)
}

extension Context {
  /// `maxPool` or `averagePool`.
  public func pool(
    _ kind: PoolKind, _ s: PoolShape, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>
  ) {
    switch kind {
    case .maximum: maxPool(s, input: input, output: output)
    case .mean(let counts): averagePool(s, countsPadding: counts, input: input, output: output)
    }
  }

  /// output = the largest of each window, NaN where one is there. Overwrites `output`.
  public func maxPool(_ s: PoolShape, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>) {
    let kernels = self.kernels
    parallel(s.batch * s.output.height) { task in
      let (n, i) = task.quotientAndRemainder(dividingBy: s.output.height)
      for j in 0..<s.output.width {
        let y = output + s.outputPixel(n, i, j)
        y.update(repeating: -.infinity, count: s.channels)
        let (rows, columns, _) = s.cover(i, j)
        for row in rows {
          for column in columns { kernels.maximum(input + s.pixel(n, row, column), y, s.channels) }
        }
      }
    }
  }

  /// inputGradient = the output's gradient where an input was the largest of its window, the first of several, summed over
  /// windows. Overwrites `inputGradient`.
  /// - Parameter output: what `maxPool` made of `input`.
  public func maxPoolBackward(
    _ s: PoolShape, input: UnsafePointer<Float>, output: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>
  ) {
    let kernels = self.kernels
    let rests = scratch("pooling", threads * s.channels)
    parallel(s.batch) { (n, worker) in
      (inputGradient + s.pixel(n, 0, 0)).update(repeating: 0, count: s.pixel(1, 0, 0))
      let rest = rests + worker * s.channels
      for i in 0..<s.output.height {
        for j in 0..<s.output.width {
          let at = s.outputPixel(n, i, j)
          rest.update(from: outputGradient + at, count: s.channels)
          let (rows, columns, _) = s.cover(i, j)
          for row in rows {
            for column in columns {
              let pixel = s.pixel(n, row, column)
              kernels.routeToEqual(
                input: input + pixel, output: output + at, rest: rest, gradient: inputGradient + pixel, s.channels)
            }
          }
        }
      }
    }
  }

  /// output = the mean of each window. Overwrites `output`.
  /// - Parameter countsPadding: whether pixels of the padding count, as zeros, in the number that is divided by.
  public func averagePool(
    _ s: PoolShape, countsPadding: Bool, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>
  ) {
    let kernels = self.kernels
    let sums = doubles("pooling sums", threads * s.channels)
    // With fewer channels than lanes a call takes longer than the sums.
    let isNarrow = s.channels < width
    parallel(s.batch * s.output.height) { (task, worker) in
      let (n, i) = task.quotientAndRemainder(dividingBy: s.output.height)
      let sums = sums + worker * s.channels
      for j in 0..<s.output.width {
        let (rows, columns, padded) = s.cover(i, j)
        let share = 1 / (countsPadding ? padded : Double(rows.count * columns.count))
        let y = output + s.outputPixel(n, i, j)
        let first = input + s.pixel(n, rows.lowerBound, columns.lowerBound)
        if isNarrow {
          for c in 0..<s.channels {
            var (sum, line) = (0.0, first + c)
            for _ in 0..<rows.count {
              for column in 0..<columns.count { sum += Double(line[column &* s.channels]) }
              line += s.width * s.channels
            }
            y[c] = Float(sum * share)
          }
        } else {
          sums.update(repeating: 0, count: s.channels)
          for row in 0..<rows.count {
            kernels.addColumnSums(
              first + row * s.width * s.channels, rows: columns.count, channels: s.channels, to: sums)
          }
          for c in 0..<s.channels { y[c] = Float(sums[c] * share) }
        }
      }
    }
  }

  /// The adjoint of `averagePool`. Overwrites `inputGradient`.
  public func averagePoolBackward(
    _ s: PoolShape, countsPadding: Bool, outputGradient: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>
  ) {
    let kernels = self.kernels
    parallel(s.batch) { n in
      (inputGradient + s.pixel(n, 0, 0)).update(repeating: 0, count: s.pixel(1, 0, 0))
      for i in 0..<s.output.height {
        for j in 0..<s.output.width {
          let (rows, columns, padded) = s.cover(i, j)
          let divisor = countsPadding ? padded : Double(rows.count * columns.count)
          for row in rows {
            for column in columns {
              kernels.addScaled(
                outputGradient + s.outputPixel(n, i, j), inputGradient + s.pixel(n, row, column), s.channels,
                factor: 1 / Float(divisor))
            }
          }
        }
      }
    }
  }
}
