/// Rows and columns, of a window or of a step. An integer literal stands for as many of both.
public struct Extent: Hashable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  /// Along rows.
  public var height: Int
  /// Along columns.
  public var width: Int

  /// Rows, then columns.
  public init(_ height: Int, _ width: Int) {
    self.height = height
    self.width = width
  }

  /// As many columns as rows.
  public init(_ both: Int) { self.init(both, both) }

  public init(integerLiteral both: Int) { self.init(both, both) }

  public var description: String { "\(height)x\(width)" }
}

/// Rows and columns beyond the edges of an image.
public struct Pads: Hashable, Sendable {
  /// Rows above.
  public var top: Int
  /// Columns before.
  public var left: Int
  /// Rows below.
  public var bottom: Int
  /// Columns behind.
  public var right: Int

  /// In the order of PyTorch's pads of an image: begins, then ends.
  public init(top: Int, left: Int, bottom: Int, right: Int) {
    self.top = top
    self.left = left
    self.bottom = bottom
    self.right = right
  }

  /// Rows above and below together.
  public var vertical: Int { top + bottom }
  /// Columns before and behind together.
  public var horizontal: Int { left + right }
}

/// The padding of an image that a window moves over.
public enum Padding: Hashable, Sendable {
  /// TensorFlow's SAME: as many positions as steps begin in the image, ceil(size / stride). Of an odd number of padding
  /// pixels the larger half goes after.
  case same
  /// None; TensorFlow's VALID.
  case valid
  /// That many on every side, or for each side what PyTorch and ONNX call padding and pads.
  case explicit(Pads)

  /// As many pixels on every side.
  public static func pixels(_ count: Int) -> Padding {
    .explicit(Pads(top: count, left: count, bottom: count, right: count))
  }
}

/// A window that moves over an image: of a convolution, or of pooling.
public struct Window: Hashable, Sendable {
  /// Rows and columns that the window sees.
  public var kernel: Extent
  /// Between two positions.
  public var stride: Extent
  /// Of the image.
  public var padding: Padding

  /// A window by its size, step and padding.
  public init(kernel: Extent, stride: Extent, padding: Padding) {
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
  }

  /// The padding of an image of a size, in pixels.
  public func pads(height: Int, width: Int) -> Pads {
    switch padding {
    case .valid: return Pads(top: 0, left: 0, bottom: 0, right: 0)
    case .explicit(let pads): return pads
    case .same:
      func total(_ size: Int, _ kernel: Int, _ stride: Int) -> Int {
        max((ceilDivide(size, stride) - 1) * stride + kernel - size, 0)
      }
      let vertical = total(height, kernel.height, stride.height)
      let horizontal = total(width, kernel.width, stride.width)
      return Pads(
        top: vertical / 2, left: horizontal / 2, bottom: vertical - vertical / 2, right: horizontal - horizontal / 2)
    }
  }

  /// Positions of the window on an image of a size, floor((size + padding - kernel) / stride) + 1 along each axis.
  /// - Parameter roundsUp: ceil instead, as long as the last position begins in the image or before it; PyTorch's
  ///   `ceil_mode`.
  /// - Returns: nil where the window is larger than the padded image.
  public func positions(height: Int, width: Int, roundsUp: Bool = false) -> Extent? {
    let pads = pads(height: height, width: width)
    func count(_ size: Int, _ before: Int, _ padded: Int, _ kernel: Int, _ stride: Int) -> Int? {
      guard padded >= kernel else { return nil }
      guard roundsUp else { return (padded - kernel) / stride + 1 }
      let count = ceilDivide(padded - kernel, stride) + 1
      return (count - 1) * stride >= size + before ? count - 1 : count
    }
    let rows = count(height, pads.top, height + pads.vertical, kernel.height, stride.height)
    let columns = count(width, pads.left, width + pads.horizontal, kernel.width, stride.width)
    guard let rows, let columns else { return nil }
    return Extent(rows, columns)
  }

  /// The size of the image on which this window has `positions` positions: what a transposed convolution makes of them.
  /// `same` gives positions * stride, as TensorFlow does, the others (positions - 1) * stride + kernel - padding + extra.
  /// - Parameter extra: rows and columns at the end that the window does not reach, fewer than a step: PyTorch's
  ///   `output_padding`.
  /// - Returns: nil where nothing is left between the paddings.
  public func transposedSize(positions: Extent, extra: Extent = 0) -> Extent? {
    var pads = Pads(top: 0, left: 0, bottom: 0, right: 0)
    switch padding {
    case .same: return Extent(positions.height * stride.height, positions.width * stride.width)
    case .valid: break
    case .explicit(let given): pads = given
    }
    let height = (positions.height - 1) * stride.height + kernel.height - pads.vertical + extra.height
    let width = (positions.width - 1) * stride.width + kernel.width - pads.horizontal + extra.width
    return height > 0 && width > 0 ? Extent(height, width) : nil
  }
}
