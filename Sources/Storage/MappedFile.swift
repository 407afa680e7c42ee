#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The bytes of a file, mapped into memory: a page is read from the disk when it is first touched, and never twice.
/// The file must not be cut shorter by another program meanwhile; files written by `AtomicFile` never are, because a
/// newer one takes the name and leaves the older one's bytes alone.
final class MappedFile: @unchecked Sendable {
  let bytes: UnsafeRawBufferPointer
  private let mapped: Bool

  /// - Throws: `StorageError` where the file is missing, unreadable, empty or not a regular file.
  init(path: String) throws(StorageError) {
    // Opening a pipe would otherwise wait for its other end.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if file == -1 { throw StorageError("read", path, SystemFailure(errno)) }
    defer { close(file) }
    var status = stat()
    if fstat(file, &status) == -1 { throw StorageError("read", path, SystemFailure(errno)) }
    if status.st_mode & S_IFMT != S_IFREG {
      throw StorageError("cannot read \(quoted(path)): it is not a regular file; name a file")
    }
    let count = Int(status.st_size)
    if count == 0 {
      throw StorageError(
        "cannot read \(quoted(path)): the file is empty; name another one, or download or write it again")
    }
    let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, file, 0)
    guard let address, address != MAP_FAILED else { throw StorageError("read", path, SystemFailure(errno)) }
    bytes = UnsafeRawBufferPointer(start: address, count: count)
    mapped = true
  }

  /// A copy of `bytes` in a block of exactly their size, so that a checker sees any read beyond them.
  init(copying source: UnsafeRawBufferPointer) {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 8)
    block.copyMemory(from: source)
    bytes = UnsafeRawBufferPointer(block)
    mapped = false
  }

  /// Lets go of the memory of a part of the file; what is read there again comes from the disk, or from its cache.
  func release(_ part: Range<Int>) {
    guard mapped else { return }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    // Whole pages only: a neighbour may still be needed.
    let first = (part.lowerBound + page - 1) / page * page
    let last = part.upperBound / page * page
    guard first < last else { return }
    madvise(UnsafeMutableRawPointer(mutating: bytes.baseAddress! + first), last - first, MADV_DONTNEED)
  }

  deinit {
    if mapped {
      munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    } else {
      bytes.deallocate()
    }
  }
}

extension SafeTensors {
  /// Opens and checks a file.
  /// - Throws: `StorageError`, naming the file, what is wrong with it, and a remedy.
  public convenience init(path: String) throws(StorageError) {
    try self.init(MappedFile(path: path), path: path)
  }
}

/// All bytes of a small file.
/// - Throws: `StorageError` where the file is missing, unreadable, empty or not a regular file.
public func contents(of path: String) throws(StorageError) -> [UInt8] {
  let file = try MappedFile(path: path)
  return withExtendedLifetime(file) { Array(file.bytes) }
}
