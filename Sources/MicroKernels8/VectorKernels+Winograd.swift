import MicroKernels

// The transforms for either list of points: two pairs for three taps, three pairs for five.

extension VectorKernels {
  @inline(never)
  public static func inputTransform(
    pairs: Int, rowPoints: Range<Int>, columnPoints: Range<Int>, coefficients: UnsafePointer<Float>, tiles: Int,
    pixels: UnsafePointer<UnsafeMutablePointer<Float>>, channel: Int, destination: UnsafeMutablePointer<Float>,
    offsets: UnsafePointer<Int>
  ) {
    if pairs == 2 {
      Basis<2, 3, 5, 6>(c: coefficients).inputTransform(
        rowPoints, columnPoints, tiles, pixels, channel, destination, offsets)
    } else {
      Basis<3, 4, 7, 8>(c: coefficients).inputTransform(
        rowPoints, columnPoints, tiles, pixels, channel, destination, offsets)
    }
  }

  @inline(never)
  public static func outputTransform(
    pairs: Int, rowPoints: Range<Int>, columnPoints: Range<Int>, coefficients: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, tiles: Int, source: UnsafePointer<Float>, offsets: UnsafePointer<Int>,
    pixels: UnsafePointer<UnsafeMutablePointer<Float>>, channel: Int, bias: UnsafePointer<Float>?, slope: Float,
    streams: Bool
  ) {
    if pairs == 2 {
      Basis<2, 3, 5, 6>(c: coefficients).outputTransform(
        rowPoints, columnPoints, scratch, tiles, source, offsets, pixels, channel, bias, slope, streams)
    } else {
      Basis<3, 4, 7, 8>(c: coefficients).outputTransform(
        rowPoints, columnPoints, scratch, tiles, source, offsets, pixels, channel, bias, slope, streams)
    }
  }

  @inline(never)
  public static func outputGradientTransform(
    pairs: Int, rowPoints: Range<Int>, columnPoints: Range<Int>, coefficients: UnsafePointer<Float>, tiles: Int,
    pixels: UnsafePointer<UnsafeMutablePointer<Float>>, channel: Int, destination: UnsafeMutablePointer<Float>,
    offsets: UnsafePointer<Int>
  ) {
    if pairs == 2 {
      Basis<2, 3, 5, 6>(c: coefficients).outputGradientTransform(
        rowPoints, columnPoints, tiles, pixels, channel, destination, offsets)
    } else {
      Basis<3, 4, 7, 8>(c: coefficients).outputGradientTransform(
        rowPoints, columnPoints, tiles, pixels, channel, destination, offsets)
    }
  }

  @inline(never)
  public static func filterTransform(
    pairs: Int, rowTaps: Int, columnTaps: Int, rowPoints: Range<Int>, columnPoints: Range<Int>,
    coefficients: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>, count: Int, source: UnsafePointer<Float>,
    step: Int, rowStride: Int,
    columnStride: Int, destination: UnsafeMutablePointer<Float>, offsets: UnsafePointer<Int>, streams: Bool
  ) {
    if pairs == 2 {
      Basis<2, 3, 5, 6>(c: coefficients).filterTransform(
        rowTaps, columnTaps, rowPoints, columnPoints, scratch, count, source, step, rowStride, columnStride,
        destination, offsets, streams)
    } else {
      Basis<3, 4, 7, 8>(c: coefficients).filterTransform(
        rowTaps, columnTaps, rowPoints, columnPoints, scratch, count, source, step, rowStride, columnStride,
        destination, offsets, streams)
    }
  }

  @inline(never)
  public static func filterGradientTransform(
    pairs: Int, rowTaps: Int, columnTaps: Int, rowPoints: Range<Int>, columnPoints: Range<Int>,
    coefficients: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>, count: Int, source: UnsafePointer<Float>,
    offsets: UnsafePointer<Int>,
    destination: UnsafeMutablePointer<Float>, step: Int, rowStride: Int, columnStride: Int, stores: TileStores
  ) {
    if pairs == 2 {
      Basis<2, 3, 5, 6>(c: coefficients).filterGradientTransform(
        rowTaps, columnTaps, rowPoints, columnPoints, scratch, count, source, offsets, destination, step, rowStride,
        columnStride, stores)
    } else {
      Basis<3, 4, 7, 8>(c: coefficients).filterGradientTransform(
        rowTaps, columnTaps, rowPoints, columnPoints, scratch, count, source, offsets, destination, step, rowStride,
        columnStride, stores)
    }
  }

  @inline(never)
  public static func filterRowTransform(
    pairs: Int, rows: Int, rowTaps: Int, columnTaps: Int, rowPoints: Range<Int>, columnPoints: Range<Int>,
    coefficients: UnsafePointer<Float>, count: Int, source: UnsafePointer<Float>, step: Int, rowStride: Int,
    columnStride: Int,
    destination: UnsafeMutablePointer<Float>, pointStride: Int
  ) {
    if pairs == 2 {
      Basis<2, 3, 5, 6>(c: coefficients).filterRowTransform(
        rows, rowTaps, columnTaps, rowPoints, columnPoints, count, source, step, rowStride, columnStride, destination,
        pointStride)
    } else {
      Basis<3, 4, 7, 8>(c: coefficients).filterRowTransform(
        rows, rowTaps, columnTaps, rowPoints, columnPoints, count, source, step, rowStride, columnStride, destination,
        pointStride)
    }
  }

  @inline(never)
  public static func filterRowProduct(
    rowTaps: Int, columnPoints: Int, coefficients: UnsafePointer<Float>, _ row: RowProduct
  ) {
    Basis<2, 3, 5, 6>(c: coefficients).filterRowProduct(rowTaps, columnPoints, row)
  }
}
