/// Sizes of a channels-last array: images, height, width, channels, the channel fastest.
public struct Shape: Hashable, Sendable, CustomStringConvertible {
  /// Images.
  public var n: Int
  /// Rows.
  public var h: Int
  /// Columns.
  public var w: Int
  /// Channels.
  public var c: Int

  /// In the order of memory, channels fastest.
  public init(n: Int, h: Int, w: Int, c: Int) {
    precondition(n > 0 && h > 0 && w > 0 && c > 0, "shape [\(n), \(h), \(w), \(c)] is empty")
    self.n = n
    self.h = h
    self.w = w
    self.c = c
  }

  /// Floats of all images.
  public var count: Int { n * h * w * c }

  /// Positions that share one set of channels.
  public var rows: Int { n * h * w }

  /// Elements of one image.
  public var elements: Int { h * w * c }

  /// The same image, another number of times.
  public func with(n: Int) -> Shape { Shape(n: n, h: h, w: w, c: c) }

  public var description: String { "[\(n), \(h), \(w), \(c)]" }
}
