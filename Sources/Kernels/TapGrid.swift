/// A grid of pixels, each of which reads a fixed set of neighbours ("taps") from a source tensor: the implicit im2col
/// view under which each pass of a convolution is a matrix product. Source pixels outside the tensor count as zero.
///
/// Grid pixel (n, i, j) and tap t read source pixel (n, i * stepY + taps[t].y, j * stepX + taps[t].x); the result goes to
/// pixel (n, i * targetStepY + targetY, j * targetStepX + targetX) of the target tensor.
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
  var stepY: Int
  var stepX: Int
  var taps: [Tap]
  var sourceHeight: Int
  var sourceWidth: Int
  var sourceChannels: Int
  var targetHeight: Int
  var targetWidth: Int
  var targetChannels: Int
  var targetStepY = 1
  var targetStepX = 1
  var targetY = 0
  var targetX = 0

  /// Whether pixels of the grid follow each other in source and target alike.
  var isContiguous: Bool { stepY == 1 && stepX == 1 && targetStepY == 1 && targetStepX == 1 }

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
      batch: s.batch, height: s.outputHeight, width: s.outputWidth, stepY: s.strideHeight, stepX: s.strideWidth,
      taps: taps,
      sourceHeight: s.inputHeight, sourceWidth: s.inputWidth, sourceChannels: s.inputChannels,
      targetHeight: s.outputHeight, targetWidth: s.outputWidth, targetChannels: s.outputChannels
    ).withoutNeighbours
  }

  /// The data gradient: input pixels of one residue class modulo the strides read the output gradient. From
  /// i = o * stride + p - pad it follows that only taps p of one residue class reach a pixel, and o = a + (r + pad - p) /
  /// stride for pixel i = a * stride + r.
  static func backwardData(_ s: ConvShape, phaseY: Int, phaseX: Int) -> TapGrid {
    var taps: [Tap] = []
    for p in 0..<s.kernelHeight where (phaseY + s.padTop - p) % s.strideHeight == 0 {
      for q in 0..<s.kernelWidth where (phaseX + s.padLeft - q) % s.strideWidth == 0 {
        taps.append(
          Tap(
            y: (phaseY + s.padTop - p) / s.strideHeight, x: (phaseX + s.padLeft - q) / s.strideWidth,
            index: p * s.kernelWidth + q))
      }
    }
    return TapGrid(
      batch: s.batch, height: ceilDivide(s.inputHeight - phaseY, s.strideHeight),
      width: ceilDivide(s.inputWidth - phaseX, s.strideWidth), stepY: 1, stepX: 1, taps: taps,
      sourceHeight: s.outputHeight,
      sourceWidth: s.outputWidth, sourceChannels: s.outputChannels,
      targetHeight: s.inputHeight,
      targetWidth: s.inputWidth, targetChannels: s.inputChannels, targetStepY: s.strideHeight,
      targetStepX: s.strideWidth,
      targetY: phaseY, targetX: phaseX
    ).withoutNeighbours
  }

  /// Where each pixel reads only its counterpart, as in a dense layer, all pixels are one row.
  private var withoutNeighbours: TapGrid {
    let alone = taps.count == 1 && taps[0].y == 0 && taps[0].x == 0 && isContiguous
    guard alone && height == sourceHeight && width == sourceWidth else { return self }
    var row = self
    (row.batch, row.height, row.width) = (1, 1, pixels)
    (row.sourceHeight, row.sourceWidth) = (1, pixels)
    (row.targetHeight, row.targetWidth) = (1, pixels)
    return row
  }

  /// Calls `body` with each part of `range` that is in one row of the grid: the place of its first pixel in `range`,
  /// that pixel's position, and how many there are.
  func forEachRow(_ range: Range<Int>, _ body: (_ place: Int, _ n: Int, _ i: Int, _ j: Int, _ count: Int) -> Void) {
    var pixel = range.lowerBound
    while pixel < range.upperBound {
      let (row, j) = pixel.quotientAndRemainder(dividingBy: width)
      let count = min(width - j, range.upperBound - pixel)
      body(pixel - range.lowerBound, row / height, row % height, j, count)
      pixel += count
    }
  }

  /// Which of `count` grid pixels from column j on read columns inside the source by tap `t`.
  func inside(_ t: Tap, _ j: Int, _ count: Int) -> Range<Int> {
    let first = j * stepX + t.x
    let start = min(max(0, ceilDivide(-first, stepX)), count)
    return start..<min(max(start, ceilDivide(sourceWidth - first, stepX)), count)
  }
}
