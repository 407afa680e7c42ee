import Arguments
import CatGAN
import Generation
import Images
import Storage

/// Where the samples come from.
struct EvalSource {
  /// For the table's heading.
  let name: String
  /// Side of the pictures.
  let size: Int
  let generator: (file: SafeTensors, description: CheckpointDescription)?
  let folder: String?

  /// How the pictures of the training became square, and their digest, where a checkpoint says so.
  var fit: PictureFit? { generator?.file.entry(.fit).flatMap(PictureFit.init) }
  var dataDigest: String? { generator?.file.entry(.dataDigest) }

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
      let description = try CheckpointDescription(
        file, averaged: arguments.isGiven("--ema") ? arguments.isOn("--ema") : nil)
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
