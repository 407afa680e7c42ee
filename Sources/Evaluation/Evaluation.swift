// How good a generator's pictures are, measured against the pictures that it learned from; nothing is downloaded.

import Images
import Kernels
import Random

/// Compares samples with a data set.
public final class Evaluation {
  public let figures: EvaluationFigures
  /// Of each sample, in all data.
  public let nearest: [NearestPicture]
  private let data: PictureSet
  private let samples: PictureSet

  /// Which real pictures are chosen for comparison depends on their number alone.
  private static let seed: UInt64 = 1
  /// Pictures of each kind that the distances of pairs are taken over.
  private static let pairLimit = 1000

  /// The most samples that can be compared with `pictures` real ones: as many reals and as many others again are needed.
  public static func largestCount(pictures: Int) -> Int { pictures / 2 }
  /// Fewer have no third neighbours, and no covariance to speak of.
  public static let smallestCount = 8

  /// Bytes that comparing `count` samples with `pictures` real ones takes, with the pictures themselves: bounds of what is
  /// alive at once.
  public static func bytesNeeded(pictures: Int, count: Int, size: Int) -> Int {
    let bytes = size * size * 3
    // Reduced pictures, as a matrix and as the kernels pack it, and a block of products.
    let search = pictures * 4 * (2 * 768 + 128)
    // Copies while sets are put together, features, and the distances of all to all.
    return 100_000_000 + pictures * bytes + search + count * (12 * bytes + 8 * 4096) + 2 * 4 * count * count
  }

  /// - Parameters:
  ///   - samples: `smallestCount` or more, of the data's size, at most `largestCount`.
  ///   - progress: called with what is being done, how much of it is done, and how much there is.
  public init(
    samples: PictureSet, data: PictureSet, context: Context,
    progress: (_ what: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
  ) {
    let count = samples.count
    precondition(count >= Evaluation.smallestCount && count <= Evaluation.largestCount(pictures: data.count))
    self.samples = samples
    self.data = data
    let others = Array(Evaluation.chosen(from: data, count: count)[count...])
    let sets = [Evaluation.reals(of: data, count: count), data.selected(others), samples]

    let network = RandomFeatures(size: data.size, context)
    var tables: [FeatureTable] = []
    for (i, set) in sets.enumerated() {
      tables.append(
        network.features(of: set) { progress("computing features", i * count + $0, sets.count * count) })
    }
    let scale = FeatureScale(tables[0])
    tables = tables.map(scale.apply)
    let moments = tables.map { FeatureMoments(scale.projected($0)) }
    let manifolds = tables.map { Manifold($0, context) }

    let search = NearestPictures(data, context)
    nearest = search.search(samples) { progress("searching the nearest pictures", $0, 2 * count) }
    let nearestReals = search.search(sets[1], excluding: others) {
      progress("searching the nearest pictures", count + $0, 2 * count)
    }
    let pairs = sets.map { Evaluation.pairs($0, context) }
    figures = EvaluationFigures(
      count: count, distance: ComparedFigure(moments[2].distance(to: moments[0]), moments[1].distance(to: moments[0])),
      precision: ComparedFigure(manifolds[0].share(of: tables[2], context), manifolds[0].share(of: tables[1], context)),
      recall: ComparedFigure(manifolds[2].share(of: tables[0], context), manifolds[1].share(of: tables[0], context)),
      variety: ComparedFigure(pairs[2].mean, pairs[1].mean),
      closestPair: ComparedFigure(pairs[2].smallest, pairs[1].smallest),
      closestSamples: pairs[2].closest,
      nearest: ComparedFigure(
        Evaluation.median(nearest.map(\.distance)), Evaluation.median(nearestReals.map(\.distance))),
      copies: ComparedFigure(
        Evaluation.copies(of: samples, nearest, data), Evaluation.copies(of: sets[1], nearestReals, data)))
  }

  /// The real pictures that `count` samples are compared with.
  public static func reals(of data: PictureSet, count: Int) -> PictureSet {
    data.selected(Array(chosen(from: data, count: count)[..<count]))
  }

  /// `count` pictures to compare with, and as many others to show what real pictures reach.
  private static func chosen(from data: PictureSet, count: Int) -> [Int] {
    RandomStreams(seed: seed).choice(of: 2 * count, from: data.count)
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  private static func copies(of pictures: PictureSet, _ nearest: [NearestPicture], _ data: PictureSet) -> Int {
    func likeness(_ pixels: [UInt8]) -> PictureLikeness {
      PictureLikeness(Picture(width: data.size, height: data.size, pixels: pixels))
    }
    return nearest.indices.count { i in
      let found = data.picture(nearest[i].index, mirrored: nearest[i].isMirrored)
      return likeness(pictures.picture(i)).isCopy(of: likeness(found), distance: PictureLikeness.copyDistance)
    }
  }

  private static func pairs(
    _ pictures: PictureSet, _ context: Context
  ) -> (mean: Double, smallest: Double, closest: [Int]) {
    let count = min(pictures.count, pairLimit)
    // Row i holds the pairs of picture i with those before it.
    let rows = [(sum: Double, smallest: Int, other: Int)](unsafeUninitializedCapacity: count) { buffer, initialized in
      nonisolated(unsafe) let places = buffer.baseAddress!
      context.parallel(count) { i in
        var row = (sum: 0.0, smallest: Int.max, other: 0)
        for j in 0..<i {
          let squares = pictures.squaredDifference(i, pictures, j)
          row.sum += pictures.distance(squares: squares)
          if squares < row.smallest { (row.smallest, row.other) = (squares, j) }
        }
        (places + i).initialize(to: row)
      }
      initialized = count
    }
    let closest = rows.indices.min { rows[$0].smallest < rows[$1].smallest }!
    return (
      rows.reduce(0) { $0 + $1.sum } / Double(count * (count - 1) / 2),
      pictures.distance(squares: rows[closest].smallest), [rows[closest].other, closest]
    )
  }

  /// Each sample beside its nearest picture, mirrored where that is nearer, the closest pairs first: what would show that
  /// the generator memorised pictures. Eight pairs to a row.
  /// - Parameter limit: most pairs that are shown.
  public func neighbourSheet(limit: Int = 64) throws -> [UInt8] {
    let order = nearest.indices.sorted { (nearest[$0].distance, $0) < (nearest[$1].distance, $1) }.prefix(limit)
    let (size, gap) = (data.size, 8)
    let columns = min(8, order.count)
    var grid = try Grid(
      columns: columns, rows: (order.count + columns - 1) / columns, cellWidth: 2 * size + gap, cellHeight: size + gap)
    for (place, sample) in order.enumerated() {
      let pair = [
        samples.picture(sample), data.picture(nearest[sample].index, mirrored: nearest[sample].isMirrored),
      ]
      var cell: [UInt8] = []
      for y in 0..<size {
        for picture in pair { cell += picture[y * size * 3..<(y + 1) * size * 3] }
        cell += [UInt8](repeating: 0, count: gap * 3)
      }
      cell += [UInt8](repeating: 0, count: (2 * size + gap) * gap * 3)
      grid.place(cell, at: place)
    }
    return try PNGWriter.encode(grid.picture)
  }
}
