import CatGAN
import Generation
import ImageFormats
import Images
import Kernels
import Random
import Storage
import Testing

@testable import Evaluation

/// Whole evaluations of pictures of which it is known how good they are: drawn cats, and what was done to them.
@Suite struct EvaluationTests {
  /// Most of the drawn cats.
  static let data: PictureSet = {
    let scan = try! FolderScan(BytePath(Fixtures.path("drawn-cats")))
    let dataset = try! Dataset(scan, options: DatasetOptions(size: 64, threads: 2))
    let all = PictureSet(pixels: dataset.pixels, size: dataset.size)
    return all.selected(Array(0..<500))
  }()

  /// The data to compare with, and as many pictures of the same kind that are not among them.
  static let reference = data.selected(Array(0..<380))
  static let held = data.selected(Array(380..<500))

  static func figures(_ samples: PictureSet, threads: Int = 2) -> EvaluationFigures {
    Evaluation(samples: samples, data: reference, context: Context(threads: threads)).figures
  }

  static let ofHeld = figures(held)

  /// Mean over 3x3 pixels.
  static func blurred(_ set: PictureSet) -> PictureSet {
    let size = set.size
    var pixels = set.pixels
    for n in 0..<set.count {
      let start = n * size * size * 3
      for y in 0..<size {
        for x in 0..<size {
          for c in 0..<3 {
            var sum = 0
            for i in -1...1 {
              for j in -1...1 {
                let (row, column) = (min(max(y + i, 0), size - 1), min(max(x + j, 0), size - 1))
                sum += Int(set.pixels[start + (row * size + column) * 3 + c])
              }
            }
            pixels[start + (y * size + x) * 3 + c] = UInt8(sum / 9)
          }
        }
      }
    }
    return PictureSet(pixels: pixels, size: size)
  }

  /// Noise of up to `reach` levels on every byte.
  static func noisy(_ set: PictureSet, reach: Int) -> PictureSet {
    var random = RandomGenerator(seed: 1)
    let pixels = set.pixels.map { UInt8(min(max(Int($0) + random.index(below: 2 * reach + 1) - reach, 0), 255)) }
    return PictureSet(pixels: pixels, size: set.size)
  }

  /// Pictures of the same kind are as good as the floor says, and no copies.
  @Test func heldOutPictures() {
    let figures = Self.ofHeld
    #expect(figures.count == 120)
    #expect(figures.distance.samples < 2 * figures.distance.reals, "\(figures.table)")
    #expect(abs(figures.precision.samples - figures.precision.reals) < 0.15)
    #expect(abs(figures.recall.samples - figures.recall.reals) < 0.15)
    #expect(abs(figures.variety.samples / figures.variety.reals - 1) < 0.05)
    #expect(figures.copies.samples <= 2 && figures.nearest.samples > 0.1)
  }

  @Test func blurAndNoiseAreSeen() {
    let (blurred, noisy) = (Self.figures(Self.blurred(Self.held)), Self.figures(Self.noisy(Self.held, reach: 30)))
    for figures in [blurred, noisy] {
      #expect(figures.distance.samples > 4 * Self.ofHeld.distance.samples, "\(figures.table)")
      #expect(figures.distance.reals == Self.ofHeld.distance.reals, "the floor is one of the data")
      #expect(figures.recall.samples < Self.ofHeld.recall.samples - 0.2, "\(figures.table)")
    }
  }

  /// A tenth of the pictures ten times over: each is believable, and most of the variety is gone.
  @Test func fewPicturesOverAndOver() {
    let figures = Self.figures(Self.held.selected((0..<120).map { $0 % 12 }))
    #expect(figures.recall.samples < 0.1 && figures.precision.samples > 0.5, "\(figures.table)")
    #expect(figures.distance.samples > 2 * Self.ofHeld.distance.samples)
    #expect(figures.closestPair.samples == 0 && figures.closestSamples == [0, 12])
  }

  /// Pictures of the data themselves, some mirrored, some a little changed, are found as copies.
  @Test func copies() {
    var pixels: [UInt8] = []
    for i in 0..<120 { pixels += Self.reference.picture(3 * i, mirrored: i % 2 == 1) }
    let copied = PictureSet(pixels: pixels, size: 64)
    let samples = PictureSet(
      pixels: Array(pixels[..<(60 * copied.bytes)]) + Self.noisy(copied, reach: 8).pixels[(60 * copied.bytes)...],
      size: 64)
    let evaluation = Evaluation(samples: samples, data: Self.reference, context: Context(threads: 2))
    #expect(evaluation.figures.copies.samples == 120, "\(evaluation.figures.table)")
    #expect(evaluation.figures.nearest.samples < 0.05)
    // Drawn cats are nearly symmetric, so only copies without noise must be told from their mirror images.
    for i in 0..<60 {
      #expect(evaluation.nearest[i] == NearestPicture(index: 3 * i, isMirrored: i % 2 == 1, distance: 0), "\(i)")
    }
  }

  @Test func sameFiguresForAnyThreads() throws {
    #expect(Self.figures(Self.held, threads: 1) == Self.ofHeld)
    #expect(Self.figures(Self.held, threads: 3) == Self.ofHeld)
  }

  /// The sheet's first pair is the closest: the picture, its neighbour, a gap.
  @Test func sheetShowsTheClosestFirst() throws {
    var pixels = Self.held.selected(Array(0..<9)).pixels
    let bytes = Self.held.bytes
    pixels.replaceSubrange(5 * bytes..<6 * bytes, with: Self.reference.picture(77, mirrored: true))
    let evaluation = Evaluation(
      samples: PictureSet(pixels: pixels, size: 64), data: Self.reference, context: Context(threads: 1))
    let sheet = try PictureReader.decode(evaluation.neighbourSheet(limit: 9))
    #expect(sheet.width == 8 * 136 && sheet.height == 2 * 72)
    func part(_ x: Int) -> [UInt8] {
      (0..<64).flatMap { y in sheet.pixels[(y * sheet.width + x) * 3..<(y * sheet.width + x + 64) * 3] }
    }
    #expect(part(0) == Self.reference.picture(77, mirrored: true) && part(64) == part(0))
    #expect(sheet.pixels[(128 * 3)..<(136 * 3)].allSatisfy { $0 == 0 })
  }

  @Test func progressCountsToTheEnd() {
    var last: [String: (Int, Int)] = [:]
    _ = Evaluation(samples: Self.held.selected(Array(0..<8)), data: Self.reference, context: Context(threads: 2)) {
      last[$0] = ($1, $2)
    }
    #expect(last.count == 2 && last.values.allSatisfy { $0 == $1 && $0 > 0 })
  }
}
