/// Reads the JSON of a safetensors header, as strictly and as leniently as the format's own library does: fields of a
/// tensor that it does not know are skipped, and a header without metadata may say so with null. Only a name that
/// occurs twice is refused here, as the format's description has it, where the library keeps the last. That is why it
/// is written by hand: a general decoder keeps one of the two silently.
struct HeaderScanner {
  /// A header entry as it stands in the file; nothing about it has been checked but its form.
  struct Entry {
    var name: String
    var dtype: String
    var shape: [Int]
    var begin: Int
    var end: Int
  }

  /// What is wrong with the header, to be completed with the file's name.
  struct Failure: Error {
    var description: String
    var remedy = "use an intact copy of the file"

    static let fetchAgain = "download or copy it again"

    /// A file of `count` bytes that should have `wanted`, or more than that.
    static func cutShort(_ count: Int, of wanted: Int, least: Bool = false) -> Failure {
      let least = least ? "at least " : ""
      return Failure(
        description: "it is cut short: \(count) of \(least)\(wanted) bytes, \(least)\(wanted - count) missing",
        remedy: fetchAgain)
    }
  }

  /// How deep values may nest, the header itself counted: the library's limit.
  static let maximumDepth = 127

  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0

  private init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
  }

  /// - Parameter bytes: the header; must be valid UTF-8.
  static func scan(
    _ bytes: UnsafeBufferPointer<UInt8>
  ) throws(Failure) -> (entries: [Entry], metadata: [String: String]) {
    var scanner = HeaderScanner(bytes)
    return try scanner.header()
  }

  private mutating func header() throws(Failure) -> (entries: [Entry], metadata: [String: String]) {
    var entries: [Entry] = []
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
    skipSpaces()
    if position < bytes.count { throw unexpected("the end of the header") }
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

  private mutating func entry(_ name: String) throws(Failure) -> Entry {
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
      default: try scanner.skipValue(depth: 3)
      }
    }
    guard let dtype, let shape, let offsets, offsets.count == 2 else {
      throw Failure(description: "tensor \(quoted(name)) lacks its dtype, its shape or its two data_offsets")
    }
    return Entry(name: name, dtype: dtype, shape: shape, begin: offsets[0], end: offsets[1])
  }

  /// Reads `{"name": value, ...}`; `member` is called after each colon and must read the value.
  private mutating func object(
    _ member: (inout HeaderScanner, String) throws(Failure) -> Void
  ) throws(Failure) {
    try expect(UInt8(ascii: "{"))
    if accept(UInt8(ascii: "}")) { return }
    repeat {
      let name = try string()
      try expect(UInt8(ascii: ":"))
      try member(&self, name)
    } while accept(UInt8(ascii: ","))
    try expect(UInt8(ascii: "}"))
  }

  /// Reads any value that is not needed, which must be sound nonetheless.
  private mutating func skipValue(depth: Int) throws(Failure) {
    skipSpaces()
    guard position < bytes.count else { throw unexpected("a value") }
    switch bytes[position] {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      if depth > Self.maximumDepth { throw Failure(description: "values nest too deeply at byte \(position)") }
      if bytes[position] == UInt8(ascii: "{") {
        return try object { scanner, _ throws(Failure) in try scanner.skipValue(depth: depth + 1) }
      }
      position += 1
      if accept(UInt8(ascii: "]")) { return }
      repeat { try skipValue(depth: depth + 1) } while accept(UInt8(ascii: ","))
      try expect(UInt8(ascii: "]"))
    case UInt8(ascii: "\""): _ = try string()
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try skipNumber()
    default:
      for word in ["null", "true", "false"] where accept(word: word) { return }
      throw unexpected("a value")
    }
  }

  private mutating func skipNumber() throws(Failure) {
    let start = position
    func digits() throws(Failure) {
      let first = position
      while position < bytes.count, (48...57).contains(bytes[position]) { position += 1 }
      if position == first { throw unexpected("a digit") }
    }
    func next(_ characters: String) -> Bool {
      guard position < bytes.count, characters.utf8.contains(bytes[position]) else { return false }
      position += 1
      return true
    }
    _ = next("-")
    if !next("0") { try digits() }
    if next(".") { try digits() }
    if next("eE") {
      _ = next("+-")
      try digits()
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if Double(text)?.isFinite != true { throw Failure(description: "a number beyond all bounds at byte \(start)") }
  }

  private mutating func integers() throws(Failure) -> [Int] {
    var result: [Int] = []
    try expect(UInt8(ascii: "["))
    if accept(UInt8(ascii: "]")) { return result }
    repeat {
      result.append(try integer())
    } while accept(UInt8(ascii: ","))
    try expect(UInt8(ascii: "]"))
    return result
  }

  /// A whole number from 0 to the largest Int, without sign, fraction, exponent or leading zeros.
  private mutating func integer() throws(Failure) -> Int {
    skipSpaces()
    let start = position
    var value = 0
    while position < bytes.count, case let digit = Int(bytes[position]) - 48, (0...9).contains(digit) {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(digit)
      if overflow || carry { throw Failure(description: "a number beyond 2^63 - 1 at byte \(start)") }
      value = sum
      position += 1
    }
    if position == start || (position - start > 1 && bytes[start] == UInt8(ascii: "0")) {
      throw unexpected("a whole number")
    }
    return value
  }

  private mutating func string() throws(Failure) -> String {
    try expect(UInt8(ascii: "\""))
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text.append(contentsOf: String(try escape()).utf8)
      case 0..<0x20: throw Failure(description: "a control character in a text at byte \(position - 1)")
      default: text.append(byte)
      }
    }
    throw unexpected("the end of a text")
  }

  /// What follows a backslash.
  private mutating func escape() throws(Failure) -> Unicode.Scalar {
    if position == bytes.count { throw unexpected("the end of a text") }
    position += 1
    switch bytes[position - 1] {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let first = try hexadecimal()
      if let scalar = Unicode.Scalar(first) { return scalar }
      // What is no scalar is half of a pair.
      if first < 0xdc00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
        bytes[position + 1] == UInt8(ascii: "u")
      {
        position += 2
        let second = try hexadecimal()
        if (0xdc00...0xdfff).contains(second) {
          return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))!
        }
      }
      throw Failure(description: "half of a surrogate pair at byte \(position)")
    default:
      position -= 1
      throw unexpected("an escape")
    }
  }

  private mutating func hexadecimal() throws(Failure) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count, let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
        throw unexpected("a hexadecimal digit")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  private mutating func skipSpaces() {
    while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
  }

  private mutating func accept(_ byte: UInt8) -> Bool {
    skipSpaces()
    if position == bytes.count || bytes[position] != byte { return false }
    position += 1
    return true
  }

  private mutating func accept(word: String) -> Bool {
    skipSpaces()
    guard bytes[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  private mutating func expect(_ byte: UInt8) throws(Failure) {
    if !accept(byte) { throw unexpected("'\(Character(Unicode.Scalar(byte)))'") }
  }

  private func unexpected(_ wanted: String) -> Failure {
    if position >= bytes.count { return Failure(description: "the header ends where \(wanted) should come") }
    return Failure(description: "the header's byte \(position) is not \(wanted)")
  }
}
