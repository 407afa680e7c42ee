// Features that pictures are compared by: those of an untrained network with fixed weights.

import Kernels
import Random

/// Four convolutions with fixed random weights, and the picture's colours.
///
/// Pictures in [-1, 1] go through convolutions of 5x5 and stride 2 to 16, 32, 64 and 128 channels, each followed by a
/// leaky ReLU of slope 0.2, without biases. The weights are normal with variance 2 / (25 x input channels) (He et al. 2015),
/// drawn in memory order [kh, kw, in, out], layer by layer, from SplitMix64 with the seed below; then each filter's mean over
/// its 25 taps is taken from it, channel by channel, so that it answers to edges and textures and not to brightness. A
/// picture's features are
/// - the mean colour of each of 4x4 parts of it, and the standard deviation of each colour: 51 numbers;
/// - the mean and the standard deviation over the pixels of every channel of every layer: 480 numbers.
///
/// They see colour, contrast and structure from edges up to some sixty pixels wide, and know nothing of cats. Distances in
/// them rank pictures of one kind by sharpness, texture and variety; they are no FID, which needs a network that has learned
/// what pictures show.
final class RandomFeatures {
  static let seed: UInt64 = 2019
  static let channels = [16, 32, 64, 128]
  private static let kernel = 5
  private static let slope: Float = 0.2
  /// Pictures that are computed at once; the last ones are filled up, so that none depends on how many there are.
  private static let batch = 50

  private static let parts = 4

  static let dimension = 3 * parts * parts + 3 + 2 * channels.reduce(0, +)

  private let size: Int
  private let context: Context
  private let convolutions: [Convolution]
  private let filters: [Buffer]

  /// - Parameter size: side of the pictures in pixels, at least 16.
  init(size: Int, _ context: Context) {
    self.size = size
    self.context = context
    var random = RandomGenerator(seed: RandomFeatures.seed)
    var convolutions: [Convolution] = []
    var filters: [Buffer] = []
    var (side, inputs) = (size, 3)
    for outputs in RandomFeatures.channels {
      let shape = ConvShape.same(
        batch: RandomFeatures.batch, height: side, width: side, inputChannels: inputs, outputChannels: outputs,
        kernel: RandomFeatures.kernel, stride: 2)
      let filter = Buffer(count: shape.filterCount)
      let deviation = (2 / Double(RandomFeatures.kernel * RandomFeatures.kernel * inputs)).squareRoot()
      for i in 0..<filter.count { filter.pointer[i] = Float(deviation * random.normal()) }
      RandomFeatures.center(filter, filters: inputs * outputs)
      let convolution = Convolution(shape, context: context)
      convolution.filterChanged()
      convolutions.append(convolution)
      filters.append(filter)
      (side, inputs) = (shape.outputHeight, outputs)
    }
    self.convolutions = convolutions
    self.filters = filters
  }

  /// The features of each picture.
  /// - Parameter progress: called with the number of pictures done.
  func features(of pictures: PictureSet, progress: (Int) -> Void = { _ in }) -> FeatureTable {
    precondition(pictures.size == size, "pictures of \(pictures.size) where \(size) is expected")
    let batch = RandomFeatures.batch
    let largest = convolutions.map(\.shape.outputCount).max()!
    let values = (0..<256).map { Float($0) / 127.5 - 1 }
    let input = Buffer(count: convolutions[0].shape.inputCount)
    let layers = [Buffer(count: largest), Buffer(count: largest)]
    var table = [Float](repeating: 0, count: pictures.count * RandomFeatures.dimension)
    for first in stride(from: 0, to: pictures.count, by: batch) {
      let count = min(batch, pictures.count - first)
      input.fill(0)
      for i in 0..<count * pictures.bytes {
        input.pointer[i] = values[Int(pictures.pixels[first * pictures.bytes + i])]
      }
      for n in 0..<count {
        let colours = colours(input.pointer + n * pictures.bytes)
        let start = (first + n) * RandomFeatures.dimension
        table.replaceSubrange(start..<start + colours.count, with: colours)
      }
      var source = input
      var column = 3 * RandomFeatures.parts * RandomFeatures.parts + 3
      for (i, convolution) in convolutions.enumerated() {
        let output = layers[i % 2]
        let (shape, channels) = (convolution.shape, convolution.shape.outputChannels)
        let pixels = shape.outputHeight * shape.outputWidth
        convolution.forward(input: source.pointer, filter: filters[i].pointer, output: output.pointer)
        context.applyBias(
          nil, .leakyReLU(slope: RandomFeatures.slope), to: output.pointer, rows: batch * pixels, channels: channels)
        for n in 0..<count {
          let moments = RandomFeatures.moments(output.pointer + n * pixels * channels, pixels: pixels, channels)
          let start = (first + n) * RandomFeatures.dimension + column
          table.replaceSubrange(start..<start + 2 * channels, with: moments)
        }
        source = output
        column += 2 * channels
      }
      progress(first + count)
    }
    return FeatureTable(dimension: RandomFeatures.dimension, values: table)
  }

  /// Takes each filter's mean over its taps from it; memory is [taps, filters].
  private static func center(_ buffer: Buffer, filters: Int) {
    let taps = buffer.count / filters
    for i in 0..<filters {
      let sum = (0..<taps).reduce(0.0) { $0 + Double(buffer.pointer[$1 * filters + i]) }
      for tap in 0..<taps { buffer.pointer[tap * filters + i] -= Float(sum / Double(taps)) }
    }
  }

  /// Mean colours of the parts of a picture [size, size, 3], row by row, then the deviations of the whole.
  private func colours(_ picture: UnsafePointer<Float>) -> [Float] {
    let parts = RandomFeatures.parts
    var result: [Float] = []
    for y in 0..<parts {
      for x in 0..<parts {
        let (rows, columns) = (y * size / parts..<(y + 1) * size / parts, x * size / parts..<(x + 1) * size / parts)
        for c in 0..<3 {
          var sum = 0.0
          for i in rows {
            for j in columns { sum += Double(picture[(i * size + j) * 3 + c]) }
          }
          result.append(Float(sum / Double(rows.count * columns.count)))
        }
      }
    }
    return result + RandomFeatures.moments(picture, pixels: size * size, 3).dropFirst(3)
  }

  /// Means, then standard deviations, of each channel of [pixels, channels].
  private static func moments(_ data: UnsafePointer<Float>, pixels: Int, _ channels: Int) -> [Float] {
    var sums = [Double](repeating: 0, count: channels)
    var squares = sums
    for p in 0..<pixels {
      for c in 0..<channels {
        let value = Double(data[p * channels + c])
        sums[c] += value
        squares[c] += value * value
      }
    }
    let means = sums.map { $0 / Double(pixels) }
    let deviations = zip(squares, means).map { max(0, $0 / Double(pixels) - $1 * $1).squareRoot() }
    return means.map { Float($0) } + deviations.map { Float($0) }
  }
}
