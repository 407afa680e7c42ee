/// A tensor to be written: a description, and where its elements come from when their turn comes. Nothing is copied
/// before that, so a file of any size needs one block of memory beside the tensors themselves.
public struct TensorSource {
  /// What the file calls it.
  public let name: String
  /// The type of its elements in the file.
  public let dtype: ElementType
  /// Its extents, the slowest first; empty for a scalar.
  public let shape: [Int]
  /// Puts exactly the tensor's bytes, little-endian, into the sink.
  let produce: (inout TensorSink) throws -> Void

  /// - Parameter produce: puts exactly as many elements of `dtype` as `shape` says, in row-major order.
  public init(
    _ name: String, _ dtype: ElementType, shape: [Int], produce: @escaping (inout TensorSink) throws -> Void
  ) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.produce = produce
  }

  /// Elements that are at hand. See below for `half`.
  public init(_ name: String, floats: [Float], shape: [Int], half: Bool = false) {
    precondition(floats.count == shape.reduce(1, *), "\(name): as many values as its shape says")
    self.init(name, shape: shape, half: half) { floats }
  }

  /// Elements that are made when their turn comes, so that a tensor at a time is in memory.
  /// - Parameter half: round to F16, to nearest, ties to even. A value beyond F16's range is an error.
  public init(_ name: String, shape: [Int], half: Bool, floats: @escaping () throws -> [Float]) {
    self.init(name, half ? .float16 : .float32, shape: shape) { sink in
      try floats().withUnsafeBufferPointer { values in
        if half {
          guard let base = values.baseAddress else { return }
          try sink.putHalves(base, count: values.count)
        } else {
          try sink.put(UnsafeRawBufferPointer(values))
        }
      }
    }
  }

  /// Bit patterns as I64, which every reader of such files knows.
  public init(_ name: String, integers: [UInt64], shape: [Int]? = nil) {
    self.init(name, .int64, shape: shape ?? [integers.count]) { sink in
      try integers.withUnsafeBytes { try sink.put($0) }
    }
  }
}

/// Takes the bytes of tensors, one after the other, and brings them to a file in blocks of the digest's size.
public struct TensorSink: ~Copyable {
  private let block = UnsafeMutableRawBufferPointer.allocate(byteCount: DataDigest.blockSize, alignment: 64)
  private var filled = 0
  fileprivate private(set) var count = 0
  fileprivate var blockDigests: [UInt64] = []
  fileprivate var tensor = ""
  private let file: AtomicFile

  fileprivate init(_ file: AtomicFile) {
    self.file = file
  }

  deinit {
    block.deallocate()
  }

  /// Appends bytes.
  public mutating func put(_ bytes: UnsafeRawBufferPointer) throws {
    var done = 0
    while done < bytes.count {
      let part = min(bytes.count - done, block.count - filled)
      UnsafeMutableRawBufferPointer(rebasing: block[filled..<(filled + part)])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[done..<(done + part)]))
      done += part
      filled += part
      count += part
      if filled == block.count { try flush() }
    }
  }

  /// Appends Floats rounded to F16, to nearest, ties to even.
  public mutating func putHalves(_ values: UnsafePointer<Float>, count: Int) throws {
    let part = 4096
    try withUnsafeTemporaryAllocation(of: UInt16.self, capacity: part) { halves in
      var start = 0
      while start < count {
        let length = min(part, count - start)
        for i in 0..<length {
          halves[i] = FloatConversion.narrowToHalf(values[start + i])
          if halves[i] & 0x7fff >= 0x7c00 {
            throw StorageError(
              "element \(start + i) of tensor \(quoted(tensor)) is \(values[start + i]), which F16 cannot hold; save as F32"
            )
          }
        }
        try put(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(halves)[..<(2 * length)]))
        start += length
      }
    }
  }

  fileprivate mutating func flush() throws {
    if filled == 0 { return }
    let bytes = UnsafeRawBufferPointer(rebasing: block[..<filled])
    blockDigests.append(DataDigest.digest(ofBlock: bytes))
    try file.write(bytes)
    filled = 0
  }
}

extension SafeTensors {
  /// Writes a file, whole or not at all (`AtomicFile`). Equal tensors and metadata give equal bytes.
  ///
  /// The data begins at a multiple of 8 bytes, wider elements come first so that every tensor is aligned to its
  /// element, and the metadata get digests (`SafeTensors+Verification.swift`).
  /// - Precondition: names are not repeated; each source puts what its shape says.
  /// - Throws: `StorageError` for the disk's failures, and what the sources throw; an older file is then untouched.
  public static func write(
    _ tensors: [TensorSource], metadata: [String: String], to path: String, overwrite: Bool,
    fileSystem: any FileSystem = Disk()
  ) throws {
    // Not `sort`, which does not promise to keep the order of equals.
    let ordered = [64, 32, 16, 8, 6, 4].flatMap { bits in tensors.filter { $0.dtype.bits == bits } }
    let bytes = ordered.reduce(0) { $0 + (byteCount($1.shape, $1.dtype) ?? 0) }
    var header = header(
      ordered, metadata: metadata, blockDigests: [UInt64](repeating: 0, count: DataDigest.blockCount(bytes)))
    try AtomicFile.write(path, overwrite: overwrite, fileSystem: fileSystem) { file in
      try header.withUnsafeBytes { try file.write($0) }
      var sink = TensorSink(file)
      for tensor in ordered {
        let before = sink.count
        sink.tensor = tensor.name
        try tensor.produce(&sink)
        precondition(
          sink.count - before == byteCount(tensor.shape, tensor.dtype), "\(tensor.name): bytes as its shape says")
      }
      try sink.flush()
      // The digests are known only now; they have the same length whatever they are.
      header = Self.header(ordered, metadata: metadata, blockDigests: sink.blockDigests)
      try header.withUnsafeBytes { try file.write($0, at: 0) }
    }
  }

  /// The length and the header with its digests.
  private static func header(
    _ sources: [TensorSource], metadata: [String: String], blockDigests: [UInt64]
  ) -> [UInt8] {
    var names: Set<String> = ["__metadata__"]
    let tensors = sources.map { source in
      precondition(names.insert(source.name).inserted, "\(source.name) is written once")
      guard let bytes = byteCount(source.shape, source.dtype) else {
        preconditionFailure("\(source.name) is too large or ends within a byte")
      }
      return HeaderLine(name: source.name, type: source.dtype.rawValue, shape: source.shape, byteCount: bytes)
    }
    var metadata = metadata
    metadata[digestKey] = DataDigest(blockDigests).text
    metadata[blockDigestsKey] = blockDigests.map(DataDigest.text(of:)).joined()
    metadata[headerDigestKey] = headerDigest(tensors, metadata: metadata)
    let header = header(tensors, metadata: metadata)
    precondition(header.count - 8 <= maximumHeaderLength, "a header that our own reader accepts")
    return header
  }
}
