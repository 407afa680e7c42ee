import Foundation
import Generation
import Storage
import Testing

@Suite struct CheckpointPathTests {
  /// What cannot be listed is not gone: a run must not begin again over it.
  @Test func foldersThatCannotBeListed() throws {
    let place = try TemporaryFolder()
    #expect(try CheckpointPath.checkpoints(of: place.path).isEmpty)
    try place.write([], to: "checkpoints/epoch0001-step00000005.safetensors")
    #expect(try CheckpointPath.checkpoints(of: place.path).map(\.step) == [5])
    for code in [EACCES, EMFILE, EIO] {
      let error = #expect(throws: StorageError.self) {
        try CheckpointPath.checkpoints(of: place.path, fileSystem: FaultyDisk(failing: 0, code: code))
      }
      #expect(error?.code == code && error?.description.contains(place("checkpoints")) == true)
    }
  }

  @Test func namesWithAnAt() throws {
    let place = try TemporaryFolder()
    defer { place.remove() }
    let folder = place.path
    func make(_ run: String, _ names: [String]) throws {
      try FileManager.default.createDirectory(
        atPath: "\(folder)/\(run)/checkpoints", withIntermediateDirectories: true)
      for name in names { try Data().write(to: URL(filePath: "\(folder)/\(run)/checkpoints/\(name).safetensors")) }
    }
    try make("a", ["epoch0001-step00000005"])
    try make("a@5", ["epoch0001-step00000007", "epoch0001-step00000008-partial", "epoch0002-step00000008", "notes"])
    // What is there is taken as it stands; only the last @ begins a step.
    #expect(CheckpointPath("\(folder)/a@5") == .run("\(folder)/a@5"))
    #expect(CheckpointPath("\(folder)/a@5@7//") == .run("\(folder)/a@5@7"))
    #expect(CheckpointPath("\(folder)/a@5/@7") == .step(7, run: "\(folder)/a@5"))
    #expect(CheckpointPath("\(folder)/a@+7") == .run("\(folder)/a@+7"))
    #expect(
      try CheckpointPath("\(folder)/a@5@7").file().hasSuffix("/a@5/checkpoints/epoch0001-step00000007.safetensors"))
    // Of two of one step the one with more epochs is newer.
    #expect(try CheckpointPath("\(folder)/a@5").file().hasSuffix("epoch0002-step00000008.safetensors"))
    #expect(throws: CheckpointError.self) { try CheckpointPath("\(folder)/a@99999999999999999999").file() }
    try FileManager.default.removeItem(atPath: "\(folder)/a@5")
    #expect(try CheckpointPath("\(folder)/a@5").file().hasSuffix("/a/checkpoints/epoch0001-step00000005.safetensors"))
  }
}
