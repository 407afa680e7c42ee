// `cattrain prepare SRC DST`: from a folder of photos to a clean data set.

import Arguments
import CatGAN
import Images
import Kernels
import Storage

enum PrepareCommand {
  static let command = Command(
    "prepare", version: TrainingCommand.version, summary: "makes a clean data set from a folder of photos",
    operands: [
      Operand("SRC", help: "folder of photos, searched recursively; faces with NAME.jpg.cat landmarks are levelled"),
      Operand(
        "DST",
        help: "new or empty folder for the pictures; DST.contact-sheet.png, DST.kept.csv and DST.rejected.csv are "
          + "written beside it"),
    ],
    flags: [
      Flag("--size", "N", default: "64", help: "side of the pictures in pixels"),
      Flag(
        "--fit", "HOW", of: PictureFit.allCases.map(\.rawValue), default: "crop",
        help: "how photos become square: crop, pad or stretch"),
      Flag("--min-size", "N", defaultNote: "--size", help: "smallest side of a photo or face that is kept"),
      Flag(
        "--landmarks", "WHAT", of: PrepareOptions.Landmarks.allCases.map(\.rawValue), default: "use",
        help: "use landmark files to level and crop faces, or ignore them"),
      Flag(
        "--format", "KIND", of: PrepareOptions.Format.allCases.map(\.rawValue), default: "jpeg", help: "jpeg or png"),
      Flag(switch: "--keep-copies", help: "keep pictures that look alike"),
      Flag("--threads", "N", defaultNote: "all cores", help: "threads to use; the result does not depend on it"),
    ])

  static func run(_ arguments: Arguments, progress: Progress) throws {
    let size = try arguments.int("--size", in: 8...1024)
    let threads = try arguments.optionalInt("--threads", in: 1...1024) ?? Context.processorCount
    try requireOpenFiles(12)
    try Memory.requireThreads(threads)
    var options = PrepareOptions(size: size, threads: threads)
    options.fit = PictureFit(rawValue: try arguments.choice("--fit"))!
    options.minimumSize = try arguments.optionalInt("--min-size", in: 1...65_535)
    options.landmarks = .init(rawValue: try arguments.choice("--landmarks"))!
    options.format = .init(rawValue: try arguments.choice("--format"))!
    if arguments.isOn("--keep-copies") { options.duplicateDistance = nil }
    let interruption = Interruption()
    interruption.watchSignals { announcement in
      if case .stopping = announcement { Console.error("\nstopping: what was written is removed first\n") }
    }
    options.isCancelled = { interruption.isRequested }
    // Calls never overlap, so the counter may stay unlocked.
    nonisolated(unsafe) var shown = progress
    let report: PrepareReport
    do {
      report = try Prepare.run(
        BytePath(arguments.operands[0]), to: BytePath(arguments.operands[1]), options: options
      ) { stage, done, total in
        // Before there is something to remove.
        if stage != .writing { interruption.endProcessIfRequested() }
        shown.counting(stage.rawValue, done, of: total, now: monotonicTime())
      }
    } catch {
      try interruption.check()
      throw error
    }
    shown.finish()
    sayLeftOut(report.rejected, report.ownOutput, all: report.rejectedList.description)
    sayNotes(report.notes)
    let faces = report.faces == 0 ? "" : ", \(report.faces) of them faces levelled by landmarks"
    try Console.print(
      "\(printable(arguments.operands[1])): \(report.kept.count) pictures of \(size)x\(size)\(faces); "
        + "\(report.rejected.count) rejected; contact-sheet.png, kept.csv and rejected.csv lie beside it, with its name "
        + "before theirs")
  }
}
