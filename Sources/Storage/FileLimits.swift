#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Makes sure that a file of `bytes` may be written, where the system limits the size of files (`ulimit -f`).
/// - Parameter what: the file, such as `a checkpoint`.
/// - Throws: `StorageError` where it may not.
public func requireFileSize(_ bytes: Int, for what: String) throws(StorageError) {
  var limit = rlimit()
  #if canImport(Darwin)
    let known = getrlimit(RLIMIT_FSIZE, &limit) == 0
  #else
    let known = getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0
  #endif
  // What is unlimited is a number that no Int holds.
  guard known, let most = Int(exactly: limit.rlim_cur), most < bytes else { return }
  throw StorageError(
    "\(what) takes about \((bytes + 999_999) / 1_000_000) MB, and no file may be larger than \(most) bytes here; "
      + "raise the limit on file sizes (ulimit -f)")
}

/// A directory, or the nearest one around it that is there.
private func existing(_ path: String) -> String {
  var place = path
  while access(place, F_OK) != 0, place != directory(of: place) { place = directory(of: place) }
  return place
}

/// Makes sure that files can be made in a directory, which need not be there yet: before the work and not after it.
/// - Throws: `StorageError` where they cannot.
public func requireWritable(_ directory: String) throws(StorageError) {
  if access(existing(directory), W_OK | X_OK) != 0 { throw StorageError("write to", directory, SystemFailure(errno)) }
}

/// Makes sure that a file of `bytes` fits on the disk of a directory, which need not be there yet.
/// - Parameter what: the file, such as `a checkpoint`.
/// - Throws: `StorageError` where the system says that less is free.
public func requireSpace(_ bytes: Int, in directory: String, for what: String) throws(StorageError) {
  var status = statvfs()
  guard statvfs(existing(directory), &status) == 0 else { return }
  let free = Double(status.f_bavail) * Double(status.f_frsize)
  guard free < Double(bytes) else { return }
  throw StorageError(
    "\(what) takes about \((bytes + 999_999) / 1_000_000) MB, and \(Int(free) / 1_000_000) MB are free where "
      + "\(quoted(directory)) is; free some space or choose another place")
}

/// Makes sure that so many files can be open beside those that are (`ulimit -n`): the system's thread pool ends the
/// process where it cannot have its own. To be called before any thread is started.
/// - Throws: `StorageError` where they cannot.
public func requireOpenFiles(_ count: Int) throws(StorageError) {
  var files: [Int32] = []
  defer { for file in files { close(file) } }
  while files.count < count {
    let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
    if file == -1 {
      let failure = SystemFailure(errno)
      throw StorageError(
        "\(count) more files must be open at once, and \(files.count) can be (\(failure.reason)); \(failure.remedy)",
        code: failure.code)
    }
    files.append(file)
  }
}
