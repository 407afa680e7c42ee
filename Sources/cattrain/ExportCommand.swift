// `cattrain export CHECKPOINT FILE`: the generator alone, to hand on.

import Arguments
import CatGAN
import Generation
import Kernels
import Storage

enum ExportCommand {
  private enum Format: String, CaseIterable { case safetensors, onnx }

  static let command = Command(
    "export", version: TrainingCommand.version,
    summary: "writes the generator of a checkpoint alone, for catgen or as ONNX",
    operands: [
      Operand(
        "CHECKPOINT",
        help:
          "a checkpoint of cattrain: a file, a run's directory (its newest one) or RUN@STEP; or any file that catgen reads"
      ),
      Operand("FILE", help: "the file to write"),
    ],
    flags: [
      Flag(
        "--format", "KIND", of: Format.allCases.map(\.rawValue), defaultNote: "onnx for FILE.onnx, else safetensors",
        help: "safetensors, which catgen and PyTorch read, or onnx"),
      Flag(switch: "--ema", default: true, help: "the averaged generator where the checkpoint has one"),
      Flag(switch: "--half", help: "16-bit floats: half the size"),
      Flag(
        switch: "--downsample",
        help: "pictures of half the rows and columns: those of a network of 128 pixels can be better cats than those of"
          + " one of 64, and take longer"),
      Flag("--note", "TEXT", defaultNote: "none", help: "where the weights come from, kept in the file"),
      Flag(switch: "--force", help: "overwrite FILE"),
      Flag(
        "--batch", "N", group: "ONNX", defaultNote: "any number",
        help: "pictures of every run, for readers that need to know"),
      Flag(
        switch: "--uint8", group: "ONNX",
        help: "bytes [N, height, width, 3] in place of floats [N, 3, height, width] in -1...1"),
      Flag(
        switch: "--keep-batch-norm", group: "ONNX",
        help: "batch normalisation as nodes of its own, not folded into the convolutions"),
    ],
    epilogue: """
      Examples:
        cattrain export runs/00003-cats64-w32 cats.safetensors --half
        cattrain export runs/00003-cats64-w32@24300 cats.onnx
        cattrain export runs/00004-cats128-best-w24 cats64.safetensors --downsample --half

      An ONNX model takes z [N, length] as float32, drawn as its metadata says, and gives `image`.
      """)

  static func run(_ arguments: Arguments) throws {
    let (checkpoint, path) = (arguments.operands[0], arguments.operands[1])
    let suffix: Format = path.lowercased().hasSuffix(".onnx") ? .onnx : .safetensors
    let format = try arguments.optionalChoice("--format").map { Format(rawValue: $0)! } ?? suffix
    let averaged = arguments.isGiven("--ema") ? arguments.isOn("--ema") : nil
    try requireOpenFiles(12)
    try Memory.requireThreads(Context.processorCount)
    try refuse(path, force: arguments.isOn("--force"), of: checkpoint)
    // A file is written to its end or not at all.
    let interruption = Interruption()
    interruption.watchSignals()
    defer { interruption.endProcessIfRequested() }
    removeAbandonedTemporaries(in: directory(of: path))
    let source = try CheckpointPath(checkpoint).file()
    let downsample = arguments.isOn("--downsample")
    let (note, force) = (arguments.optionalString("--note") ?? "", arguments.isOn("--force"))
    switch format {
    case .safetensors:
      for flag in ["--batch", "--uint8", "--keep-batch-norm"] where arguments.isGiven(flag) {
        throw UsageError("\(flag) is about ONNX: name a FILE.onnx, or add --format onnx")
      }
      try Checkpoint.exportGenerator(
        of: source, averaged: averaged, downsample: downsample,
        half: arguments.isOn("--half"), note: note, to: path, overwrite: force)
    case .onnx:
      var options = ONNXOptions()
      options.batch = try arguments.optionalInt("--batch", in: 1...4096)
      options.bytes = arguments.isOn("--uint8")
      options.half = arguments.isOn("--half")
      options.keepsBatchNorm = arguments.isOn("--keep-batch-norm")
      try Checkpoint.exportONNX(
        of: source, averaged: averaged, downsample: downsample, options: options, note: note,
        to: path, overwrite: force)
    }
    try Console.print("\(printable(path)): the generator of \(printable(source))\(format == .onnx ? ", as ONNX" : "")")
  }

  /// - Throws: where `path` would be written over something that is worth more, before anything is read.
  private static func refuse(_ path: String, force: Bool, of checkpoint: String) throws {
    if path == "-" {
      throw UsageError("FILE is '-': a generator goes into a file, not to standard output; give it a name")
    }
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    if CheckpointPath.run(of: path) != nil, CheckpointName(name) != nil {
      throw RunError(
        "\(quoted(path)) is the name of a run's checkpoint, from which training goes on, and a generator alone is less; "
          + "choose another name")
    }
    guard try Disk().kind(of: path) != .absent else { return }
    let isRun = (try? Disk().kind(of: "\(directory(of: path))/config.json")) == .file
    if isRun, ![".onnx", ".safetensors"].contains(where: name.hasSuffix) {
      throw RunError("\(quoted(path)) is a file that the run needs; choose another name")
    }
    if let source = try? CheckpointPath(checkpoint).file(), absolutePath(source) == absolutePath(path) {
      throw RunError("\(quoted(path)) is the checkpoint itself; choose another name")
    }
    if !force {
      throw RunError("\(quoted(path)) is there already; choose another name, or overwrite it with --force")
    }
  }
}
