import Kernels

/// Sizes of a channels-last array: pictures, height, width, channels, the channel fastest.
public struct Shape: Hashable, Sendable, CustomStringConvertible {
  public var n: Int
  public var h: Int
  public var w: Int
  public var c: Int

  public init(n: Int, h: Int, w: Int, c: Int) {
    precondition(n > 0 && h > 0 && w > 0 && c > 0, "shape [\(n), \(h), \(w), \(c)] is empty")
    self.n = n
    self.h = h
    self.w = w
    self.c = c
  }

  public var count: Int { n * h * w * c }

  /// Positions that share one set of channels.
  public var rows: Int { n * h * w }

  /// Elements of one picture.
  public var elements: Int { h * w * c }

  public func with(n: Int) -> Shape { Shape(n: n, h: h, w: w, c: c) }

  public var description: String { "[\(n), \(h), \(w), \(c)]" }
}

/// A typed view of a run of a buffer. Copies of a tensor are views of the same memory.
public struct Tensor {
  public let shape: Shape
  public let buffer: Buffer
  public let offset: Int

  /// A new tensor of unspecified contents.
  public init(_ shape: Shape) { self.init(shape, buffer: Buffer(count: shape.count)) }

  public init(_ shape: Shape, values: [Float]) {
    precondition(values.count == shape.count, "\(values.count) values for shape \(shape)")
    self.init(shape, buffer: Buffer(values))
  }

  public init(_ shape: Shape, buffer: Buffer, offset: Int = 0) {
    precondition(
      offset >= 0 && offset + shape.count <= buffer.count,
      "shape \(shape) at \(offset) does not fit a buffer of \(buffer.count)")
    self.shape = shape
    self.buffer = buffer
    self.offset = offset
  }

  public var pointer: UnsafeMutablePointer<Float> { buffer.pointer + offset }
  public var count: Int { shape.count }
  public var array: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

  /// The same memory under another shape of as many elements.
  public func reshaped(_ shape: Shape) -> Tensor {
    precondition(shape.count == self.shape.count, "cannot view \(self.shape) as \(shape)")
    return Tensor(shape, buffer: buffer, offset: offset)
  }

  /// A view of some of the pictures.
  public func pictures(_ range: Range<Int>) -> Tensor {
    precondition(range.lowerBound >= 0 && range.upperBound <= shape.n, "pictures \(range) of \(shape)")
    return Tensor(shape.with(n: range.count), buffer: buffer, offset: offset + range.lowerBound * shape.elements)
  }

  /// Overwrites this tensor with another of the same shape.
  public func copy(from other: Tensor) {
    precondition(other.shape == shape, "cannot copy \(other.shape) to \(shape)")
    pointer.update(from: other.pointer, count: count)
  }
}
