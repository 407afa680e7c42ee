#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

private let prefix = ".catgan-"
private let suffix = ".tmp"

/// A name that no other file of the directory has: it holds the process and a random number. It does not hold the
/// final name, which may already be as long as the file system allows.
func temporaryName(in directory: String) -> String {
  "\(directory)/\(prefix)\(getpid())-\(String(UInt64.random(in: 0...UInt64.max), radix: 16))\(suffix)"
}

/// Removes the temporary files that killed processes left in `directory`; those of running processes stay.
/// Failures are not reported: the files only take space, and the next call tries again.
public func removeAbandonedTemporaries(in directory: String, fileSystem: any FileSystem = Disk()) {
  for name in (try? fileSystem.names(in: directory)) ?? [] where name.hasPrefix(prefix) && name.hasSuffix(suffix) {
    let process = name.dropFirst(prefix.count).prefix { $0 != "-" }
    guard let process = pid_t(process), process > 0, process != getpid() else { continue }
    if kill(process, 0) == -1 && errno == ESRCH { fileSystem.discard("\(directory)/\(name)") }
  }
}
