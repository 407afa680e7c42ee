/// The tiles of one tensor plane, and how a window of pixels moves with them.
struct TileGrid {
  var batch: Int
  var rows: Int
  var columns: Int

  var count: Int { batch * rows * columns }

  func position(_ tile: Int) -> (n: Int, row: Int, column: Int) {
    (tile / (rows * columns), tile / columns % rows, tile % columns)
  }

  /// The images that tiles are of.
  func images(_ tiles: Range<Int>) -> Range<Int> {
    position(tiles.lowerBound).n..<position(tiles.upperBound - 1).n + 1
  }
}

/// A channels-last tensor whose pixels are read or written in windows with a step between pixels.
struct WindowedTensor {
  var height: Int
  var width: Int
  var channels: Int
  /// The image at the address that it is read from, and where that is not all of it, its first row.
  var firstImage = 0
  var firstRow = 0

  var imageElements: Int { height * width * channels }

  /// A window of rows x columns pixels whose first is (y, x), `step` apart.
  struct Window {
    var n: Int
    var y: Int
    var x: Int
    var step: Int
    var rows: Int
    var columns: Int
  }

  /// The address of each pixel, row by row; `outside` for those beyond the edges.
  @inline(__always)
  func addresses(
    _ w: Window, _ data: UnsafeMutablePointer<Float>, outside: UnsafeMutablePointer<Float>,
    _ result: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
  ) {
    var row = result
    let reaches = w.x >= 0 && w.x + (w.columns - 1) * w.step < width
    for r in 0..<w.rows {
      let y = w.y + r * w.step
      let first = data + (((w.n - firstImage) * height + y - firstRow) * width + w.x) * channels
      if y < 0 || y >= height {
        for c in 0..<w.columns { row[c] = outside }
      } else if reaches {
        for c in 0..<w.columns { row[c] = first + c * w.step * channels }
      } else {
        for c in 0..<w.columns {
          let x = w.x + c * w.step
          row[c] = x >= 0 && x < width ? first + c * w.step * channels : outside
        }
      }
      row += w.columns
    }
  }
}

/// Where the windows of tiles lie in a tensor.
struct TileWindows {
  let tiles: TileGrid
  var tensor: WindowedTensor
  /// Windows of each tile.
  let phases: Int
  let window: (_ tile: Int, _ phase: Int) -> WindowedTensor.Window

  /// The images and rows that the windows of some tiles reach into.
  private func rows(_ range: Range<Int>) -> (images: Range<Int>, rows: Range<Int>) {
    let images = tiles.images(range)
    guard images.count == 1 else { return (images, 0..<tensor.height) }
    let phases = 0..<phases
    let top = phases.map { window(range.lowerBound, $0).y }.min()!
    let bottom = phases.map { phase in
      let last = window(range.upperBound - 1, phase)
      return last.y + (last.rows - 1) * last.step + 1
    }.max()!
    // All of a window may be padding.
    let first = min(max(0, top), tensor.height)
    return (images, first..<max(first, min(tensor.height, bottom)))
  }

  /// Floats that `read` may need for these tiles.
  func copiedFloats(_ input: MappedTensor, _ range: Range<Int>) -> Int {
    if input.map == nil { return 0 }
    let (images, rows) = rows(range)
    return images.count * rows.count * tensor.width * tensor.channels
  }

  /// The windows of some tiles and where to read them: in the tensor, or mapped in `target`.
  func read(
    _ input: MappedTensor, _ range: Range<Int>, into target: UnsafeMutablePointer<Float>, _ context: Context
  ) -> (TileWindows, UnsafePointer<Float>) {
    if input.map == nil { return (self, input.data) }
    let (images, rows) = rows(range)
    let copied = PaddedRows(
      height: tensor.height, width: tensor.width, channels: tensor.channels, left: 0, columns: tensor.width)
    for image in images {
      copied.copy(
        input, image: image, rows: rows,
        into: target + (image - images.lowerBound) * rows.count * copied.rowFloats, context)
    }
    var copy = self
    (copy.tensor.firstImage, copy.tensor.firstRow) = (images.lowerBound, rows.lowerBound)
    return (copy, UnsafePointer(target))
  }
}
