// What can be said of a set of pictures in three figures: whether they show anything, whether each shows something else,
// and whether their colours are those of a photo.

/// Deviation and distance are in units of values in [-1, 1].
package struct PictureSpread: Equatable, Sendable {
  /// Within a picture: the mean over the pictures of the root-mean-square deviation from the picture's mean colour. Near 0
  /// for plain pictures, of whatever colour.
  package var deviation: Float = 0
  /// Between pictures: the mean over all pairs of the root-mean-square difference; 0 for fewer than two pictures.
  package var distance: Float = 0
  /// The share of values beyond ±`limit`: black, white and glaring colours. A generator whose tanh is driven to its ends
  /// has many, photos have few.
  package var clipped: Float = 0
  static let limit: Float = 0.95

  package init(deviation: Float, distance: Float, clipped: Float = 0) {
    self.deviation = deviation
    self.distance = distance
    self.clipped = clipped
  }

  /// - Parameter pictures: [count, height, width, 3], values in [-1, 1].
  package init(_ pictures: [Float], count: Int) {
    guard count > 0 else { return }
    let size = pictures.count / count
    clipped = Float(pictures.reduce(0) { abs($1) > Self.limit ? $0 + 1 : $0 }) / Float(pictures.count)
    deviation = Float(
      (0..<count).reduce(0) { $0 + Self.deviation(pictures[$1 * size..<($1 + 1) * size]) } / Double(count))
    guard count > 1 else { return }
    var total = 0.0
    pictures.withUnsafeBufferPointer { pictures in
      for i in 1..<count {
        for j in 0..<i {
          var sum: Float = 0
          for p in 0..<size {
            let difference = pictures[i * size + p] - pictures[j * size + p]
            sum += difference * difference
          }
          total += Double(sum / Float(size)).squareRoot()
        }
      }
    }
    distance = Float(total / Double(count * (count - 1) / 2))
  }

  private static func deviation(_ picture: ArraySlice<Float>) -> Double {
    let pixels = picture.count / 3
    var squares = 0.0
    for channel in 0..<3 {
      let values = stride(from: picture.startIndex + channel, to: picture.endIndex, by: 3).map { Double(picture[$0]) }
      let mean = values.reduce(0, +) / Double(pixels)
      squares += values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    }
    return (squares / Double(picture.count)).squareRoot()
  }
}
