/// In place of a mapped file: bytes that the page has put into memory.
final class MappedFile: Sendable {
  nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

  /// Takes over a block of `UnsafeMutableRawBufferPointer.allocate`.
  init(taking block: UnsafeMutableRawBufferPointer) { bytes = UnsafeRawBufferPointer(block) }

  convenience init(copying source: UnsafeRawBufferPointer) {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 16)
    block.copyMemory(from: source)
    self.init(taking: block)
  }

  /// There is no disk that it could come from again.
  func release(_ part: Range<Int>) {}

  deinit { bytes.deallocate() }
}

extension SafeTensors {
  /// Reads a file that is in memory, which it takes over.
  /// - Parameter path: the name used in messages.
  public convenience init(taking block: UnsafeMutableRawBufferPointer, path: String) throws(StorageError) {
    try self.init(MappedFile(taking: block), path: path)
  }
}
