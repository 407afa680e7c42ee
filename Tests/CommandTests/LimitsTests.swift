import Foundation
import Testing

/// Under the limits of a shell or a batch system every command works, or says in one sentence what it lacks; nothing is
/// left that cannot go on.
@Suite struct LimitsTests {
  /// Runs a command under `ulimit` with these words.
  private func run(_ program: String, _ words: [String], _ limit: String, in place: Place) throws -> Ended {
    let ended = try Program(program).run(words, in: place.path, prelude: "ulimit \(limit)")
    let complaint = ended.error.split(separator: "\n").last ?? ""
    #expect(ended.status == 0 || ended.status == 1 && complaint.hasPrefix("\(program): "), "\(limit): \(ended.error)")
    return ended
  }

  /// Kilobytes from far too few to enough, closer where a run begins to fit.
  @Test func addressesForTraining() throws {
    let place = try Place()
    let pictures = try CattrainTests.pictures(4, in: place)
    var outcomes: Set<Int32> = []
    for megabytes in [40, 80, 120, 160, 200, 220, 240, 260, 280, 320, 400, 1000] {
      let ended = try run(
        "cattrain", [pictures, "--steps", "2", "--threads", "2"] + CattrainTests.small, "-v \(megabytes * 1024)",
        in: place)
      outcomes.insert(ended.status)
      if ended.status != 0 {
        #expect(ended.error.contains("ulimit -v"), "\(ended.error)")
        #expect(!place.names.contains { $0.hasPrefix("runs") }, "\(megabytes) MB")
      }
      try? FileManager.default.removeItem(atPath: place("runs"))
    }
    #expect(outcomes == [0, 1])
  }

  /// The largest networks on a thousand pictures at once need more than this limit, or than what a smaller machine has: they
  /// are refused before anything is made of them.
  @Test func addressesForTheLargestNetworks() throws {
    let place = try Place()
    let pictures = try CattrainTests.pictures(1, in: place)
    let picture = try #require(FileManager.default.contentsOfDirectory(atPath: pictures).first)
    for i in 1..<1024 {
      try FileManager.default.linkItem(atPath: "\(pictures)/\(picture)", toPath: "\(pictures)/\(i).jpg")
    }
    let before = place.names
    let words = [pictures, "--preset", "cats128", "--width", "256", "--batch-size", "1024"]
    for (words, says) in [
      (words, "training needs about"), (words + ["--dry-run"], "lower --batch-size or --width, or add --force"),
    ] {
      let ended = try run("cattrain", words, "-v 90000000", in: place)
      #expect(ended.status == 1 && ended.error.contains(says), "\(words): \(ended.error)")
      #expect(place.names == before, "\(words)")
    }
  }

  /// A large picture among small ones is left out by name where its pixels do not fit.
  @Test func addressesForPictures() throws {
    let place = try Place()
    let pictures = try CattrainTests.pictures(4, in: place)
    // 80 million gray pixels, all of them 0.
    let side = 9000
    try place.write(
      Array("P5\n\(side) \(side)\n255\n".utf8) + [UInt8](repeating: 0, count: side * side), to: "pictures/large.pgm")
    let words = [pictures, "--steps", "1", "--threads", "2"] + CattrainTests.small
    let tight = try run("cattrain", words, "-v 900000", in: place)
    #expect(
      tight.status == 0 && tight.error.contains("large.pgm is 9000x9000 pixels large, which takes"), "\(tight.error)")
    let wide = try run("cattrain", words + ["--out", "wide"], "-v unlimited", in: place)
    #expect(wide.status == 0 && !wide.error.contains("large.pgm"), "\(wide.error)")
  }

  @Test func addressesForSampling() throws {
    let place = try Place()
    let shipped = Fixtures.path("cats64.safetensors")
    var outcomes: Set<Int32> = []
    for (megabytes, words) in [
      (40, "--count 1"), (80, "--count 1"), (120, "--count 1"), (160, "--count 64"), (200, "--count 64"),
      (400, "--count 64"),
      (300, "--count 256 --batch-size 256"), (1000, "--count 9 --batch-size 256"), (300, "--grid 100x100 --count 1"),
    ] {
      let ended = try run(
        "catgen", ["--checkpoint", shipped, "--quiet"] + words.split(separator: " ").map(String.init),
        "-v \(megabytes * 1024)", in: place)
      outcomes.insert(ended.status)
      #expect(place.names == (ended.status == 0 ? ["cats.png"] : []), "\(megabytes) MB: \(ended.error)")
      try? FileManager.default.removeItem(atPath: place("cats.png"))
    }
    #expect(outcomes == [0, 1])
  }

  @Test(arguments: ["-v 300000", "-d 100000"]) func measuring(limit: String) throws {
    let place = try Place()
    let ended = try run("bench", ["step"], limit, in: place)
    #expect(ended.status == 1 && ended.error.contains("lower --width"), "\(ended.error)")
  }

  @Test func sizesOfFiles() throws {
    let place = try Place()
    let pictures = try CattrainTests.pictures(4, in: place)
    let words = [pictures, "--steps", "2"] + CattrainTests.small
    let refused = try run("cattrain", words, "-f 100", in: place)
    #expect(refused.status == 1 && refused.error.contains("each checkpoint takes about"), "\(refused.error)")
    #expect(place.names.filter { !$0.hasPrefix("pictures") }.isEmpty)
    let sampled = try run(
      "catgen", ["--checkpoint", Fixtures.path("cats64.safetensors"), "--count", "64"], "-f 10", in: place)
    #expect(sampled.status == 1 && sampled.error.contains("ulimit -f"), "\(sampled.error)")
    #expect(place.names.filter { !$0.hasPrefix("pictures") }.isEmpty)
  }

  @Test func openFiles() throws {
    let place = try Place()
    let pictures = try CattrainTests.pictures(4, in: place)
    for count in [5, 8, 10, 12, 15, 24] {
      let ended = try run("cattrain", [pictures, "--steps", "2"] + CattrainTests.small, "-n \(count)", in: place)
      let runs = place.names.filter { $0.hasPrefix("runs/") }
      let saved = runs.contains { $0.hasSuffix(".safetensors") }
      #expect(ended.status == 0 ? saved : runs.isEmpty, "\(count): \(ended.error) \(runs)")
      try? FileManager.default.removeItem(atPath: place("runs"))
      _ = try run(
        "catgen", ["--checkpoint", Fixtures.path("cats64.safetensors"), "--force"], "-n \(count)", in: place)
    }
  }
}
