/// A header entry as the file has it; nothing about it has been checked but its form.
struct HeaderEntry {
  var name: String
  var dtype: String
  var shape: [Int]
  var begin: Int
  var end: Int
}

/// Reads the JSON of a safetensors header, as strictly and as leniently as the format's own library does: fields of a
/// tensor that it does not know are skipped, and a header without metadata may say so with null. Only a name that
/// occurs twice is refused here, as the format's description has it, where the library keeps the last.
extension JSONScanner {
  /// - Parameter bytes: the header; must be valid UTF-8.
  static func header(
    _ bytes: UnsafeBufferPointer<UInt8>
  ) throws(Failure) -> (entries: [HeaderEntry], metadata: [String: String]) {
    var scanner = JSONScanner(bytes, of: "the header")
    return try scanner.header()
  }

  private mutating func header() throws(Failure) -> (entries: [HeaderEntry], metadata: [String: String]) {
    var entries: [HeaderEntry] = []
    var metadata: [String: String]?
    var names: Set<String> = []
    try object { scanner, name throws(Failure) in
      if !names.insert(name).inserted { throw Failure(description: "the name \(quoted(name)) occurs twice") }
      if name == "__metadata__" {
        metadata = try scanner.accept(word: "null") ? [:] : scanner.metadata()
      } else {
        entries.append(try scanner.entry(name))
      }
    }
    try end()
    return (entries, metadata ?? [:])
  }

  private mutating func metadata() throws(Failure) -> [String: String] {
    var result: [String: String] = [:]
    try object { scanner, name throws(Failure) in
      let value = try scanner.string()
      if result.updateValue(value, forKey: name) != nil {
        throw Failure(description: "the metadata name \(quoted(name)) occurs twice")
      }
    }
    return result
  }

  private mutating func entry(_ name: String) throws(Failure) -> HeaderEntry {
    var dtype: String?
    var shape: [Int]?
    var offsets: [Int]?
    try object { scanner, key throws(Failure) in
      switch key {
      case "dtype" where dtype == nil: dtype = try scanner.string()
      case "shape" where shape == nil: shape = try scanner.integers()
      case "data_offsets" where offsets == nil: offsets = try scanner.integers()
      case "dtype", "shape", "data_offsets":
        throw Failure(description: "tensor \(quoted(name)) has the field \(quoted(key)) twice")
      default: _ = try scanner.value(depth: 3, isKept: false)
      }
    }
    guard let dtype, let shape, let offsets, offsets.count == 2 else {
      throw Failure(description: "tensor \(quoted(name)) lacks its dtype, its shape or its two data_offsets")
    }
    return HeaderEntry(name: name, dtype: dtype, shape: shape, begin: offsets[0], end: offsets[1])
  }
}
