import Foundation
import Storage
import Testing

@Suite struct AtomicFileTests {
  static let old = Array("the old file".utf8)
  static let new = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

  private func write(_ bytes: [UInt8], to path: String, overwrite: Bool, _ disk: FaultyDisk) throws {
    try AtomicFile.write(path, overwrite: overwrite, fileSystem: disk) { file in
      try bytes.withUnsafeBytes { bytes in
        for start in stride(from: 0, to: bytes.count, by: 1 << 20) {
          try file.write(.init(rebasing: bytes[start..<min(start + 1 << 20, bytes.count)]))
        }
        try file.write(.init(rebasing: bytes[..<8]), at: 0)
      }
    }
  }

  /// Every call fails once, at every place, alone or with all that follow: the old file or the new one, whole, is what
  /// remains; success is only reported for the new one; and nothing else is left behind, unless the disk refuses to
  /// take it away.
  @Test(arguments: [ENOSPC, EIO, EACCES], [false, true])
  func everyCallCanFail(code: Int32, forEver: Bool) throws {
    for exists in [true, false] {
      let counting = FaultyDisk()
      let first = try TemporaryFolder()
      if exists { try write(Self.old, to: first("file"), overwrite: false, FaultyDisk()) }
      try write(Self.new, to: first("file"), overwrite: exists, counting)
      #expect(counting.calls >= 10)

      for call in 0..<counting.calls {
        let directory = try TemporaryFolder()
        if exists { try write(Self.old, to: directory("file"), overwrite: false, FaultyDisk()) }
        var failure: StorageError?
        do {
          let disk = FaultyDisk(failing: call, code: code, forEver: forEver)
          try write(Self.new, to: directory("file"), overwrite: exists, disk)
        } catch {
          failure = error as? StorageError
          #expect(failure?.code == code && failure!.description.contains(directory("file")), "call \(call): \(error)")
        }
        let found = contents(directory("file"))
        if failure == nil { #expect(found == Self.new, "call \(call) of \(counting.calls)") }
        #expect(found == Self.new || found == (exists ? Self.old : nil), "call \(call) of \(counting.calls)")
        if !forEver {
          // Taking away the temporary name is itself one of the calls that can fail.
          let others = directory.names.filter { $0 != "file" }
          #expect(others.isEmpty || failure == nil, "call \(call): \(others)")
        }
      }
    }
  }

  @Test func interruptedAndShortWritesAreContinued() throws {
    let directory = try TemporaryFolder()
    try write(Self.new, to: directory("file"), overwrite: false, FaultyDisk(interruptEvery: 2, writeLimit: 10_007))
    #expect(contents(directory("file")) == Self.new)
    #expect(directory.names == ["file"])
  }

  @Test func leavesAnExistingFileAlone() throws {
    let directory = try TemporaryFolder()
    try AtomicFile.write(directory("file"), text: "old", overwrite: false)
    #expect(throws: StorageError.self) { try AtomicFile.write(directory("file"), text: "new", overwrite: false) }
    // Created by somebody else while ours was being written.
    #expect(throws: StorageError.self) {
      try AtomicFile.write(directory("second"), overwrite: false) { _ in
        try AtomicFile.write(directory("second"), text: "theirs", overwrite: false)
      }
    }
    #expect(contents(directory("file")) == Array("old".utf8))
    #expect(contents(directory("second")) == Array("theirs".utf8))
    #expect(directory.names == ["file", "second"])
  }

  @Test func refusesWhatIsNotAFile() throws {
    let directory = try TemporaryFolder()
    try createDirectory(directory("directory"))
    #expect(mkfifo(directory("pipe"), 0o600) == 0)
    for path in [directory("directory"), directory("pipe"), directory("missing/file"), "/dev/null"] {
      #expect(throws: StorageError.self) { try AtomicFile.write(path, text: "x", overwrite: true) }
    }
    #expect(directory.names == ["directory", "pipe"])
  }

  @Test func whatTheBodyThrowsLeavesNothing() throws {
    struct Stop: Error {}
    let directory = try TemporaryFolder()
    #expect(throws: Stop.self) {
      try AtomicFile.write(directory("file"), overwrite: false) { file in
        try Self.new.withUnsafeBytes { try file.write($0) }
        throw Stop()
      }
    }
    #expect(directory.names == [])
  }

  @Test func abandonedTemporariesAreRemovedAndOthersKept() throws {
    let directory = try TemporaryFolder()
    // Process numbers end far below; 1 is always running.
    let abandoned = ".catgan-999999999-a.tmp"
    let kept = [".catgan-1-a.tmp", ".catgan-x-a.tmp", "file", ".catgan-999999999-a"]
    for name in kept + [abandoned] { try AtomicFile.write(directory(name), text: "x", overwrite: false) }
    removeAbandonedTemporaries(in: directory.path)
    #expect(directory.names == kept.sorted())
  }

  /// A real file system that is full.
  @Test(.enabled(if: SmallDisk.isAllowed, "\(SmallDisk.remark)")) func fullFileSystem() throws {
    let disk = try SmallDisk(in: TemporaryFolder(), kilobytes: 1024)
    let path = "\(disk.path)/file"
    try write(Self.old, to: path, overwrite: false, FaultyDisk())
    let error = #expect(throws: StorageError.self) { try write(Self.new, to: path, overwrite: true, FaultyDisk()) }
    #expect(error?.code == ENOSPC)
    #expect(contents(path) == Self.old)
    #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == ["file"])
  }
}
