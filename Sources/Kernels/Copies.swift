// Sums and copies of whole tensors and of columns of them.

extension Context {
  /// sum += factor * addend, `count` floats.
  public func add(
    _ addend: UnsafePointer<Float>, times factor: Float = 1, to sum: UnsafeMutablePointer<Float>, count: Int
  ) {
    let kernels = self.kernels
    parallelElements(count) { range in
      kernels.addScaled(addend + range.lowerBound, sum + range.lowerBound, range.count, factor: factor)
    }
  }

  /// Copies the first `count` floats of each of `rows` rows, which begin `step` floats apart, between memory that does not
  /// overlap.
  public func copyRows(
    _ source: UnsafePointer<Float>, rows: Int, count: Int, step sourceStep: Int,
    to target: UnsafeMutablePointer<Float>, step targetStep: Int
  ) {
    let cut = RowCut(rows: rows, channels: count, elements: taskElements)
    parallel(cut.parts) { part in
      for row in cut.range(part) { (target + row * targetStep).update(from: source + row * sourceStep, count: count) }
    }
  }

  /// target [images, columns, rows] = source [images, rows, columns], each image transposed. The two do not overlap.
  private func transpose(
    _ source: UnsafePointer<Float>, images: Int, rows: Int, columns: Int, into target: UnsafeMutablePointer<Float>
  ) {
    // Sixteen rows fill a cache line of the target before it is left.
    let block = 16
    let blocks = ceilDivide(rows, block)
    parallel(images * blocks) { task in
      let (image, first) = (task / blocks * rows * columns, task % blocks * block)
      for column in 0..<columns {
        for row in first..<min(first + block, rows) {
          target[image + column * rows + row] = source[image + row * columns + column]
        }
      }
    }
  }

  /// The elements of images [images, pixels, channels], counted channel by channel, as images of another number of pixels
  /// and channels. Source and target do not overlap.
  public func reorder(
    _ source: UnsafePointer<Float>, pixels: Int, channels: Int, into target: UnsafeMutablePointer<Float>,
    pixels targetPixels: Int, channels targetChannels: Int, images: Int
  ) {
    let count = images * pixels * channels
    // Of one pixel or channel, elements are in that order already.
    var planar = source
    let isTargetPlanar = targetPixels == 1 || targetChannels == 1
    if pixels > 1 && channels > 1 {
      let place = isTargetPlanar ? target : scratch("reorder", count)
      transpose(source, images: images, rows: pixels, columns: channels, into: place)
      planar = UnsafePointer(place)
      if isTargetPlanar { return }
    }
    if isTargetPlanar {
      target.update(from: planar, count: count)
    } else {
      transpose(planar, images: images, rows: targetChannels, columns: targetPixels, into: target)
    }
  }
}
