/// Many small pictures side by side in one, left to right and top to bottom, without gaps; cells left over keep the background.
public struct Grid: Sendable {
  public let columns: Int
  public let rows: Int
  /// Sides of one cell in pixels.
  public let cellWidth: Int
  public let cellHeight: Int
  public private(set) var picture: Picture

  /// Canvas sizes above this are refused: a gigabyte of pixels is a typing mistake and no picture.
  static let largestByteCount = 1 << 30

  /// - Throws: `PictureError` where the canvas would hold more than a gigabyte.
  public static func check(columns: Int, rows: Int, cellWidth: Int, cellHeight: Int) throws(PictureError) {
    precondition(columns > 0 && rows > 0 && cellWidth > 0 && cellHeight > 0)
    let (width, wide) = columns.multipliedReportingOverflow(by: cellWidth)
    let (height, high) = rows.multipliedReportingOverflow(by: cellHeight)
    let (area, large) = width.multipliedReportingOverflow(by: height)
    guard !wide && !high && !large && area <= Grid.largestByteCount / 3 else {
      throw PictureError(
        "a grid of \(columns)x\(rows) pictures of \(cellWidth)x\(cellHeight) pixels is too large for one picture: "
          + "at most 357 million pixels fit")
    }
  }

  /// - Parameter background: the gray level of cells that nothing is placed in.
  /// - Throws: `PictureError` where the canvas would hold more than a gigabyte.
  public init(
    columns: Int, rows: Int, cellWidth: Int, cellHeight: Int, background: UInt8 = 0
  ) throws(PictureError) {
    try Grid.check(columns: columns, rows: rows, cellWidth: cellWidth, cellHeight: cellHeight)
    self.columns = columns
    self.rows = rows
    self.cellWidth = cellWidth
    self.cellHeight = cellHeight
    let (width, height) = (columns * cellWidth, rows * cellHeight)
    picture = Picture(width: width, height: height, pixels: [UInt8](repeating: background, count: width * height * 3))
  }

  /// The grid nearest to a square, never taller than wide, that holds `count` cells: 1x1, 2x1, 2x2, 3x2, 3x3, ...
  public static func sides(for count: Int) -> (columns: Int, rows: Int) {
    precondition(count > 0)
    var columns = 1
    while columns * columns < count { columns += 1 }
    return (columns, (count + columns - 1) / columns)
  }

  /// Copies a picture's pixels, [cellHeight, cellWidth, 3], into cell `index`.
  public mutating func place(_ pixels: some Collection<UInt8>, at index: Int) {
    precondition((0..<columns * rows).contains(index) && pixels.count == cellWidth * cellHeight * 3)
    let origin = (index / columns * cellHeight * columns + index % columns) * cellWidth * 3
    var source = pixels.startIndex
    for row in 0..<cellHeight {
      let start = origin + row * columns * cellWidth * 3
      let next = pixels.index(source, offsetBy: cellWidth * 3)
      picture.pixels.replaceSubrange(start..<start + cellWidth * 3, with: pixels[source..<next])
      source = next
    }
  }
}
