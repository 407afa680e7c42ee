/// Rows of an image of a tensor [n, height, width, channels] with zeros around it.
struct PaddedRows {
  let height: Int
  let width: Int
  let channels: Int
  /// Columns of zeros before the image's.
  let left: Int
  /// Columns of a row, with those of zeros.
  let columns: Int

  var rowFloats: Int { columns * channels }

  /// Overwrites `target` with rows of image `image`, mapped; zero where they are outside.
  func copy(
    _ tensor: MappedTensor, image: Int, rows: Range<Int>, into target: UnsafeMutablePointer<Float>, _ context: Context
  ) {
    let kernels = context.kernels(channels: channels)
    let inside = max(0, min(width, columns - left)) * channels
    let (before, behind) = (left * channels, rowFloats - left * channels - inside)
    var row = target
    for y in rows {
      if y < 0 || y >= height || inside == 0 {
        row.update(repeating: 0, count: rowFloats)
      } else {
        row.update(repeating: 0, count: before)
        let first = (image * height + y) * width * channels
        if let map = tensor.map {
          map.forEachPart(first..<first + inside) { part, elements in
            kernels.affineLeaky(
              tensor.data + elements.lowerBound, row + before + elements.lowerBound - first,
              rows: elements.count / channels, channels: channels, scale: map.scale(part), shift: map.shift(part),
              slope: map.slope, streams: false)
          }
        } else {
          (row + before).update(from: tensor.data + first, count: inside)
        }
        (row + before + inside).update(repeating: 0, count: behind)
      }
      row += rowFloats
    }
  }
}
