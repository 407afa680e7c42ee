#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The calls by which checkpoints, statistics and whole files of any kind get onto a disk, so that a test can put a failing
/// disk in its place.
/// The calls mean what their POSIX namesakes mean, short writes included; nothing here retries or hides anything.
/// Reading whole files is not part of it: a checkpoint is mapped (`MappedFile`), which changes nothing.
public protocol FileSystem: Sendable {
  /// Opens a file, or makes one where `flags` say so, and returns its descriptor.
  func open(_ path: String, flags: Int32, mode: mode_t) throws(SystemFailure) -> Int32
  /// Gives a descriptor back.
  func close(_ file: Int32) throws(SystemFailure)
  /// Writes some of `bytes` at `offset` and returns how many, as `pwrite` does.
  func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemFailure) -> Int
  /// Reads from `offset` on, overwriting the beginning of `bytes`, and returns how many bytes it read; 0 at the end of the file.
  func read(_ file: Int32, into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemFailure) -> Int
  /// The file's length in bytes.
  func size(_ file: Int32) throws(SystemFailure) -> Int
  /// Makes the file `length` bytes long: cuts it, or adds zeros.
  func truncate(_ file: Int32, to length: Int) throws(SystemFailure)
  /// Returns when the file's contents are on the disk, as far as the system can know.
  func synchronize(_ file: Int32) throws(SystemFailure)
  /// Takes an exclusive lock that other processes honour and that dies with the file descriptor.
  func lock(_ file: Int32) throws(SystemFailure)
  /// Gives a file another name; a file that has that name already is replaced in one step.
  func rename(_ old: String, to new: String) throws(SystemFailure)
  /// Gives a file a second name; fails with `EEXIST` where the name is taken.
  func link(_ old: String, to new: String) throws(SystemFailure)
  /// Takes away a name that is no directory's.
  func remove(_ path: String) throws(SystemFailure)
  /// Makes one directory; fails with `EEXIST` where the name is taken.
  func makeDirectory(_ path: String) throws(SystemFailure)
  /// What a path leads to, symbolic links followed.
  func kind(of path: String) throws(SystemFailure) -> FileKind
  /// The names in a directory, in no particular order, without `.` and `..`.
  func names(in directory: String) throws(SystemFailure) -> [String]
}

/// What a path leads to.
public enum FileKind: Sendable {
  case absent, file, directory, other
}

/// A system call's failure.
public struct SystemFailure: Error, Equatable, Sendable {
  /// The `errno` that it left.
  public let code: Int32

  /// - Parameter code: an `errno`.
  public init(_ code: Int32) {
    self.code = code
  }

  /// The system's own words, such as `No space left on device`.
  package var reason: String { String(cString: strerror(code)) }

  /// The reason and what to do about it.
  package var words: String { "\(reason); \(remedy)" }

  /// What a person can do about it.
  var remedy: String {
    switch code {
    case ENOSPC, EDQUOT: "free some space or choose another place"
    case EACCES, EPERM: "check the permissions or choose another place"
    case EROFS: "choose a place that can be written to"
    case ENOENT, ENOTDIR: "check the path"
    case EEXIST: "choose another name"
    case ENAMETOOLONG: "choose a shorter name"
    case EISDIR: "name a file, not a directory"
    case EMFILE, ENFILE: "close other programs or raise the limit on open files (ulimit -n)"
    case EFBIG: "raise the limit on file sizes (ulimit -f)"
    case ENOMEM: "close other programs, or raise the limit on memory (ulimit -v)"
    default: "check the disk and try again"
    }
  }
}

extension StorageError {
  /// `cannot <action> '<path>': <the system's reason>; <remedy>`.
  init(_ action: String, _ path: String, _ failure: SystemFailure) {
    self.init("cannot \(action) \(quoted(path)): \(failure.reason); \(failure.remedy)", code: failure.code)
  }
}

/// The real disk.
public struct Disk: FileSystem {
  /// All are the same disk.
  public init() {}

  public func open(_ path: String, flags: Int32, mode: mode_t) throws(SystemFailure) -> Int32 {
    #if canImport(Darwin)
      try succeeded(Darwin.open(path, flags, mode))
    #else
      try succeeded(Glibc.open(path, flags, mode))
    #endif
  }

  public func close(_ file: Int32) throws(SystemFailure) {
    #if canImport(Darwin)
      _ = try succeeded(Darwin.close(file))
    #else
      _ = try succeeded(Glibc.close(file))
    #endif
  }

  public func write(
    _ file: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int
  ) throws(SystemFailure) -> Int {
    try succeeded(pwrite(file, bytes.baseAddress, bytes.count, off_t(offset)))
  }

  public func read(
    _ file: Int32, into bytes: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(SystemFailure) -> Int {
    try succeeded(pread(file, bytes.baseAddress, bytes.count, off_t(offset)))
  }

  public func size(_ file: Int32) throws(SystemFailure) -> Int {
    var status = stat()
    _ = try succeeded(fstat(file, &status))
    return Int(status.st_size)
  }

  public func truncate(_ file: Int32, to length: Int) throws(SystemFailure) {
    _ = try succeeded(ftruncate(file, off_t(length)))
  }

  public func synchronize(_ file: Int32) throws(SystemFailure) {
    #if canImport(Darwin)
      // On Apple's systems fsync leaves the data in the drive's cache.
      if fcntl(file, F_FULLFSYNC) == 0 { return }
    #endif
    _ = try succeeded(fsync(file))
  }

  public func lock(_ file: Int32) throws(SystemFailure) {
    _ = try succeeded(flock(file, LOCK_EX))
  }

  public func rename(_ old: String, to new: String) throws(SystemFailure) {
    #if canImport(Darwin)
      _ = try succeeded(Darwin.rename(old, new))
    #else
      _ = try succeeded(Glibc.rename(old, new))
    #endif
  }

  public func link(_ old: String, to new: String) throws(SystemFailure) {
    #if canImport(Darwin)
      _ = try succeeded(Darwin.link(old, new))
    #else
      _ = try succeeded(Glibc.link(old, new))
    #endif
  }

  public func remove(_ path: String) throws(SystemFailure) {
    _ = try succeeded(unlink(path))
  }

  public func makeDirectory(_ path: String) throws(SystemFailure) {
    _ = try succeeded(mkdir(path, 0o777))
  }

  public func kind(of path: String) throws(SystemFailure) -> FileKind {
    var status = stat()
    guard stat(path, &status) == 0 else {
      let failure = SystemFailure(errno)
      if failure.code == ENOENT { return .absent }
      throw failure
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .directory
    default: return .other
    }
  }

  public func names(in directory: String) throws(SystemFailure) -> [String] {
    let (names, failure) = directory.withCString { listing($0) }
    if let failure { throw failure }
    return names.map { String(decoding: $0, as: UTF8.self) }
  }

  /// A call's result, or the reason for its -1.
  private func succeeded<Result: SignedInteger>(_ result: Result) throws(SystemFailure) -> Result {
    if result == -1 { throw SystemFailure(errno) }
    return result
  }
}

/// The names in a directory as bytes, in no particular order, without `.` and `..`: all of them, or those before a failure.
package func listing(_ directory: UnsafePointer<CChar>) -> (names: [[UInt8]], failure: SystemFailure?) {
  guard let handle = opendir(directory) else { return ([], SystemFailure(errno)) }
  defer { closedir(handle) }
  var names: [[UInt8]] = []
  while true {
    errno = 0
    guard let entry = readdir(handle) else { return (names, errno == 0 ? nil : SystemFailure(errno)) }
    // Read in place: the field is declared far shorter on some systems than a name can be.
    let offset = MemoryLayout<dirent>.offset(of: \dirent.d_name)!
    let start = (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self)
    let name = UnsafeBufferPointer(start: start, count: strlen(start)).map { UInt8(bitPattern: $0) }
    if name != [46] && name != [46, 46] { names.append(name) }
  }
}
