import Kernels
import Random
import Storage
import Testing

@testable import Evaluation

/// The parts of an evaluation, each against something that is known.
@Suite struct EvaluationPartsTests {
  static func numbers(_ count: Int, seed: UInt64) -> [Float] {
    var random = RandomGenerator(seed: seed)
    return (0..<count).map { _ in Float(random.normal()) }
  }

  /// Pictures of noise.
  static func noise(_ count: Int, size: Int, seed: UInt64) -> PictureSet {
    var random = RandomGenerator(seed: seed)
    return PictureSet(
      pixels: (0..<count * size * size * 3).map { _ in UInt8(truncatingIfNeeded: random.next()) }, size: size)
  }

  // MARK: Features

  /// Against PyTorch in double precision. The sums have up to 1600 products, whose rounding the means over pixels mostly
  /// take out again: 1e-5 of the features' RMS; another seed, order or padding makes them differ in the first digit.
  @Test(arguments: InstructionSet.available, [1, 3])
  func featuresAreThoseThatAreDescribed(set: InstructionSet, threads: Int) throws {
    let file = try SafeTensors(path: Fixtures.path("evaluation/features.safetensors"))
    let pictures = PictureSet(pixels: try file.withBytes("pictures") { Array($0) }, size: 64)
    let expected = try file.floats("features", shape: [2, RandomFeatures.dimension])
    let found = RandomFeatures(size: 64, Context(threads: threads, instructionSet: set)).features(of: pictures)
    let scale = (expected.reduce(0) { $0 + $1 * $1 } / Float(expected.count)).squareRoot()
    for (i, (a, e)) in zip(found.values, expected).enumerated() {
      #expect(abs(a - e) < 1e-5 * scale, "feature \(i % RandomFeatures.dimension): \(a), not \(e)")
    }
  }

  /// A picture's features do not depend on the pictures beside it, nor on its place.
  @Test func featuresOfOnePicture() {
    let pictures = Self.noise(53, size: 32, seed: 1)
    let network = RandomFeatures(size: 32, Context(threads: 2))
    let all = network.features(of: pictures)
    #expect(all.count == 53)
    for i in [0, 49, 50, 52] {
      #expect(network.features(of: pictures.selected([i])).values == all.rows(i..<i + 1).values, "picture \(i)")
    }
  }

  @Test func scaledFeatures() {
    var values = Self.numbers(3 * 200, seed: 2).map { 5 * $0 - 3 }
    for row in 0..<200 { values[3 * row + 1] = 7 }
    let table = FeatureTable(dimension: 3, values: values)
    let scale = FeatureScale(table)
    let scaled = scale.apply(table)
    for column in [0, 2] {
      let numbers = (0..<200).map { Double(scaled[$0, column]) }
      let mean = numbers.reduce(0, +) / 200
      #expect(abs(mean) < 1e-6)
      #expect(abs(numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 200 - 1) < 1e-5)
    }
    #expect((0..<200).allSatisfy { scaled[$0, 1] == 0 }, "a feature that never changes")
  }

  // MARK: Distance

  /// V diag(values) V^T is the matrix again, and V is orthogonal.
  @Test(arguments: [1, 2, 9, 40]) func eigenvectors(size: Int) {
    let values = Self.numbers(size * size, seed: UInt64(size)).map(Double.init)
    var elements = values
    for i in 0..<size {
      for j in 0..<size { elements[i * size + j] = values[i * size + j] + values[j * size + i] }
    }
    let (eigenvalues, v) = SymmetricMatrix(size: size, elements: elements).eigen()
    for i in 0..<size {
      for j in 0..<size {
        var (product, dot) = (0.0, 0.0)
        for k in 0..<size {
          product += v[i * size + k] * eigenvalues[k] * v[j * size + k]
          dot += v[k * size + i] * v[k * size + j]
        }
        #expect(abs(product - elements[i * size + j]) < 1e-12 * Double(size))
        #expect(abs(dot - (i == j ? 1 : 0)) < 1e-13 * Double(size))
      }
    }
  }

  /// Where covariances share their axes, the distance is |m1 - m2|^2 + the sum of (sigma1 - sigma2)^2. Points at plus and
  /// minus one unit along each axis, turned by 45 degrees in one plane, make such clouds exactly.
  @Test func distanceOfKnownDistributions() {
    func cloud(_ sigma: [Double], shift: Double) -> FeatureMoments {
      var values: [Float] = []
      for axis in 0..<3 {
        for sign in [-1.0, 1.0] {
          // Six points, covariance over five: sigma^2 = 2 x^2 / 5.
          var point = [0.0, 0.0, 0.0]
          point[axis] = sign * sigma[axis] * 2.5.squareRoot()
          let turned = [(point[0] - point[1]) * 0.5.squareRoot(), (point[0] + point[1]) * 0.5.squareRoot(), point[2]]
          values += turned.map { Float($0 + shift) }
        }
      }
      return FeatureMoments(FeatureTable(dimension: 3, values: values))
    }
    let first = cloud([1, 2, 3], shift: 0)
    #expect(first.distance(to: first) < 1e-9)
    let second = cloud([4, 2, 0], shift: 2)
    // 3 * 2^2 + 3^2 + 0 + 3^2, from coordinates that are rounded to Float.
    #expect(abs(first.distance(to: second) - 30) < 1e-5, "\(first.distance(to: second))")
    #expect(abs(second.distance(to: first) - 30) < 1e-5)
  }

  // MARK: Precision and recall

  /// Points on a line, where radii are seen by eye: to the third neighbour 3, 2, 2, 3 and 9.
  @Test func manifoldOnALine() {
    func table(_ values: [Float]) -> FeatureTable { FeatureTable(dimension: 1, values: values) }
    let context = Context(threads: 2)
    let manifold = Manifold(table([0, 1, 2, 3, 10]), context)
    #expect(manifold.share(of: table([-3]), context) == 1)
    #expect(manifold.share(of: table([-3.1]), context) == 0)
    #expect(manifold.share(of: table([1.9, 2.1, 18.9, 19.1, -4, 6]), context) == 4.0 / 6)
    #expect(manifold.share(of: manifold.features, context) == 1)
  }

  @Test(arguments: [1, 3, 64, 531]) func distances(dimension: Int) {
    let (a, b) = (Self.numbers(5 * dimension, seed: 3), Self.numbers(7 * dimension, seed: 4))
    let found = FeatureTable(dimension: dimension, values: a)
      .squaredDistances(to: FeatureTable(dimension: dimension, values: b), Context(threads: 3))
    for i in 0..<5 {
      for j in 0..<7 {
        let expected = (0..<dimension).reduce(0.0) { sum, k in
          let difference = Double(a[i * dimension + k]) - Double(b[j * dimension + k])
          return sum + difference * difference
        }
        #expect(abs(Double(found[i * 7 + j]) - expected) < 1e-5 * expected)
      }
    }
  }

  // MARK: Nearest pictures

  /// The search against all distances, for sizes with and without a large divisor, with copies, mirrored copies, ties and
  /// exclusions among them.
  @Test(arguments: [16, 20, 34, 64]) func nearestOfAll(size: Int) {
    let data = Self.noise(90, size: size, seed: 5)
    var pixels = Self.noise(70, size: size, seed: 6).pixels
    let bytes = size * size * 3
    pixels.replaceSubrange(3 * bytes..<4 * bytes, with: data.picture(17))
    pixels.replaceSubrange(66 * bytes..<67 * bytes, with: data.picture(89, mirrored: true))
    let pictures = PictureSet(pixels: pixels, size: size)
    let found = NearestPictures(data, Context(threads: 3)).search(pictures)
    #expect(found[3] == NearestPicture(index: 17, isMirrored: false, distance: 0))
    #expect(found[66] == NearestPicture(index: 89, isMirrored: true, distance: 0))
    for i in stride(from: 0, to: 70, by: 3) {
      let looks = [false, true].map { PictureSet(pixels: pictures.picture(i, mirrored: $0), size: size) }
      let best = (0..<90).flatMap { j in looks.map { $0.squaredDifference(0, data, j) } }.min()!
      #expect(found[i].distance == data.distance(squares: best), "picture \(i)")
      let look = looks[found[i].isMirrored ? 1 : 0]
      #expect(look.squaredDifference(0, data, found[i].index) == best, "picture \(i)")
    }
    // Each picture's nearest is itself, unless that does not count.
    let search = NearestPictures(data, Context(threads: 1))
    let own = search.search(data)
    #expect(own == (0..<90).map { NearestPicture(index: $0, isMirrored: false, distance: 0) })
    let others = search.search(data, excluding: Array(0..<90))
    #expect(others.enumerated().allSatisfy { $1.index != $0 && $1.distance > 0 })
  }

  @Test func mirrorImages() {
    let picture = PictureSet(pixels: (0..<12).map { UInt8($0) } + (0..<12).map { UInt8(100 + $0) }, size: 2)
    #expect(picture.picture(1, mirrored: true) == [103, 104, 105, 100, 101, 102, 109, 110, 111, 106, 107, 108])
    #expect(picture.squaredDifference(0, picture, 1) == 12 * 100 * 100)
    #expect(abs(picture.distance(squares: 12 * 255 * 255) - 2) < 1e-12)
  }
}
