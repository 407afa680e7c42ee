/// A tensor to be written: a description, and where its elements come from when their turn comes. Nothing is copied
/// before that, so a file of any size needs one block of memory beside the tensors themselves.
public struct TensorSource {
  public let name: String
  public let dtype: ElementType
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

  /// Elements from memory that must stay valid and unchanged until the file is written.
  /// The label differs from the array form's, because Swift would turn an array into a pointer that ends with the call.
  /// - Parameter half: round to F16, to nearest, ties to even. A value beyond F16's range is an error.
  public init(_ name: String, memory floats: UnsafePointer<Float>, shape: [Int], half: Bool = false) {
    let count = shape.reduce(1, *)
    self.init(name, half ? .float16 : .float32, shape: shape) { sink in
      if half {
        try sink.putHalves(floats, count: count)
      } else {
        try sink.put(UnsafeRawBufferPointer(start: floats, count: 4 * count))
      }
    }
  }

  public init(_ name: String, floats: [Float], shape: [Int], half: Bool = false) {
    precondition(floats.count == shape.reduce(1, *), "\(name): as many values as its shape says")
    self.init(name, half ? .float16 : .float32, shape: shape) { sink in
      try floats.withUnsafeBufferPointer { values in
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
  fileprivate var digest = DataDigest()
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
    digest.update(bytes)
    try file.write(bytes)
    filled = 0
  }
}

extension SafeTensors {
  /// Writes a file, whole or not at all (`AtomicFile`). Equal tensors and metadata give equal bytes.
  ///
  /// The data begins at a multiple of 8 bytes, wider elements come first so that every tensor is aligned to its
  /// element, and the metadata get the data's digest as `catgan.digest`.
  /// - Precondition: names are not repeated; each source puts what its shape says.
  /// - Throws: `StorageError` for the disk's failures, and what the sources throw; an older file is then untouched.
  public static func write(
    _ tensors: [TensorSource], metadata: [String: String], to path: String, overwrite: Bool, durable: Bool = true,
    fileSystem: any FileSystem = Disk()
  ) throws {
    // Not `sort`, which does not promise to keep the order of equals.
    let ordered = [64, 32, 16, 8, 6, 4].flatMap { bits in tensors.filter { $0.dtype.bits == bits } }
    var header = header(ordered, metadata: metadata, digest: DataDigest().text)
    try AtomicFile.write(path, overwrite: overwrite, durable: durable, fileSystem: fileSystem) { file in
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
      // The digest is known only now; it has the same length whatever it is.
      header = Self.header(ordered, metadata: metadata, digest: sink.digest.text)
      try header.withUnsafeBytes { try file.write($0, at: 0) }
    }
  }

  /// The length and the header, padded with spaces to a multiple of 8.
  private static func header(_ tensors: [TensorSource], metadata: [String: String], digest: String) -> [UInt8] {
    var metadata = metadata
    metadata[digestKey] = digest
    var text = "{\"__metadata__\":{"
    text += metadata.sorted { $0.key < $1.key }.map { "\(json($0.key)):\(json($0.value))" }.joined(separator: ",")
    text += "}"
    var names: Set<String> = ["__metadata__"]
    var offset = 0
    for tensor in tensors {
      precondition(names.insert(tensor.name).inserted, "\(tensor.name) is written once")
      guard let bytes = byteCount(tensor.shape, tensor.dtype) else {
        preconditionFailure("\(tensor.name) is too large or ends within a byte")
      }
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      text += ",\(json(tensor.name)):{\"dtype\":\"\(tensor.dtype.rawValue)\",\"shape\":[\(shape)],"
      text += "\"data_offsets\":[\(offset),\(offset + bytes)]}"
      offset += bytes
    }
    text += "}"
    var bytes = Array(text.utf8)
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: -bytes.count & 7))
    precondition(bytes.count <= maximumHeaderLength, "a header that our own reader accepts")
    let length = withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { Array($0) }
    return length + bytes
  }

  private static func json(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\" + String(scalar)
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
