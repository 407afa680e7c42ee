import Foundation

/// A real file system in memory that is soon full, for tests that may mount one.
package final class SmallDisk {
  package let path: String
  /// Not removed before the disk is unmounted.
  private let folder: TemporaryFolder

  package init(in folder: TemporaryFolder, kilobytes: Int) throws {
    self.folder = folder
    path = folder("disk")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    guard Self.mount(path, options: "size=\(kilobytes)k") else { throw POSIXError(.EPERM) }
  }

  deinit {
    #if os(Linux)
      // Lazily: a file that a failed test still holds open must not keep the mount for ever.
      umount2(path, Int32(MNT_DETACH))
    #endif
  }

  package func grow(toKilobytes size: Int) -> Bool { Self.mount(path, options: "remount,size=\(size)k") }

  /// The reason that a skipped test gives.
  package static let remark = "needs the right to mount a file system"

  /// Root inside a container has the name but often not the right, so it is tried.
  package static let isAllowed: Bool = {
    guard let place = try? TemporaryFolder() else { return false }
    return (try? SmallDisk(in: place, kilobytes: 64)) != nil
  }()

  private static func mount(_ path: String, options: String) -> Bool {
    #if os(Linux)
      let process = Process()
      process.executableURL = URL(filePath: "/bin/mount")
      process.arguments = ["-t", "tmpfs", "-o", options, "tmpfs", path]
      process.standardError = FileHandle.nullDevice
      guard (try? process.run()) != nil else { return false }
      process.waitUntilExit()
      return process.terminationStatus == 0
    #else
      return false
    #endif
  }
}
