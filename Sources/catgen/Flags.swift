import Arguments
import Generation

/// catgen's command line.
let catgen = Command(
  "catgen", version: catganVersion, summary: "cats from a trained generator",
  flags: [
    Flag(
      "--count", "N", group: "Which pictures", defaultNote: "1, or what the grid holds",
      help: "how many, seeds 0, 1, 2, ..."),
    Flag("--seeds", "LIST", group: "Which pictures", help: "seeds and ranges of seeds, such as 0-15,20,31"),
    Flag(
      "--truncation", "X", group: "Which pictures", default: "1",
      help: "multiplies z: below 1 for fewer odd cats and less variety"),
    Flag(
      "--z", "DIST", of: LatentDistribution.allCases.map(\.rawValue), group: "Which pictures",
      defaultNote: "as recorded, else uniform",
      help: "how z is drawn: uniform or normal"),
    Flag(switch: "--interpolate", group: "Films", help: "a film from seed to seed of --seeds"),
    Flag("--frames", "N", group: "Films", default: "60", help: "frames of the whole film"),
    Flag(switch: "--loop", group: "Films", help: "go on from the last seed back to the first"),
    Flag("--fps", "N", group: "Films", default: "24", help: "frames per second of an animated PNG or y4m"),
    Flag(
      "--out", "PATH", group: "Output", default: "cats.png",
      help: "FILE.png, FILE.ppm, FILE.raw or FILE.y4m; a folder for one file per picture; - for standard output"),
    Flag(
      "--format", "F", of: Format.allCases.map(\.rawValue), group: "Output",
      defaultNote: "by the file's name, else png",
      help:
        "png (several pictures make a grid, films an animated PNG), ppm or raw (one picture after another), or y4m (a "
        + "film for video encoders)"),
    Flag(
      "--grid", "CxR", group: "Output", defaultNote: "nearly square", help: "columns and rows of one picture of all"),
    Flag(switch: "--force", group: "Output", help: "overwrite files that are there"),
    Flag(
      "--preset", "NAME", of: ShippedModel.allCases.map(\.rawValue), group: "Running",
      default: ShippedModel.cats64.rawValue,
      help: "the model that ships under this name: cats64 or cats128, after the size of its pictures"),
    Flag(
      "--checkpoint", "PATH", group: "Running", defaultNote: "the one of --preset",
      help:
        "a run's directory (its newest checkpoint), RUN@STEP, a checkpoint, or any safetensors file with a generator's "
        + "tensors, PyTorch's names among them"),
    Flag(
      switch: "--ema", group: "Running", default: true, help: "use the averaged generator where the checkpoint has one"),
    Flag("--batch-size", "N", group: "Running", defaultNote: "by memory", help: "pictures computed at once"),
    Flag("--threads", "N", group: "Running", defaultNote: "all processors", help: "threads that compute"),
    Flag(
      switch: "--stdin", group: "Running",
      help:
        "answer requests, one JSON object per line of standard input such as {\"seed\": 7}, with pictures on standard "
        + "output; docs/streams.md"),
    Flag(switch: "--progress", group: "Running", help: "show how far it is; on a terminal, many pictures always do"),
    Flag(switch: "--quiet", group: "Running", help: "say nothing but errors"),
    Flag(switch: "--inspect", group: "Running", help: "say what the checkpoint holds, check its digest, and exit"),
  ],
  epilogue: """
    Examples:
      catgen --count 64 --out cats.png
      catgen --preset cats128 --count 16 --out large.png
      catgen --seeds 0-9999 --out cats/
      catgen --interpolate --seeds 3,14,15 --loop --out film.png
      catgen --interpolate --seeds 1,2 --format y4m --out - | ffmpeg -i - -pix_fmt yuv420p cats.mp4
    """)
