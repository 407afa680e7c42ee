#if os(Linux)
  import CProcessor
#endif

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  import CHost
#endif

/// Owns a run of floats, aligned for any vector width and never zero-filled on allocation.
///
/// Large buffers start on a 2 MB boundary and ask for huge pages: a weight transform touches dozens of streams at once,
/// more than the first-level TLB holds with 4 KB pages.
public final class Buffer: @unchecked Sendable {
  /// Floats that it holds.
  public let count: Int
  /// The first of them; valid as long as the buffer is.
  public let pointer: UnsafeMutablePointer<Float>

  /// What the memory is part of; nil where it is our own.
  private let whole: Buffer?

  private static let hugePage = 2 << 20
  #if os(Linux)
    private static let returnsMemory: Void = processor_return_memory()
  #endif

  /// Allocates `count` floats with unspecified contents. Where they cannot be had, the process ends with a sentence and
  /// exit code 1: callers that may need much call `Memory.require` first, which throws.
  public init(count: Int) {
    precondition(count >= 0)
    self.count = count
    let (bytes, overflow) = max(count, 16).multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
    let alignment = bytes >= Buffer.hugePage ? Buffer.hugePage : 64
    #if os(Linux)
      _ = Buffer.returnsMemory
    #endif
    var raw: UnsafeMutableRawPointer?
    guard !overflow, posix_memalign(&raw, alignment, bytes) == 0, let raw else { Memory.exhausted(bytes) }
    #if os(Linux)
      if alignment == Buffer.hugePage { madvise(raw, bytes, Int32(MADV_HUGEPAGE)) }
    #endif
    pointer = raw.bindMemory(to: Float.self, capacity: max(count, 16))
    whole = nil
  }

  /// Whether none of the first `count` values, by default of all, is infinite or not a number.
  public func isFinite(first count: Int? = nil) -> Bool {
    let bits = UnsafeRawPointer(pointer).assumingMemoryBound(to: UInt32.self)
    // Exponents of all ones mark infinities and NaN. A loop that can leave at any element is not vectorised.
    var found: UInt32 = 0
    for i in 0..<(count ?? self.count) { found |= bits[i] & 0x7F80_0000 == 0x7F80_0000 ? 1 : 0 }
    return found == 0
  }

  /// A part of another buffer, which lives as long.
  public init(within whole: Buffer, at offset: Int, count: Int) {
    precondition(offset >= 0 && count >= 0 && offset + count <= whole.count)
    self.count = count
    self.whole = whole
    pointer = whole.pointer + offset
  }

  /// A copy of `values`.
  public convenience init(_ values: [Float]) {
    self.init(count: values.count)
    values.withUnsafeBufferPointer { pointer.update(from: $0.baseAddress!, count: $0.count) }
  }

  /// Overwrites every float with `value`.
  public func fill(_ value: Float) { pointer.update(repeating: value, count: count) }

  /// A copy of the contents.
  public var array: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

  deinit { if whole == nil { free(pointer) } }
}
