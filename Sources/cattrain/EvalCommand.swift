// `cattrain eval`: how good are the pictures of a checkpoint?

import Arguments
import CatGAN
import Generation
import Kernels
import Storage

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

struct EvalCommand {
  static let command = Command(
    "eval", version: TrainingCommand.version, summary: "compares a checkpoint's samples with real pictures",
    flags: [
      Flag(
        "--checkpoint", "PATH", group: "What",
        help:
          "a checkpoint of cattrain (a file, a run's directory, which means its newest one, or RUN@STEP) or an exported "
          + "generator"),
      Flag(
        "--pictures", "DIR", group: "What", help: "judge the pictures of this folder in place of a checkpoint's samples"
      ),
      Flag("--data", "DIR", group: "What", help: "the folder of pictures that it was trained on"),
      Flag(
        "--count", "N", group: "What", defaultNote: "1000, or half of the data",
        help: "samples, which are those of catgen's seeds from 0 on, and real pictures to compare them with"),
      Flag(
        switch: "--ema", group: "What", default: true, help: "the averaged generator where the checkpoint has one"),
      Flag("--size", "N", group: "What", defaultNote: "the checkpoint's, or 64", help: "side of the pictures"),
      Flag(
        "--fit", "HOW", of: PictureFit.allCases.map(\.rawValue), group: "What", default: "crop",
        help: "how pictures become square: crop, pad or stretch"),
      Flag(
        "--out", "DIR", group: "Results",
        help: "write figures.json, and neighbours.png with samples beside the real pictures nearest to them"),
      Flag("--export", "DIR", group: "Results", help: "write the samples as PNG files, for FID tools"),
      Flag(switch: "--force", group: "Results", help: "overwrite files that are there"),
      Flag(
        "--threads", "N", group: "Machine", defaultNote: "all cores",
        help: "threads to use; the result does not depend on it"),
    ],
    epilogue: """
      Examples:
        cattrain eval --checkpoint runs/00003-cats64-w32@24300 --data photos --out eval
        cattrain eval --checkpoint cats64.safetensors --data photos --count 5000 --export samples

      Each figure stands beside that of as many real pictures, judged in the same way: samples cannot do better.
        distance      between random features of samples and of real pictures, taken as normal distributions
                      (Fréchet, squared). The features are means and deviations of four untrained convolutions: they
                      see sharpness, texture and colour, and know nothing of cats. It is no FID, and compares only
                      with distances of the same count and data.
        precision     share of the samples within the real pictures' manifold: are they believable?
        recall        share of the real pictures within the samples' manifold: is everything there?
        variety       mean difference of two pictures, as the root mean square of values in -1 to 1
        closest pair  the smallest such difference: near 0 where two samples are the same
        nearest       median difference to the nearest of all real pictures, mirrored or not
        copies        pictures whose nearest one is the same but for small changes; real ones are doubles in the data
      """)

  let arguments: Arguments
  /// On standard error, so that the figures alone go to standard output.
  private var progress = Progress(live: isatty(STDERR_FILENO) == 1) { Console.error($0) }

  init(_ arguments: Arguments) { self.arguments = arguments }

  mutating func run() throws {
    let threads = try arguments.optionalInt("--threads", in: 1...1024) ?? Context.processorCount
    let context = try Context.fromEnvironment(threads: threads)
    let fit = PictureFit(rawValue: try arguments.choice("--fit"))!
    guard let folder = arguments.optionalString("--data") else {
      throw UsageError("--data is missing: give the folder of pictures that it was trained on, as in --data photos")
    }
    let source = try Source(arguments)
    let given = try arguments.optionalInt("--count", in: Evaluation.smallestCount...1_000_000)
    try refuseOverwriting()

    let data = try load(folder, size: source.size, fit, threads)
    let largest = Evaluation.largestCount(pictures: data.count)
    guard largest >= Evaluation.smallestCount else {
      throw RunError(
        "'\(folder)' holds \(data.count) usable pictures, and \(2 * Evaluation.smallestCount) are the fewest that can be "
          + "compared with; give more")
    }
    if let given, given > largest {
      throw RunError(
        "--count \(given): each sample needs two of the \(data.count) pictures of '\(folder)' to compare with; "
          + "at most \(largest) can be given")
    }
    let samples = try samples(of: source, count: given ?? min(1000, largest), limit: largest, fit, threads, context)
    try export(samples)
    // Calls never overlap.
    nonisolated(unsafe) var shown = progress
    let evaluation = Evaluation(samples: samples, data: PictureSet(data), context: context) {
      shown.counting($0, $1, of: $2, now: monotonicTime())
    }
    shown.finish()
    try writeResults(evaluation)
    Console.print("\(source.name): \(samples.count) pictures against \(data.description)")
    Console.print(evaluation.figures.table)
  }

  /// Where the samples come from.
  private struct Source {
    /// For the table's heading.
    let name: String
    /// Side of the pictures.
    let size: Int
    let generator: (file: SafeTensors, description: CheckpointDescription)?
    let folder: String?

    init(_ arguments: Arguments) throws {
      let size = try arguments.optionalInt("--size", in: 16...256)
      let checkpoint = arguments.optionalString("--checkpoint")
      folder = arguments.optionalString("--pictures")
      switch (checkpoint, folder) {
      case (nil, nil): throw UsageError("--checkpoint is missing: name one, or a folder with --pictures")
      case (.some, .some): throw UsageError("--checkpoint and --pictures both say what to judge: give one of them")
      case (nil, let folder?):
        for flag in ["--ema", "--export"] where arguments.isGiven(flag) {
          throw UsageError("\(flag) does not go with --pictures: leave it out")
        }
        generator = nil
        self.size = size ?? 64
        name = folder
      case (let checkpoint?, _):
        if size != nil { throw UsageError("--size does not go with --checkpoint, which has a size: leave it out") }
        let path = try CheckpointPath(checkpoint).file()
        let file = try SafeTensors(path: path)
        try file.verifyDigest()
        let description = try CheckpointDescription(file, averaged: arguments.isOn("--ema") ? nil : false)
        generator = (file, description)
        let picture = description.generator.output
        guard picture.h == picture.w else {
          throw RunError(
            "'\(path)' makes pictures of \(picture.w)x\(picture.h) pixels, and only square ones are judged")
        }
        self.size = picture.h
        name = path
      }
    }
  }

  private mutating func load(_ folder: String, size: Int, _ fit: PictureFit, _ threads: Int) throws -> Dataset {
    var settings = DatasetOptions(size: size, threads: threads)
    settings.fit = fit
    // Calls never overlap.
    nonisolated(unsafe) var shown = progress
    let dataset = try Dataset(FolderScan(BytePath(folder)), options: settings) { done, total in
      shown.decoding(done, of: total, now: monotonicTime())
    }
    progress = shown
    progress.finish()
    return dataset
  }

  private mutating func samples(
    of source: Source, count: Int, limit: Int, _ fit: PictureFit, _ threads: Int, _ context: Context
  ) throws -> PictureSet {
    if let folder = source.folder {
      let pictures = PictureSet(try load(folder, size: source.size, fit, threads))
      guard pictures.count >= Evaluation.smallestCount else {
        throw RunError(
          "'\(folder)' holds \(pictures.count) usable pictures, and \(Evaluation.smallestCount) are the fewest that can "
            + "be judged; give more")
      }
      return pictures.selected(Array(0..<min(count, pictures.count)))
    }
    let (file, description) = source.generator!
    let model = try GeneratorModel(
      file, description, batchSize: GeneratorModel.batchSize(for: count, description.generator), context: context)
    var pixels: [UInt8] = []
    for first in stride(from: 0, to: count, by: model.batchSize) {
      let z = (first..<min(first + model.batchSize, count)).map {
        Latent.vector(
          seed: UInt64($0), dimension: description.generator.input.c, distribution: description.distribution ?? .uniform
        )
      }
      for picture in try model.pictures(z) { pixels += picture.pixels }
      progress.counting("drawing samples", first + z.count, of: count, now: monotonicTime())
    }
    progress.finish()
    return PictureSet(pixels: pixels, size: source.size)
  }

  // MARK: Results

  private static let sheet = "neighbours.png"
  private static let report = "figures.json"

  private static func sampleName(_ index: Int) -> String {
    let number = String(index)
    return "seed\(String(repeating: "0", count: max(0, 4 - number.count)))\(number).png"
  }

  /// Refused before anything is computed.
  private func refuseOverwriting() throws {
    if arguments.isOn("--force") { return }
    var paths: [String] = []
    if let out = arguments.optionalString("--out") { paths = [Self.report, Self.sheet].map { "\(out)/\($0)" } }
    if let folder = arguments.optionalString("--export") { paths.append("\(folder)/\(Self.sampleName(0))") }
    if let taken = paths.first(where: { access($0, F_OK) == 0 }) {
      throw RunError("'\(taken)' is there already; choose another folder, or overwrite it with --force")
    }
  }

  private mutating func export(_ samples: PictureSet) throws {
    guard let folder = arguments.optionalString("--export") else { return }
    try createDirectory(folder)
    for index in 0..<samples.count {
      let picture = Generation.Picture(width: samples.size, height: samples.size, pixels: samples.picture(index))
      try PNGWriter.encode(picture).withUnsafeBytes {
        try AtomicFile.write(
          "\(folder)/\(Self.sampleName(index))", bytes: $0, overwrite: arguments.isOn("--force"), durable: false)
      }
      progress.counting("writing samples", index + 1, of: samples.count, now: monotonicTime())
    }
    progress.finish()
  }

  private func writeResults(_ evaluation: Evaluation) throws {
    guard let folder = arguments.optionalString("--out") else { return }
    try createDirectory(folder)
    let force = arguments.isOn("--force")
    try evaluation.neighbourSheet().withUnsafeBytes {
      try AtomicFile.write("\(folder)/\(Self.sheet)", bytes: $0, overwrite: force, durable: false)
    }
    try AtomicFile.write("\(folder)/\(Self.report)", text: try evaluation.figures.json(), overwrite: force)
  }
}
