// Files of pictures, read and made whole.

import Images
import Storage

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension BytePath {
  /// The file's bytes, or at most its first `prefix`.
  ///
  /// Only regular files are read: a pipe or device would block or never end.
  /// - Throws: `PictureError` for what the system refuses and for files longer than `limit` bytes.
  package func read(prefix: Int? = nil, limit: Int) throws(PictureError) -> [UInt8] {
    let file = withCString { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard file >= 0 else { throw PictureError("cannot be opened: \(SystemFailure(errno).reason)") }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw PictureError("cannot be examined: \(SystemFailure(errno).reason)") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw PictureError("is not a regular file") }
    let size = Int(status.st_size)
    guard prefix != nil || size <= limit else {
      throw PictureError("is \(size) bytes long; at most \(limit) are read")
    }
    let wanted = min(size, prefix ?? size)
    // An array made with room for nothing is the library's shared one, whose count must not be written.
    guard wanted > 0 else { return [] }
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
      while count < wanted {
        #if canImport(Glibc)
          let got = Glibc.read(file, buffer.baseAddress! + count, wanted - count)
        #else
          let got = Darwin.read(file, buffer.baseAddress! + count, wanted - count)
        #endif
        if got < 0 && errno == EINTR { continue }
        if got < 0 { failure = errno }
        if got <= 0 { break }
        count += got
      }
    }
    guard failure == 0 else { throw PictureError("cannot be read: \(SystemFailure(failure).reason)") }
    return bytes
  }

  /// Makes a new file with these bytes; `created` is called as soon as there is one, which may stay incomplete.
  /// - Throws: `PictureError` if the file exists or the system refuses.
  package func create(_ data: [UInt8], created: () -> Void) throws(PictureError) {
    let file = withCString { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
    guard file >= 0 else { throw PictureError("cannot be made: \(SystemFailure(errno).words)") }
    created()
    var failure: Int32 = 0
    data.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count && failure == 0 {
        #if canImport(Glibc)
          let put = Glibc.write(file, bytes.baseAddress! + done, bytes.count - done)
        #else
          let put = Darwin.write(file, bytes.baseAddress! + done, bytes.count - done)
        #endif
        if put >= 0 { done += put } else if errno != EINTR { failure = errno }
      }
    }
    if close(file) != 0 && failure == 0 { failure = errno }
    guard failure == 0 else { throw PictureError("cannot be written: \(SystemFailure(failure).words)") }
  }
}
