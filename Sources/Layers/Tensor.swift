import Kernels

/// A typed view of a run of a buffer. Copies of a tensor are views of the same memory.
///
/// A tensor may come with a map, through which its values are to be read: only layers whose `readsMaps` is true get one.
public struct Tensor {
  /// [n, h, w, c], channels fastest.
  public let shape: Shape
  /// What holds the floats, perhaps of other tensors too.
  public let buffer: Buffer
  /// Where in the buffer this tensor begins, in floats.
  public let offset: Int
  /// What its values are to be read through; nil where they are what they are.
  public private(set) var map: ChannelMap?

  /// A new tensor of unspecified contents.
  public init(_ shape: Shape) { self.init(shape, buffer: Buffer(count: shape.count)) }

  /// A tensor of its own, holding `values` in the order of memory.
  public init(_ shape: Shape, values: [Float]) {
    precondition(values.count == shape.count, "\(values.count) values for shape \(shape)")
    self.init(shape, buffer: Buffer(values))
  }

  /// A view of a part of a buffer.
  public init(_ shape: Shape, buffer: Buffer, offset: Int = 0) {
    precondition(
      offset >= 0 && offset + shape.count <= buffer.count,
      "shape \(shape) at \(offset) does not fit a buffer of \(buffer.count)")
    self.shape = shape
    self.buffer = buffer
    self.offset = offset
  }

  /// The first float.
  public var pointer: UnsafeMutablePointer<Float> { buffer.pointer + offset }
  /// Floats of the tensor.
  public var count: Int { shape.count }
  /// A copy of the floats.
  public var array: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

  /// The same memory under another shape of as many elements.
  public func reshaped(_ shape: Shape) -> Tensor {
    precondition(shape.count == self.shape.count, "cannot view \(self.shape) as \(shape)")
    return Tensor(shape, buffer: buffer, offset: offset)
  }

  /// A view of some of the images.
  public func images(_ range: Range<Int>) -> Tensor {
    precondition(range.lowerBound >= 0 && range.upperBound <= shape.n, "images \(range) of \(shape)")
    let first = range.lowerBound * shape.elements
    var tensor = Tensor(shape.with(n: range.count), buffer: buffer, offset: offset + first)
    tensor.map = map?.slice(first..<range.upperBound * shape.elements)
    return tensor
  }

  /// The same memory, to be read through a map.
  func mapped(_ map: ChannelMap) -> Tensor {
    var tensor = self
    tensor.map = map
    return tensor
  }

  /// Overwrites this tensor with another of the same shape.
  public func copy(from other: Tensor) {
    precondition(other.shape == shape, "cannot copy \(other.shape) to \(shape)")
    if pointer != other.pointer { pointer.update(from: other.pointer, count: count) }
  }
}
