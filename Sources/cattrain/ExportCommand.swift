// `cattrain export CHECKPOINT FILE`: the generator alone, to hand on.

import Arguments
import CatGAN
import Generation

enum ExportCommand {
  static let command = Command(
    "export", version: TrainingCommand.version, summary: "writes the generator of a checkpoint alone, for catgen",
    operands: [
      Operand(
        "CHECKPOINT",
        help:
          "a checkpoint of cattrain: a file, a run's directory (its newest one) or RUN@STEP; or any file that catgen reads; "
          + "the averaged generator is taken where there is one"),
      Operand("FILE", help: "the safetensors file to write"),
    ],
    flags: [
      Flag(switch: "--half", help: "16-bit floats: half the size"),
      Flag("--note", "TEXT", defaultNote: "none", help: "where the weights come from, kept in the file"),
      Flag(switch: "--force", help: "overwrite FILE"),
    ])

  static func run(_ arguments: Arguments) throws {
    try Checkpoint.exportGenerator(
      of: CheckpointPath(arguments.operands[0]).file(), half: arguments.isOn("--half"),
      note: arguments.optionalString("--note") ?? "", to: arguments.operands[1],
      overwrite: arguments.isOn("--force"))
  }
}
