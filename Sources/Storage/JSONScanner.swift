/// Reads JSON word by word (RFC 8259), and nothing that is none. Written by hand, because a general decoder keeps one of two
/// values of one name silently, and because a page has none.
package struct JSONScanner {
  /// What is wrong with a text, to be completed with the file's name.
  package struct Failure: Error {
    package var description: String
    package var remedy: String

    package init(description: String, remedy: String = "use an intact copy of the file") {
      self.description = description
      self.remedy = remedy
    }

    static let fetchAgain = "download or copy it again"

    /// A file of `count` bytes that should have `wanted`, or more than that.
    static func cutShort(_ count: Int, of wanted: Int, least: Bool = false) -> Failure {
      let least = least ? "at least " : ""
      return Failure(
        description: "it is cut short: \(count) of \(least)\(wanted) bytes, \(least)\(wanted - count) missing",
        remedy: fetchAgain)
    }
  }

  /// How deep values may nest, the outermost counted: the library's limit.
  static let maximumDepth = 127

  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  /// What the bytes are, for messages.
  private let what: String

  /// - Parameter bytes: valid UTF-8.
  package init(_ bytes: UnsafeBufferPointer<UInt8>, of what: String) {
    self.bytes = bytes
    self.what = what
  }

  /// Nothing but spaces may follow.
  package mutating func end() throws(Failure) {
    skipSpaces()
    if position < bytes.count { throw unexpected("the end of \(what)") }
  }

  /// Reads `{"name": value, ...}`; `member` is called after each colon and must read the value.
  package mutating func object(
    _ member: (inout JSONScanner, String) throws(Failure) -> Void
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

  /// Reads any value, sound whether it is wanted or not.
  /// - Parameter isKept: false gives null instead of what is there, which may be large.
  mutating func value(depth: Int, isKept: Bool) throws(Failure) -> JSON {
    skipSpaces()
    guard position < bytes.count else { throw unexpected("a value") }
    let first = bytes[position]
    if [UInt8(ascii: "{"), UInt8(ascii: "[")].contains(first), depth > Self.maximumDepth {
      throw Failure(description: "values nest too deeply at byte \(position)")
    }
    switch first {
    case UInt8(ascii: "{"):
      var members: [String: JSON] = [:]
      try object { scanner, name throws(Failure) in
        let value = try scanner.value(depth: depth + 1, isKept: isKept)
        if isKept { members[name] = value }
      }
      return .object(members)
    case UInt8(ascii: "["):
      var elements: [JSON] = []
      position += 1
      if accept(UInt8(ascii: "]")) { return .array([]) }
      repeat {
        let value = try value(depth: depth + 1, isKept: isKept)
        if isKept { elements.append(value) }
      } while accept(UInt8(ascii: ","))
      try expect(UInt8(ascii: "]"))
      return .array(elements)
    case UInt8(ascii: "\""): return .text(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    default:
      if accept(word: "null") { return .null }
      if accept(word: "true") { return .boolean(true) }
      if accept(word: "false") { return .boolean(false) }
      throw unexpected("a value")
    }
  }

  package mutating func number() throws(Failure) -> Double {
    skipSpaces()
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
    guard let number = Double(String(decoding: bytes[start..<position], as: UTF8.self)), number.isFinite else {
      throw Failure(description: "a number beyond all bounds at byte \(start)")
    }
    return number
  }

  package mutating func numbers() throws(Failure) -> [Double] {
    try list { scanner throws(Failure) in try scanner.number() }
  }

  mutating func integers() throws(Failure) -> [Int] {
    try list { scanner throws(Failure) in try scanner.integer() }
  }

  private mutating func list<Value>(_ value: (inout JSONScanner) throws(Failure) -> Value) throws(Failure) -> [Value] {
    var result: [Value] = []
    try expect(UInt8(ascii: "["))
    if accept(UInt8(ascii: "]")) { return result }
    repeat {
      result.append(try value(&self))
    } while accept(UInt8(ascii: ","))
    try expect(UInt8(ascii: "]"))
    return result
  }

  /// A whole number from 0 to the largest of its type, without sign, fraction, exponent or leading zeros.
  package mutating func integer<Value: FixedWidthInteger>() throws(Failure) -> Value {
    skipSpaces()
    let start = position
    var value: Value = 0
    while position < bytes.count, case let digit = Int(bytes[position]) - 48, (0...9).contains(digit) {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Value(digit))
      if overflow || carry {
        let bits = Value.bitWidth - (Value.isSigned ? 1 : 0)
        throw Failure(description: "a number beyond 2^\(bits) - 1 at byte \(start)")
      }
      value = sum
      position += 1
    }
    if position == start || (position - start > 1 && bytes[start] == UInt8(ascii: "0")) {
      throw unexpected("a whole number")
    }
    guard position < bytes.count else { return value }
    switch bytes[position] {
    case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
      throw Failure(description: "a number at byte \(start) is not written as a whole one")
    default: return value
    }
  }

  mutating func string() throws(Failure) -> String {
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
  mutating func escape() throws(Failure) -> Unicode.Scalar {
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

  mutating func hexadecimal() throws(Failure) -> UInt32 {
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

  mutating func skipSpaces() {
    while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
  }

  mutating func accept(_ byte: UInt8) -> Bool {
    skipSpaces()
    if position == bytes.count || bytes[position] != byte { return false }
    position += 1
    return true
  }

  mutating func accept(word: String) -> Bool {
    skipSpaces()
    guard bytes[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  mutating func expect(_ byte: UInt8) throws(Failure) {
    if !accept(byte) { throw unexpected("'\(Character(Unicode.Scalar(byte)))'") }
  }

  func unexpected(_ wanted: String) -> Failure {
    if position >= bytes.count { return Failure(description: "\(what) ends where \(wanted) should come") }
    return Failure(description: "\(what)'s byte \(position) is not \(wanted)")
  }
}
