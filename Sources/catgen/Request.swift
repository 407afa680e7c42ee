import Arguments
import Generation
import Images
import Storage

enum Format: String, CaseIterable { case png, ppm, raw, y4m }

enum Destination {
  case stream
  case file(String)
  case directory(String)
}

/// What the command line asks for, checked as far as is possible without the checkpoint.
struct Request {
  /// Seeds of the pictures, or the stations of the film.
  var seeds: [UInt64]
  /// Columns and rows where all pictures go into one.
  var grid: (columns: Int, rows: Int)?
  /// Frames of the film; nil where pictures are wanted.
  var frames: Int?
  var destination: Destination
  var format: Format

  init(_ given: Arguments) throws {
    let film = given.isOn("--interpolate")
    for flag in ["--frames", "--loop", "--fps"] where given.isGiven(flag) && !film {
      throw UsageError("\(flag) is about films: add --interpolate, or leave it out")
    }
    for flag in ["--grid", "--count"] where given.isGiven(flag) && film {
      throw UsageError("\(flag) does not go with --interpolate, whose length is --frames")
    }
    if given.isGiven("--count") && given.isGiven("--seeds") {
      throw UsageError("--count and --seeds both say how many pictures: keep one of them")
    }
    (destination, format) = try Request.output(given)
    let sides = try given.optionalGrid("--grid")
    if let listed = try given.optionalSeeds("--seeds") {
      seeds = listed
    } else {
      guard !film else { throw UsageError("--interpolate needs two or more seeds to go between, such as --seeds 1,2") }
      let count = try given.optionalInt("--count", in: 1...10_000_000) ?? sides.map { $0.columns * $0.rows } ?? 1
      guard count <= 10_000_000 else { throw UsageError("--grid: more than 10000000 pictures") }
      seeds = (0..<UInt64(count)).map { $0 }
    }
    if film {
      guard seeds.count >= 2 else {
        throw UsageError("--interpolate needs two or more seeds to go between, such as --seeds 1,2")
      }
      frames = try given.int("--frames", in: 2...100_000)
    }
    if let sides {
      guard seeds.count <= sides.columns * sides.rows else {
        throw UsageError("--grid \(sides.columns)x\(sides.rows) does not hold \(seeds.count) pictures")
      }
      if case .directory(let path) = destination {
        throw UsageError("--grid makes one picture, and --out \(path) is a folder: give a file such as \(path).png")
      }
      grid = sides
    } else if !film, format == .png {
      switch destination {
      case .directory: break
      case .file, .stream: grid = Grid.sides(for: seeds.count)
      }
    }
    if case .directory = destination, !film, Set(seeds).count < seeds.count {
      throw UsageError("--seeds names a seed twice, and a folder holds each picture once")
    }
  }

  private static func output(_ given: Arguments) throws -> (Destination, Format) {
    let wished = try given.optionalChoice("--format").map { Format(rawValue: $0)! }
    let path = given.string("--out")
    guard !path.isEmpty else { throw UsageError("--out '': must name a file or a folder") }
    if path == "-" { return (.stream, wished ?? .png) }
    let name = path.split(separator: "/").last ?? ""
    let ending = path.hasSuffix("/") ? "" : name.split(separator: ".").dropFirst().last.map { $0.lowercased() } ?? ""
    let implied: Format? =
      switch ending {
      case "png", "apng": .png
      case "ppm": .ppm
      case "raw", "rgb": .raw
      case "y4m": .y4m
      default: nil
      }
    if let implied {
      guard wished == nil || wished == implied else {
        throw UsageError("--out \(path) is no name for --format \(wished!.rawValue)")
      }
      return (.file(path), implied)
    }
    if ["jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "mp4", "webm"].contains(ending) {
      throw UsageError(
        "--out \(path): only .png, .ppm, .raw and .y4m can be written; other programs make the rest of --out -")
    }
    if wished == .y4m { throw UsageError("--format y4m is one stream of frames: give --out FILE.y4m or --out -") }
    if let kind = try? Disk().kind(of: path), kind != .directory, kind != .absent {
      throw StorageError(
        "--out \(path): is there and no folder; name a file that ends in .png, .ppm or .raw, or another folder")
    }
    return (.directory(path), wished ?? .png)
  }
}
