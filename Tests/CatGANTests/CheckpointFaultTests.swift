// A checkpoint that is being saved over an older one while the disk fails: one of the two is there, whole.

import Foundation
import Generation
import Storage
import Testing

@testable import CatGAN

@Suite struct CheckpointFaultTests {
  /// Writes of the disk take so many bytes at a time, which makes several writes of one checkpoint.
  static let writeLimit = 40_009

  /// Fails each call of `save` once, at every place, alone or with all that follow, and checks what remains.
  /// - Parameters:
  ///   - save: saves the new file over the old one to a path on a disk.
  ///   - load: reads a file as a program would that goes on with it.
  private func failEveryCall(
    _ code: Int32, forEver: Bool, save: (String, any FileSystem) throws -> Void, load: (String) throws -> Void,
    old: [UInt8]
  ) throws {
    let whole = try TemporaryFolder()
    try Data(old).write(to: URL(filePath: whole.path + "/file"))
    let counting = FaultyDisk(writeLimit: Self.writeLimit)
    try save(whole.path + "/file", counting)
    let new = fileBytes(whole.path + "/file")
    #expect(counting.calls > 8 && new != old)

    var kept = (old: 0, new: 0)
    for call in 0..<counting.calls {
      let folder = try TemporaryFolder()
      let path = folder.path + "/file"
      try Data(old).write(to: URL(filePath: path))
      let disk = FaultyDisk(failing: call, code: code, forEver: forEver, writeLimit: Self.writeLimit)
      var failed = false
      do {
        try save(path, disk)
      } catch {
        failed = true
        #expect((error as? StorageError)?.code == code, "call \(call): \(error)")
        #expect("\(error)".contains(path), "call \(call): \(error)")
      }
      let found = fileBytes(path)
      #expect(found == new || failed && found == old, "call \(call) of \(counting.calls)")
      found == new ? (kept.new += 1) : (kept.old += 1)
      #expect(throws: Never.self, "call \(call)") { try load(path) }
      // A disk that fails for ever does not take temporary files away either; the next session does.
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(names == ["file"] || forEver && names.count == 2, "call \(call): \(names)")
    }
    // Only bringing the directory to the disk comes after the new file has its name.
    #expect(kept.old > kept.new && kept.new > 0, "\(kept)")
  }

  @Test(arguments: [ENOSPC, EIO], [false, true]) func training(code: Int32, forEver: Bool) throws {
    let training = SmallTraining(seed: 5)
    training.train(1)
    let old = try training.bytes()
    training.train(1)
    let reader = SmallTraining(seed: 6)
    try failEveryCall(
      code, forEver: forEver, save: { try training.save($0, fileSystem: $1) }, load: { _ = try reader.load($0) },
      old: old)
    // The training itself has not noticed.
    let undisturbed = SmallTraining(seed: 5)
    undisturbed.train(3)
    training.train(1)
    #expect(try training.bytes() == undisturbed.bytes())
  }

  @Test(arguments: [ENOSPC, EIO], [false, true]) func export(code: Int32, forEver: Bool) throws {
    let training = SmallTraining(seed: 5)
    func save(_ path: String, _ disk: any FileSystem) throws {
      try Checkpoint.exportGenerator(
        training.trainer.generator.store, networks: SmallTraining.networks, state: training.state, half: true,
        to: path, overwrite: true, fileSystem: disk)
    }
    let folder = try TemporaryFolder()
    try save(folder.path + "/file", Disk())
    let old = fileBytes(folder.path + "/file")
    training.train(1)
    let reader = SmallTraining(seed: 6)
    try failEveryCall(
      code, forEver: forEver, save: save,
      load: { try Checkpoint.loadGenerator(SafeTensors(path: $0), into: reader.average.store) }, old: old)
  }
}
