// What is said of files that give no picture, or one in spite of a fault.

import Arguments
import CatGAN
import Storage

/// Says on standard error which files were left out and why, one line for each reason, and how much of this software's own
/// output.
/// - Parameter all: the file that has the rest of a long list.
func sayLeftOut(_ skipped: [FileRemark], _ ownOutput: [BytePath], all: String?) {
  let (lines, others) = skipped.lines(limit: 8)
  for line in lines { Console.error("skipped \(line)\n") }
  if others > 0 { Console.error("skipped \(others) more\(all.map { "; \($0) lists them" } ?? "")\n") }
  if let first = ownOutput.first {
    let more = ownOutput.count == 1 ? "" : " and \(ownOutput.count - 1) more"
    Console.error("left out \(first)\(more): made by CatGAN, so nothing to learn from\n")
  }
}

/// Says on standard error what is wrong with files that are used.
func sayNotes(_ notes: [FileRemark]) {
  let (lines, others) = notes.lines(limit: 8)
  for line in lines { Console.error("used although \(line)\n") }
  if others > 0 { Console.error("used although something is wrong with them: \(others) more\n") }
}
