#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Creates a directory and the missing ones above it; one that is there already is fine.
public func createDirectory(_ path: String, fileSystem: any FileSystem = Disk()) throws {
  do throws(SystemFailure) {
    try create(path, fileSystem)
  } catch {
    throw StorageError("create the directory", path, error)
  }
}

/// The names in a directory, in no particular order; none where there is no such directory.
/// - Throws: `StorageError` where there is one whose names the system does not tell.
public func names(in directory: String, fileSystem: any FileSystem = Disk()) throws(StorageError) -> [String] {
  do throws(SystemFailure) {
    return try fileSystem.uninterrupted { () throws(SystemFailure) in try fileSystem.names(in: directory) }
  } catch {
    if [ENOENT, ENOTDIR].contains(error.code) { return [] }
    throw StorageError("list", directory, error)
  }
}

/// Creates `<parent>/<number>-<name>` with a number of five digits, one above the highest that any entry of `parent`
/// begins with, and returns its path. Two processes that do so at once get two numbers, and a directory that is
/// there is never taken: `parent` is locked meanwhile, and the last word is the system's, which makes a directory
/// only once.
public func createNumberedDirectory(
  in parent: String, name: String, fileSystem: any FileSystem = Disk()
) throws -> String {
  precondition(!name.utf8.contains(UInt8(ascii: "/")), "a directory's name holds no slash")
  do throws(SystemFailure) {
    try create(parent, fileSystem)
    let lock = try fileSystem.uninterrupted { () throws(SystemFailure) in
      try fileSystem.open(parent, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC, mode: 0)
    }
    defer { try? fileSystem.close(lock) }
    do throws(SystemFailure) {
      try fileSystem.uninterrupted { () throws(SystemFailure) in try fileSystem.lock(lock) }
    } catch {
      // Without locks the number may be shared by two runs of different names; their directories still differ.
      guard [ENOLCK, ENOTSUP, EOPNOTSUPP, ENOSYS, EINVAL].contains(error.code) else { throw error }
    }
    let used = try fileSystem.names(in: parent).compactMap { Int($0.prefix { $0.isASCII && $0.isNumber }) }
    var number = (used.max() ?? -1) + 1
    while true {
      let path = "\(parent)/\(zeroPadded(number, 5))-\(name)"
      do throws(SystemFailure) {
        try fileSystem.makeDirectory(path)
        return path
      } catch {
        if error.code != EEXIST { throw error }
      }
      number += 1
    }
  } catch {
    throw StorageError("create a directory in", parent, error)
  }
}

private func create(_ path: String, _ fileSystem: any FileSystem) throws(SystemFailure) {
  do throws(SystemFailure) {
    try fileSystem.makeDirectory(path)
  } catch {
    switch error.code {
    case EEXIST, EISDIR:
      if try fileSystem.kind(of: path) != .directory { throw SystemFailure(ENOTDIR) }
    case ENOENT:
      let above = directory(of: path)
      if above == path || above == "." { throw error }
      try create(above, fileSystem)
      do throws(SystemFailure) {
        try fileSystem.makeDirectory(path)
      } catch {
        // Somebody else was faster.
        let kind = try fileSystem.kind(of: path)
        if error.code != EEXIST || kind != .directory { throw error }
      }
    default:
      throw error
    }
  }
}
