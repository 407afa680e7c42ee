// `cattrain eval`: how good are the pictures of a checkpoint?

import Arguments
import CatGAN
import Evaluation
import Generation
import Images
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
        "--fit", "HOW", of: PictureFit.allCases.map(\.rawValue), group: "What",
        defaultNote: "the checkpoint's, or crop", help: "how pictures become square: crop, pad or stretch"),
      Flag(
        "--out", "DIR", group: "Results",
        help: "write figures.json, and neighbours.png with samples beside the real pictures nearest to them"),
      Flag(
        "--export", "DIR", group: "Results",
        help: "write DIR/samples and DIR/reals, the real pictures compared with, as PNG files for FID tools"),
      Flag(switch: "--force", group: "Results", help: "overwrite files that are there"),
      Flag(
        "--threads", "N", group: "Machine", defaultNote: "all cores",
        help: "threads to use; the result does not depend on it"),
    ],
    epilogue: """
      Examples:
        cattrain eval --checkpoint runs/00003-cats64-w32@24300 --data photos --out eval
        cattrain eval --checkpoint cats64.safetensors --data photos --count 5000 --export pairs
        pytorch-fid pairs/reals pairs/samples

      Each figure stands beside that of as many real pictures, judged in the same way: what samples as good as real ones
      would have. More precision than theirs means pictures that are safer, with less in them.
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
  var progress = Progress(live: isatty(STDERR_FILENO) == 1) { Console.error($0) }

  let interruption = Interruption()

  init(_ arguments: Arguments) { self.arguments = arguments }

  mutating func run() throws {
    let threads = try arguments.optionalInt("--threads", in: 1...1024) ?? Context.processorCount
    try requireOpenFiles(12)
    let context = try Context.fromEnvironment(threads: threads)
    guard let folder = arguments.optionalString("--data") else {
      throw UsageError("--data is missing: give the folder of pictures that it was trained on, as in --data photos")
    }
    let source = try EvalSource(arguments)
    let fit = try arguments.optionalChoice("--fit").flatMap(PictureFit.init) ?? source.fit ?? .crop
    let given = try arguments.optionalInt("--count", in: Evaluation.smallestCount...1_000_000)
    try refuseOverwriting()

    let scan = try FolderScan(BytePath(folder))
    let found = scan.pictures.count
    let count = min(given ?? 1000, Evaluation.largestCount(pictures: found))
    let sampler = source.generator.map {
      GeneratorModel.bytesNeeded(
        $0.description.generator,
        batchSize: GeneratorModel.batchSize(for: max(1, count), $0.description.generator))
    }
    try Memory.require(
      Evaluation.bytesNeeded(pictures: found, count: count, size: source.size) + (sampler ?? 0), threads: threads,
      for: "the comparison", remedy: "lower --count, or take a part of the pictures")
    let data = try load(scan, size: source.size, fit, threads)
    if let digest = source.dataDigest, !digest.isEmpty, digest != data.digest {
      let older = source.fit == nil ? ", or an older version read them otherwise" : ""
      Console.error(
        "not the pictures that '\(source.name)' was trained on, or not made square in the same way (--fit)\(older): "
          + "digest \(data.digest), in training \(printable(digest, limit: 64))\n")
    }
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
    let samples = try samples(of: source, count: given ?? min(1000, largest), fit, threads, context)
    interruption.watchSignals()
    // Somebody who closes the pipe that figures go to does not mean to lose the files.
    signal(SIGPIPE, SIG_IGN)
    // Calls never overlap.
    nonisolated(unsafe) var shown = progress
    let interruption = interruption
    let evaluation = Evaluation(samples: samples, data: PictureSet(data), context: context) {
      interruption.endProcessIfRequested()
      shown.counting($0, $1, of: $2, now: monotonicTime())
    }
    shown.finish()
    // Neither takes the other along: figures that nobody reads, and a disk that is full.
    let compared = "\(source.name): \(samples.count) samples and as many real pictures, of \(data.description)"
    let printed = Result { try Console.print("\(compared)\n\(evaluation.figures.table)") }
    try writeResults(evaluation)
    try export(samples, beside: Evaluation.reals(of: PictureSet(data), count: samples.count))
    try printed.get()
  }

  private mutating func load(_ scan: FolderScan, size: Int, _ fit: PictureFit, _ threads: Int) throws -> Dataset {
    var settings = DatasetOptions(size: size, threads: threads)
    settings.fit = fit
    // Calls never overlap.
    nonisolated(unsafe) var shown = progress
    let dataset = try Dataset(scan, options: settings) { done, total in
      shown.decoding(done, of: total, now: monotonicTime())
    }
    progress = shown
    progress.finish()
    sayLeftOut(dataset.skipped, scan.ownOutput, all: nil)
    sayNotes(dataset.notes)
    return dataset
  }

  private mutating func samples(
    of source: EvalSource, count: Int, _ fit: PictureFit, _ threads: Int, _ context: Context
  ) throws -> PictureSet {
    if let folder = source.folder {
      // Samples are what is judged here, so own output counts too.
      let scan = try FolderScan(BytePath(folder), takingOwnOutput: true)
      let pictures = PictureSet(try load(scan, size: source.size, fit, threads))
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
}

extension PictureSet {
  fileprivate init(_ dataset: Dataset) { self.init(pixels: dataset.pixels, size: dataset.size) }
}
