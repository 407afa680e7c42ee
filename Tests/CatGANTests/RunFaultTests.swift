// Runs on disks that fail: training goes on where it can, what is there is whole, and the run can go on afterwards.

import Foundation
import Storage
import Testing

@testable import CatGAN

@Suite struct RunFaultTests {
  /// One call of a whole run fails, at every place. Either the run ends with its last checkpoint in place, or it says
  /// that it is not; all checkpoints that are there can be read; and the run, gone on with on a sound disk, comes to the
  /// bytes of one that nothing befell.
  @Test func everyCallOfARunCanFail() throws {
    let small = SmallRun(options: SmallRun.options(epochs: 2))
    let expected = try small.newestBytes()
    let counting = FaultyDisk()
    let sound = try TemporaryFolder()
    defer { sound.remove() }
    var beforeTraining = 0
    _ = try small.begin(in: sound.path + "/runs", fileSystem: counting) { _ in beforeTraining = counting.calls }
    #expect(counting.calls > beforeTraining + 50)

    var (finished, failed, warned) = (0, 0, 0)
    for call in 0..<counting.calls {
      let folder = try TemporaryFolder()
      let run = folder.path + "/runs/00000-\(small.options.runName)"
      let code = call % 2 == 0 ? ENOSPC : EIO
      var isWhole = false
      do {
        let (ending, said) = try small.begin(
          in: folder.path + "/runs", fileSystem: FaultyDisk(failing: call, code: code))
        #expect(ending == .finished)
        #expect(fileBytes(SmallRun.checkpoints(run).last ?? "") == expected, "call \(call): \(said)")
        isWhole = true
        finished += 1
        warned += said.contains("could not be written, training goes on") ? 1 : 0
      } catch {
        failed += 1
        #expect(error is StorageError || error is RunError, "call \(call): \(error)")
        #expect(!"\(error)".isEmpty)
      }
      if call < beforeTraining { continue }
      for checkpoint in SmallRun.checkpoints(run) { #expect(throws: Never.self) { try small.check(checkpoint) } }
      #expect(SmallRun.temporaries(run).isEmpty, "call \(call): \(SmallRun.temporaries(run))")
      let lines = String(decoding: fileBytes(run + "/stats.jsonl"), as: UTF8.self)
      #expect(lines.isEmpty || lines.hasSuffix("}\n"), "call \(call)")
      // Little is left to do for a session that goes on with a run that is whole, so some of those have to do.
      if SmallRun.checkpoints(run).isEmpty || isWhole && call % 10 != 0 { continue }
      let (ending, _) = try small.resume(run)
      #expect(ending == .finished)
      #expect(fileBytes(SmallRun.checkpoints(run).last!) == expected, "call \(call)")
    }
    // Both ways happen, or the test tests nothing.
    #expect(failed > 0 && finished > failed && warned > 10, "\(finished) finished, \(failed) failed, \(warned) warned")
  }

  /// The disk breaks for good in the midst of the run: training goes to its end and says that its result is lost.
  @Test func aDiskThatStaysBroken() throws {
    let small = SmallRun(options: SmallRun.options(epochs: 3))
    let expected = try small.newestBytes()
    let counting = FaultyDisk()
    let sound = try TemporaryFolder()
    defer { sound.remove() }
    _ = try small.begin(in: sound.path + "/runs", fileSystem: counting)
    var lost = 0
    for call in stride(from: counting.calls / 3, to: counting.calls, by: 7) {
      let folder = try TemporaryFolder()
      let run = folder.path + "/runs/00000-\(small.options.runName)"
      do {
        let disk = FaultyDisk(failing: call, code: EIO, forEver: true)
        let (ending, _) = try small.begin(in: folder.path + "/runs", fileSystem: disk)
        #expect(ending == .finished)
        #expect(fileBytes(SmallRun.checkpoints(run).last ?? "") == expected, "call \(call)")
      } catch {
        lost += 1
        #expect("\(error)".contains("finished at step 6, but its last checkpoint could not be written"), "\(error)")
      }
      let there = SmallRun.checkpoints(run)
      for checkpoint in there { #expect(throws: Never.self) { try small.check(checkpoint) } }
      guard !there.isEmpty else { continue }
      _ = try small.resume(run)
      #expect(fileBytes(SmallRun.checkpoints(run).last!) == expected, "call \(call)")
    }
    #expect(lost > 3, "\(lost)")
  }

  /// A real file system that fills up during the run, and gets more room before it goes on.
  @Test(.enabled(if: SmallDisk.isAllowed, "\(SmallDisk.remark)")) func fullFileSystem() throws {
    var options = SmallRun.options(epochs: 6)
    options.keep = 0
    options.tensorboard = true
    let small = SmallRun(options: options)
    let sound = try TemporaryFolder()
    _ = try small.begin(in: sound.path + "/runs")
    let whole = SmallRun.checkpoints(sound.path + "/runs/00000-\(options.runName)")
    let expected = fileBytes(try #require(whole.last))
    // Room for a half of what the run leaves: the pictures take most of it.
    let disk = try SmallDisk(in: TemporaryFolder(), kilobytes: sound.bytes / 2048)
    let error = #expect(throws: RunError.self) { try small.begin(in: disk.path + "/runs") }
    #expect(error?.description.contains("finished at step 12, but its last checkpoint could not be written") == true)
    let run = disk.path + "/runs/00000-\(options.runName)"
    let there = SmallRun.checkpoints(run)
    #expect(!there.isEmpty && there.count < 6, "\(there.count)")
    for checkpoint in there { #expect(throws: Never.self) { try small.check(checkpoint) } }
    #expect(SmallRun.temporaries(run).isEmpty)

    try #require(disk.grow(toKilobytes: 1 << 14))
    _ = try small.resume(run)
    #expect(fileBytes(SmallRun.checkpoints(run).last!) == expected)
    #expect(History(text: String(decoding: fileBytes(run + "/stats.jsonl"), as: UTF8.self)).steps.last?.step == 12)
  }
}
