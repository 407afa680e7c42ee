/// A grid of pixels, each of which reads a fixed set of neighbours ("taps") from a source tensor: the implicit im2col
/// view under which each pass of a convolution is a matrix product. Source pixels outside the tensor count as zero.
///
/// Grid pixel (n, i, j) and tap t read source pixel (n, i * step + taps[t].y, j * step + taps[t].x); the result goes to
/// pixel (n, i * targetStep + targetY, j * targetStep + targetX) of the target tensor.
struct TapGrid {
  struct Tap {
    var y: Int
    var x: Int
    /// Position in the filter, row-major.
    var index: Int
  }

  var batch: Int
  var height: Int
  var width: Int
  var step: Int
  var taps: [Tap]
  var sourceHeight: Int
  var sourceWidth: Int
  /// Floats from one source pixel to the next.
  var sourceChannels: Int
  /// Channels that a tap reads from its pixel on: the pixel's own, or with row taps those of its neighbours too.
  var tapChannels: Int
  var targetHeight: Int
  var targetWidth: Int
  var targetChannels: Int
  var targetStep = 1
  var targetY = 0
  var targetX = 0
  /// Whether a whole vector may be read where fewer channels are left.
  var mayOverread = false

  var pixels: Int { batch * height * width }

  /// The forward pass: output pixels read the input.
  static func forward(_ s: ConvShape) -> TapGrid {
    var taps: [Tap] = []
    for p in 0..<s.kernelHeight {
      for q in 0..<s.kernelWidth {
        taps.append(Tap(y: p - s.padTop, x: q - s.padLeft, index: p * s.kernelWidth + q))
      }
    }
    return TapGrid(
      batch: s.batch, height: s.outputHeight, width: s.outputWidth, step: s.stride, taps: taps,
      sourceHeight: s.inputHeight, sourceWidth: s.inputWidth, sourceChannels: s.inputChannels,
      tapChannels: s.inputChannels,
      targetHeight: s.outputHeight, targetWidth: s.outputWidth, targetChannels: s.outputChannels)
  }

  /// The data gradient: input pixels of one residue class modulo the stride read the output gradient. From
  /// i = o * stride + p - pad it follows that only taps p of one residue class reach a pixel, and o = a + (r + pad - p) /
  /// stride for pixel i = a * stride + r.
  static func backwardData(_ s: ConvShape, phaseY: Int, phaseX: Int) -> TapGrid {
    var taps: [Tap] = []
    for p in 0..<s.kernelHeight where (phaseY + s.padTop - p) % s.stride == 0 {
      for q in 0..<s.kernelWidth where (phaseX + s.padLeft - q) % s.stride == 0 {
        taps.append(
          Tap(
            y: (phaseY + s.padTop - p) / s.stride, x: (phaseX + s.padLeft - q) / s.stride,
            index: p * s.kernelWidth + q))
      }
    }
    return TapGrid(
      batch: s.batch, height: ceilDivide(s.inputHeight - phaseY, s.stride),
      width: ceilDivide(s.inputWidth - phaseX, s.stride), step: 1, taps: taps, sourceHeight: s.outputHeight,
      sourceWidth: s.outputWidth, sourceChannels: s.outputChannels, tapChannels: s.outputChannels,
      targetHeight: s.inputHeight,
      targetWidth: s.inputWidth, targetChannels: s.inputChannels, targetStep: s.stride, targetY: phaseY,
      targetX: phaseX)
  }

  /// For the grid pixels in `range`, the offset of the source pixel that tap `t` reads, or -1 outside.
  func sourceOffsets(_ t: Tap, _ range: Range<Int>, _ offsets: UnsafeMutablePointer<Int>) {
    forEachPixel(range) { index, n, i, j in
      let y = i * step + t.y
      let x = j * step + t.x
      let inside = y >= 0 && y < sourceHeight && x >= 0 && x < sourceWidth
      offsets[index] = inside ? ((n * sourceHeight + y) * sourceWidth + x) * sourceChannels : -1
    }
  }

  /// For the grid pixels in `range`, the offset of the target pixel.
  func targetOffsets(_ range: Range<Int>, _ offsets: UnsafeMutablePointer<Int>) {
    forEachPixel(range) { index, n, i, j in
      let y = i * targetStep + targetY
      let x = j * targetStep + targetX
      offsets[index] = ((n * targetHeight + y) * targetWidth + x) * targetChannels
    }
  }

  @inline(__always)
  private func forEachPixel(_ range: Range<Int>, _ body: (Int, Int, Int, Int) -> Void) {
    var n = range.lowerBound / (height * width)
    var i = range.lowerBound / width % height
    var j = range.lowerBound % width
    for index in 0..<range.count {
      body(index, n, i, j)
      j += 1
      if j == width {
        j = 0
        i += 1
        if i == height {
          i = 0
          n += 1
        }
      }
    }
  }
}
