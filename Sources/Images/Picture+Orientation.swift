// Turning a picture upright by its EXIF orientation.

extension Picture {
  /// The picture as it should be seen, given the EXIF orientation of how it is stored.
  ///
  /// The eight values are the symmetries of the rectangle: stored row 0 is at the top (1), top mirrored (2), bottom
  /// (3), bottom mirrored (4), left (5), right (6), right mirrored (7), left mirrored (8); from 5 on width and
  /// height swap.
  package func upright(orientation: Int) -> Picture {
    guard (2...8).contains(orientation) else { return self }
    let swaps = orientation >= 5
    let (w, h) = swaps ? (height, width) : (width, height)
    // Where output pixel (0,0) is in the input, and the input's steps per output column and row, in pixels.
    let last = (x: width - 1, y: height - 1)
    let (start, column, row): (Int, Int, Int) =
      switch orientation {
      case 2: (last.x, -1, width)
      case 3: (last.y * width + last.x, -1, -width)
      case 4: (last.y * width, 1, -width)
      case 5: (0, width, 1)
      case 6: (last.y * width, -width, 1)
      case 7: (last.y * width + last.x, -width, -1)
      default: (last.x, width, -1)
      }
    let turned = pixels.withUnsafeBufferPointer { input in
      [UInt8](unsafeUninitializedCapacity: pixels.count) { output, count in
        var to = 0
        for y in 0..<h {
          for x in 0..<w {
            let from = (start + y * row + x * column) * 3
            output[to] = input[from]
            output[to + 1] = input[from + 1]
            output[to + 2] = input[from + 2]
            to += 3
          }
        }
        count = to
      }
    }
    return Picture(width: w, height: h, pixels: turned)
  }
}
