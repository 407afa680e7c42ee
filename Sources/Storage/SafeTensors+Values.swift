/// Reading numbers: every format that a tensor of weights comes in, widened to Float.
extension SafeTensors {
  /// Reads a tensor of F32, F16, BF16 or F64 elements, in the file's order (row-major), overwriting `output`.
  /// F64 is rounded to nearest; the others are exact.
  /// - Parameters:
  ///   - output: room for the product of `shape`.
  ///   - shape: what the tensor's shape must be.
  ///   - finite: refuse infinities and NaNs, which weights and statistics never are.
  /// - Throws: `StorageError`, naming the file, the tensor and what is wrong; `output` is then unspecified.
  public func floats(
    _ name: String, into output: UnsafeMutablePointer<Float>, shape: [Int], finite: Bool = true
  ) throws(StorageError) {
    let entry = try entry(name)
    if entry.shape != shape {
      throw StorageError(
        "\(quoted(path)): tensor \(quoted(name)) has the shape \(entry.shape), and \(shape) is needed;"
          + " use a file of the same preset and width")
    }
    let count = shape.reduce(1, *)
    try withBytes(name) { bytes throws(StorageError) in
      switch entry.dtype {
      case .float32:
        UnsafeMutableRawBufferPointer(start: output, count: bytes.count).copyMemory(from: bytes)
      case .float16:
        for i in 0..<count {
          output[i] = FloatConversion.widenHalf(bytes.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self))
        }
      case .bfloat16:
        for i in 0..<count {
          output[i] = Float(bitPattern: UInt32(bytes.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)) << 16)
        }
      case .float64:
        for i in 0..<count { output[i] = Float(bytes.loadUnaligned(fromByteOffset: 8 * i, as: Double.self)) }
      default:
        throw StorageError(
          "\(quoted(path)): tensor \(quoted(name)) holds \(quoted(entry.type)), and F16, BF16, F32 or F64 are needed;"
            + " save it as F32")
      }
    }
    if finite, let index = FloatConversion.firstNonFinite(output, count: count) {
      throw StorageError(
        "\(quoted(path)): element \(index) of tensor \(quoted(name)) is \(output[index]), not a finite number;"
          + " use a checkpoint from before the training diverged")
    }
  }

  /// The same, as an array of the tensor's own shape where `shape` is nil.
  public func floats(_ name: String, shape: [Int]? = nil, finite: Bool = true) throws(StorageError) -> [Float] {
    // The file holds that many elements, so their number is in proportion to its size.
    let actual = try entry(name).shape
    let shape = shape ?? actual
    let count = actual.reduce(1, *)
    guard count > 0 else {
      var none: Float = 0
      try floats(name, into: &none, shape: shape, finite: finite)
      return []
    }
    var failure: StorageError?
    let values = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(StorageError) {
        try floats(name, into: buffer.baseAddress!, shape: shape, finite: finite)
        initialized = count
      } catch { failure = error }
    }
    if let failure { throw failure }
    return values
  }

  /// The same of variances and other means of squares.
  /// - Throws: `StorageError` also where a number is below 0.
  public func variances(_ name: String, shape: [Int]? = nil) throws(StorageError) -> [Float] {
    let values = try floats(name, shape: shape)
    if let index = values.firstIndex(where: { $0 < 0 }) {
      throw StorageError(
        "\(quoted(path)): element \(index) of tensor \(quoted(name)) is \(values[index]), and a variance is never negative;"
          + " use an intact copy of the file")
    }
    return values
  }

  /// Reads a scalar that counts something, such as PyTorch's `num_batches_tracked`.
  /// - Throws: `StorageError` where the tensor is missing, of another type or shape, or below 0.
  public func count(_ name: String) throws(StorageError) -> Int {
    let bits = try integers(name, shape: [])[0]
    guard let count = Int(exactly: bits) else {
      throw StorageError(
        "\(quoted(path)): tensor \(quoted(name)) is \(Int64(bitPattern: bits)), and a count is never negative;"
          + " use an intact copy of the file")
    }
    return count
  }

  /// Reads a tensor of I64 or U64 elements as bit patterns: counters and random states.
  /// - Throws: `StorageError` where the tensor is missing, or of another type or shape.
  public func integers(_ name: String, shape: [Int]? = nil) throws(StorageError) -> [UInt64] {
    let entry = try entry(name)
    if let shape, entry.shape != shape {
      throw StorageError(
        "\(quoted(path)): tensor \(quoted(name)) has the shape \(entry.shape), and \(shape) is needed;"
          + " use a file that was saved by the same program")
    }
    guard entry.dtype == .int64 || entry.dtype == .uint64 else {
      throw StorageError(
        "\(quoted(path)): tensor \(quoted(name)) holds \(quoted(entry.type)), and I64 is needed;"
          + " use a file that was saved by the same program")
    }
    return try withBytes(name) { bytes in
      (0..<(bytes.count / 8)).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
    }
  }
}
