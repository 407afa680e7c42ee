// DiffAugment (Zhao et al. 2020, arXiv 2006.10738): what the discriminator sees, reals and fakes alike, is changed at
// random by operations through which gradients pass. They keep it from memorising a small data set.

import Layers

/// A kind of change; they are applied in this order.
public enum Augmentation: String, CaseIterable, Codable, Sendable {
  /// Brightness, saturation and contrast.
  case color
  /// By up to an eighth of the side in both directions; what comes in is zero.
  case translation
  /// A square of half the side is set to zero; its centre is anywhere in the picture, so it may be cut.
  case cutout
}

/// The changes of one batch, one draw per picture: an affine map of the pictures, with its adjoint.
public struct BatchAugmentation {
  /// The map of one picture of side s, mean value M and values x(y, x, c) with mean m(y, x) over the channels. In
  /// DiffAugment's words brightness b is added, then values move to s times their distance from m, then to c times their
  /// distance from M; together gain x + grayGain m + meanGain M + b, which is then moved and cut out.
  struct Draw: Equatable {
    /// c s, c (1 - s) and 1 - c.
    var gain: Float = 1
    var grayGain: Float = 0
    var meanGain: Float = 0
    var brightness: Float = 0
    /// Pixel (y, x) of the result comes from (y + downwards, x + rightwards) of the picture.
    var downwards = 0
    var rightwards = 0
    /// Rows and columns of the result that are zero.
    var holeRows = 0..<0
    var holeColumns = 0..<0

    var changesColor: Bool { gain != 1 || grayGain != 0 || meanGain != 0 || brightness != 0 }

    mutating func setColor(brightness: Float, saturation: Float, contrast: Float) {
      self.brightness = brightness
      gain = contrast * saturation
      grayGain = contrast * (1 - saturation)
      meanGain = 1 - contrast
    }

    /// - Parameters:
    ///   - row, column: the hole's centre, 0...side.
    mutating func setHole(row: Int, column: Int, size: Int, side: Int) {
      func span(_ centre: Int) -> Range<Int> { max(0, centre - size / 2)..<min(side, centre - size / 2 + size) }
      holeRows = span(row)
      holeColumns = span(column)
    }
  }

  /// Shape of the pictures, which are square.
  let shape: Shape
  let draws: [Draw]

  init(_ shape: Shape, draws: [Draw]) {
    precondition(shape.h == shape.w && shape.c == 3 && draws.count == shape.n, "\(draws.count) draws for \(shape)")
    self.shape = shape
    self.draws = draws
  }

  /// Draws the changes of each picture of a batch.
  public init(_ kinds: Set<Augmentation>, _ shape: Shape, _ random: inout RandomGenerator) {
    let side = shape.h
    // An eighth and a half of the side, rounded to nearest as in DiffAugment.
    let reach = Int(Double(side) * 0.125 + 0.5)
    let hole = Int(Double(side) * 0.5 + 0.5)
    var draws: [Draw] = []
    for _ in 0..<shape.n {
      var draw = Draw()
      if kinds.contains(.color) {
        let brightness = random.uniform(-0.5, 0.5)
        let saturation = random.uniform(0, 2)
        draw.setColor(brightness: brightness, saturation: saturation, contrast: random.uniform(0.5, 1.5))
      }
      if kinds.contains(.translation) {
        draw.downwards = random.index(below: 2 * reach + 1) - reach
        draw.rightwards = random.index(below: 2 * reach + 1) - reach
      }
      if kinds.contains(.cutout) {
        let places = side + 1 - hole % 2
        let row = random.index(below: places)
        draw.setHole(row: row, column: random.index(below: places), size: hole, side: side)
      }
      draws.append(draw)
    }
    self.init(shape, draws: draws)
  }

  /// The changes of some of the pictures.
  func pictures(_ range: Range<Int>) -> BatchAugmentation {
    BatchAugmentation(shape.with(n: range.count), draws: Array(draws[range]))
  }

  /// Overwrites `output` [n, side, side, 3] with the changed pictures; it must not be `input`.
  public func forward(_ input: Tensor, into output: Tensor, _ context: Context) {
    precondition(input.shape == shape && output.shape == shape && input.pointer != output.pointer)
    let elements = shape.elements
    nonisolated(unsafe) let (from, to) = (input.pointer, output.pointer)
    context.parallel(shape.n) { n in
      let draw = draws[n]
      let source = UnsafePointer(from + n * elements)
      let target = to + n * elements
      let offset = draw.brightness + draw.meanGain * mean(source)
      forEachRow(draw) { row, sourceRow, columns in
        let line = target + row * shape.w * 3
        line.update(repeating: 0, count: shape.w * 3)
        guard let sourceRow else { return }
        recolor(
          source + (sourceRow * shape.w + columns.lowerBound + draw.rightwards) * 3, line + columns.lowerBound * 3,
          pixels: columns.count, draw, offset: offset)
        if draw.holeRows.contains(row) {
          (line + draw.holeColumns.lowerBound * 3).update(repeating: 0, count: draw.holeColumns.count * 3)
        }
      }
    }
  }

  /// Overwrites `inputGradient` with the adjoint's answer to `outputGradient`; it must not be the same memory.
  ///
  /// Recolouring is a symmetric map, so the way back moves and cuts first and then recolours in the same manner.
  public func backward(_ outputGradient: Tensor, into inputGradient: Tensor, _ context: Context) {
    precondition(outputGradient.shape == shape && inputGradient.shape == shape)
    precondition(outputGradient.pointer != inputGradient.pointer)
    let elements = shape.elements
    nonisolated(unsafe) let (from, to) = (outputGradient.pointer, inputGradient.pointer)
    context.parallel(shape.n) { n in
      let draw = draws[n]
      let source = from + n * elements
      let target = to + n * elements
      target.update(repeating: 0, count: elements)
      forEachRow(draw) { row, targetRow, columns in
        guard let targetRow else { return }
        let line = target + (targetRow * shape.w + draw.rightwards) * 3
        (line + columns.lowerBound * 3).update(
          from: source + (row * shape.w + columns.lowerBound) * 3, count: columns.count * 3)
        if draw.holeRows.contains(row) {
          let hidden = draw.holeColumns.clamped(to: columns)
          (line + hidden.lowerBound * 3).update(repeating: 0, count: hidden.count * 3)
        }
      }
      if draw.changesColor {
        recolor(target, target, pixels: shape.h * shape.w, draw, offset: draw.meanGain * mean(target))
      }
    }
  }

  /// Calls `body` for each row of the result, with the picture's row that it comes from (nil where that is outside) and
  /// the columns of the result that come from inside.
  private func forEachRow(_ draw: Draw, _ body: (_ row: Int, _ pictureRow: Int?, _ columns: Range<Int>) -> Void) {
    let columns = max(0, -draw.rightwards)..<min(shape.w, shape.w - draw.rightwards)
    for row in 0..<shape.h {
      let other = row + draw.downwards
      body(row, (0..<shape.h).contains(other) ? other : nil, columns)
    }
  }

  private func mean(_ picture: UnsafePointer<Float>) -> Float {
    var sum = 0.0
    for row in 0..<shape.h {
      // Three sums, so that one addition need not wait for the last; a row's are short enough for Float.
      var (red, green, blue): (Float, Float, Float) = (0, 0, 0)
      for x in row * shape.w..<(row + 1) * shape.w {
        red += picture[3 * x]
        green += picture[3 * x + 1]
        blue += picture[3 * x + 2]
      }
      sum += Double(red + green + blue)
    }
    return Float(sum / Double(shape.elements))
  }

  private func recolor(
    _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, pixels: Int, _ draw: Draw, offset: Float
  ) {
    let third = draw.grayGain / 3
    for i in stride(from: 0, to: 3 * pixels, by: 3) {
      let gray = third * (source[i] + source[i + 1] + source[i + 2]) + offset
      target[i] = draw.gain * source[i] + gray
      target[i + 1] = draw.gain * source[i + 1] + gray
      target[i + 2] = draw.gain * source[i + 2] + gray
    }
  }
}
