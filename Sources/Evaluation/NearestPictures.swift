// The most similar picture of a data set for each sample: shows whether a generator memorised pictures.

import Kernels

/// The picture of a data set that is closest to a given one.
public struct NearestPicture: Equatable, Sendable {
  /// Its index in the data set.
  public var index: Int
  /// Whether it is its mirror image that is so close.
  public var isMirrored: Bool
  /// Root mean square of the differences, with values in [-1, 1].
  public var distance: Double
}

/// A data set to search. The search is exact: a matrix product gives the distances of reduced pictures, which are never
/// larger than those of the pictures themselves, and only pictures that could be nearer than the nearest so far are
/// looked at whole.
final class NearestPictures {
  /// Pictures that are searched for at once, each also mirrored.
  private static let block = 64
  /// Largest side of the reduced pictures: their product is then 4% of what whole pictures of 64x64 would take.
  private static let largestSide = 16
  /// Largest error of a reduced distance, as a share of the sum of both squared lengths: twice the 768 roundings of its
  /// products' sum, had they all one sign.
  private static let slack: Float = 1e-4

  private let data: PictureSet
  private let context: Context
  private let reduction: Reduction
  private let products: Convolution
  /// The reduced pictures as a matrix [reduction.dimension, count], and their squared lengths.
  private let columns: Buffer
  private let lengths: Buffer

  init(_ data: PictureSet, _ context: Context) {
    self.data = data
    self.context = context
    let reduction = Reduction(data, largestSide: NearestPictures.largestSide)
    let (count, d) = (data.count, reduction.dimension)
    self.reduction = reduction
    products = Convolution(
      .same(
        batch: 1, height: 1, width: 2 * NearestPictures.block, inputChannels: d, outputChannels: count, kernel: 1,
        stride: 1), context: context)
    columns = Buffer(count: count * d)
    lengths = Buffer(count: count)
    var row = [Float](repeating: 0, count: d)
    for i in 0..<count {
      reduction.reduce(data.pixels[i * data.bytes..<(i + 1) * data.bytes], into: &row)
      for k in 0..<d { columns.pointer[k * count + i] = row[k] }
      lengths.pointer[i] = row.reduce(0) { $0 + $1 * $1 }
    }
    products.filterChanged()
  }

  /// The closest picture to each of `pictures`; of several at one distance the first, and not mirrored before mirrored.
  /// - Parameters:
  ///   - excluding: for each of them the index of a picture that does not count, such as itself; nil for none.
  ///   - progress: called now and then with the number of pictures done.
  func search(
    _ pictures: PictureSet, excluding: [Int]? = nil, progress: (Int) -> Void = { _ in }
  ) -> [NearestPicture] {
    precondition(pictures.size == data.size && (excluding == nil || excluding!.count == pictures.count))
    let d = reduction.dimension
    let input = Buffer(count: 2 * NearestPictures.block * d)
    let output = Buffer(count: 2 * NearestPictures.block * data.count)
    input.fill(0)
    var row = [Float](repeating: 0, count: d)
    var found: [NearestPicture] = []
    for first in stride(from: 0, to: pictures.count, by: NearestPictures.block) {
      let count = min(NearestPictures.block, pictures.count - first)
      let looks = (0..<count).map { i in
        PictureSet(
          pixels: pictures.picture(first + i) + pictures.picture(first + i, mirrored: true), size: pictures.size)
      }
      var rowLengths: [Float] = []
      for i in 0..<2 * count {
        let look = looks[i / 2]
        reduction.reduce(look.pixels[i % 2 * look.bytes..<(i % 2 + 1) * look.bytes], into: &row)
        (input.pointer + i * d).update(from: row, count: d)
        rowLengths.append(row.reduce(0) { $0 + $1 * $1 })
      }
      products.forward(input: input.pointer, filter: columns.pointer, output: output.pointer)
      found += [NearestPicture](unsafeUninitializedCapacity: count) { buffer, initialized in
        nonisolated(unsafe) let places = buffer.baseAddress!
        context.parallel(count) { i in
          let nearest = nearest(
            to: looks[i], lengths: Array(rowLengths[2 * i...2 * i + 1]),
            products: output.pointer + 2 * i * data.count, excluding: excluding?[first + i])
          (places + i).initialize(to: nearest)
        }
        initialized = count
      }
      progress(first + count)
    }
    return found
  }

  /// - Parameters:
  ///   - looks: the picture and its mirror image.
  ///   - ofLooks: the squared lengths of their reductions.
  ///   - products: [2, count], of both reductions with those of the data set.
  private func nearest(
    to looks: PictureSet, lengths ofLooks: [Float], products: UnsafePointer<Float>, excluding: Int?
  ) -> NearestPicture {
    let count = data.count
    /// A squared distance that the whole pictures do not come below.
    func bound(_ look: Int, _ index: Int) -> Float {
      let sum = ofLooks[look] + lengths.pointer[index]
      return sum - 2 * products[look * count + index] - NearestPictures.slack * sum
    }
    // The most promising one first: then few others are worth a look.
    var promising = (look: 0, index: 0, bound: Float.infinity)
    for look in 0..<2 {
      for index in 0..<count where index != excluding && bound(look, index) < promising.bound {
        promising = (look, index, bound(look, index))
      }
    }
    func squares(_ look: Int, _ index: Int) -> Int { looks.squaredDifference(look, data, index) }
    var best = (look: promising.look, index: promising.index, squares: squares(promising.look, promising.index))
    for look in 0..<2 {
      for index in 0..<count where index != excluding && bound(look, index) <= Float(best.squares) {
        let found = squares(look, index)
        if (found, index, look) < (best.squares, best.index, best.look) { best = (look, index, found) }
      }
    }
    return NearestPicture(
      index: best.index, isMirrored: best.look == 1, distance: data.distance(squares: best.squares))
  }
}

/// Means over squares of pixels, scaled so that the distance of two reductions is at most that of the pictures, and
/// taken from the data set's own mean, which makes products smaller and so more exact.
private struct Reduction {
  private let size: Int
  private let side: Int
  private var mean: [Float] = []

  var dimension: Int { side * side * 3 }

  init(_ data: PictureSet, largestSide: Int) {
    size = data.size
    side = (1...largestSide).last { data.size % $0 == 0 }!
    var sums = [Double](repeating: 0, count: dimension)
    var row = [Float](repeating: 0, count: dimension)
    mean = row
    for i in 0..<data.count {
      reduce(data.pixels[i * data.bytes..<(i + 1) * data.bytes], into: &row)
      for k in row.indices { sums[k] += Double(row[k]) }
    }
    mean = sums.map { Float($0 / Double(data.count)) }
  }

  /// Overwrites `row` [side, side, 3] with the reduction of `picture` [size, size, 3].
  func reduce(_ picture: ArraySlice<UInt8>, into row: inout [Float]) {
    let cell = size / side
    picture.withUnsafeBufferPointer { pixels in
      for y in 0..<side {
        for x in 0..<side {
          for c in 0..<3 {
            var sum = 0
            for i in y * cell..<(y + 1) * cell {
              for j in x * cell..<(x + 1) * cell { sum += Int(pixels[(i * size + j) * 3 + c]) }
            }
            let k = (y * side + x) * 3 + c
            row[k] = Float(sum) / Float(cell) - mean[k]
          }
        }
      }
    }
  }
}
