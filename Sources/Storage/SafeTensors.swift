/// A safetensors file, open for reading: u64 little-endian length of the header, the header in JSON, the data. The file
/// is mapped, and nothing of its header is believed before everything in it has been checked, so an instance only
/// exists for a sound file: every tensor is within the data, the tensors follow one another without holes or
/// overlaps, and together they are exactly the data.
///
/// Whether the data is as it was written is another question: `verifyDigest`.
public final class SafeTensors: Sendable {
  /// A tensor's description.
  struct Entry: Sendable {
    var name: String
    /// The type's name as the file has it, which may be newer than this program.
    var type: String
    var dtype: ElementType?
    var shape: [Int]
    /// In bytes from the beginning of the file.
    var range: Range<Int>
  }

  /// The longest header that the format allows.
  static let maximumHeaderLength = 100_000_000

  /// The file's name, for messages.
  public let path: String
  /// The header's `__metadata__`, as the file has it; empty where there is none. Not checked here.
  public let metadata: [String: String]
  /// The tensors' names, in the order of their data.
  public let names: [String]

  private let file: MappedFile
  private let entries: [String: Entry]
  let dataStart: Int

  /// Reads a file that is already in memory; `path` is the name used in messages. The bytes are copied.
  /// - Throws: `StorageError`, naming the file, what is wrong with it, and a remedy.
  public convenience init(bytes: UnsafeRawBufferPointer, path: String) throws(StorageError) {
    try self.init(MappedFile(copying: bytes), path: path)
  }

  /// Checks a file.
  init(_ file: MappedFile, path: String) throws(StorageError) {
    self.path = path
    self.file = file
    do throws(JSONScanner.Failure) {
      let header = try Self.header(of: file.bytes)
      metadata = header.metadata
      dataStart = header.dataStart
      names = header.entries.map { $0.name }
      entries = Dictionary(uniqueKeysWithValues: header.entries.map { ($0.name, $0) })
    } catch {
      if let foreign = ForeignFile(file.bytes, path: path) {
        throw StorageError("\(quoted(path)) is no safetensors file but \(foreign.kind); \(foreign.remedy)")
      }
      throw StorageError("\(quoted(path)) is no sound safetensors file: \(error.description); \(error.remedy)")
    }
  }

  /// Finds and checks the header.
  private static func header(
    of file: UnsafeRawBufferPointer
  ) throws(JSONScanner.Failure) -> (entries: [Entry], metadata: [String: String], dataStart: Int) {
    if file.count < 10 {
      throw .init(description: "it has only \(file.count) bytes", remedy: JSONScanner.Failure.fetchAgain)
    }
    let length = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
    if length > UInt64(maximumHeaderLength) {
      throw .init(
        description:
          "it begins with \(length) as the length of its header, and at most \(maximumHeaderLength) is allowed")
    }
    if length > UInt64(file.count - 8) { throw .cutShort(file.count, of: 8 + Int(length), least: true) }
    let dataStart = 8 + Int(length)
    let text = UnsafeBufferPointer(rebasing: file.bindMemory(to: UInt8.self)[8..<dataStart])
    if String(validating: text, as: UTF8.self) == nil { throw .init(description: "the header is not UTF-8") }
    var (scanned, metadata) = try JSONScanner.header(text)
    scanned.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }
    try check(scanned, available: file.count - dataStart, fileCount: file.count)
    let entries = scanned.map { tensor in
      Entry(
        name: tensor.name, type: tensor.dtype, dtype: ElementType(rawValue: tensor.dtype), shape: tensor.shape,
        range: (dataStart + tensor.begin)..<(dataStart + tensor.end))
    }
    return (entries, metadata, dataStart)
  }

  /// Checks that tensors, in the order of their data, are exactly the `available` bytes, and each as long as its shape
  /// and type say. What a type unknown here needs cannot be said, so its extent is believed.
  private static func check(
    _ tensors: [HeaderEntry], available: Int, fileCount: Int
  ) throws(JSONScanner.Failure) {
    var end = 0
    for tensor in tensors {
      if tensor.begin != end {
        let what = tensor.begin > end ? "leaves a hole before" : "overlaps with the tensor before"
        throw .init(description: "tensor \(quoted(tensor.name)) \(what) its offset \(tensor.begin)")
      }
      guard tensor.end >= tensor.begin else {
        throw .init(description: "tensor \(quoted(tensor.name)) ends at \(tensor.end), before its beginning")
      }
      end = tensor.end
      let type = ElementType(rawValue: tensor.dtype)
      guard let bytes = byteCount(tensor.shape, type ?? .uint8) else {
        throw .init(description: "tensor \(quoted(tensor.name)) has the impossible shape \(tensor.shape)")
      }
      // An element of any type has at least a bit.
      let extent = tensor.end - tensor.begin
      if type == nil ? bytes / 8 > extent : bytes != extent {
        throw .init(
          description: "tensor \(quoted(tensor.name)) of shape \(tensor.shape) needs \(bytes) bytes and has"
            + " \(extent)")
      }
    }
    if end > available {
      let start = fileCount - available
      throw .cutShort(fileCount, of: start + min(end, .max - start))
    }
    if end < available {
      throw .init(description: "its tensors end at byte \(end) of the data, which has \(available) bytes")
    }
  }

  /// Bytes of a tensor; nil if they are more than an Int can say, or no whole number.
  static func byteCount(_ shape: [Int], _ dtype: ElementType) -> Int? {
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      if overflow { return nil }
      count = product
    }
    let (bits, overflow) = count.multipliedReportingOverflow(by: dtype.bits)
    return overflow || bits % 8 != 0 ? nil : bits / 8
  }

  /// The bytes of the whole file.
  public var byteCount: Int { file.bytes.count }

  /// Whether the file has a tensor of that name.
  public func contains(_ name: String) -> Bool { entries[name] != nil }

  /// The tensor's extents; nil where there is no such tensor.
  public func shape(of name: String) -> [Int]? { entries[name]?.shape }

  /// The tensor's element type; nil where there is no such tensor, or its type is none that is known here.
  public func dtype(of name: String) -> ElementType? { entries[name]?.dtype }

  /// The tensor's description.
  /// - Throws: `StorageError` where there is no such tensor.
  func entry(_ name: String) throws(StorageError) -> Entry {
    if let entry = entries[name] { return entry }
    throw StorageError(
      "\(quoted(path)) lacks the tensor \(quoted(name)); use a file that was saved by the same program")
  }

  /// Calls `body` with a tensor's bytes, little-endian and not aligned to anything.
  public func withBytes<Result>(
    _ name: String, _ body: (UnsafeRawBufferPointer) throws(StorageError) -> Result
  ) throws(StorageError) -> Result {
    let range = try entry(name).range
    defer { withExtendedLifetime(file) {} }
    return try body(UnsafeRawBufferPointer(rebasing: file.bytes[range]))
  }

  /// Lets go of the memory of a tensor that was read and is not needed again; it can still be read.
  public func release(_ name: String) throws(StorageError) { file.release(try entry(name).range) }

  /// The same for a part of the data.
  func release(data part: Range<Int>) { file.release(part.lowerBound + dataStart..<part.upperBound + dataStart) }

  /// Calls `body` with the bytes of all tensors.
  func withData<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    withExtendedLifetime(file) { body(UnsafeRawBufferPointer(rebasing: file.bytes[dataStart...])) }
  }
}
