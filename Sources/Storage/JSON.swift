/// A JSON value. Of values of one name the last is kept.
public enum JSON: Equatable, Sendable {
  case object([String: JSON])
  case array([JSON])
  case text(String)
  case number(Double)
  case boolean(Bool)
  case null

  /// nil where `text` is no JSON.
  public init?(_ text: String) {
    var text = text
    let value = text.withUTF8 { bytes -> JSON? in
      do throws(JSONScanner.Failure) {
        var scanner = JSONScanner(bytes, of: "the text")
        let value = try scanner.value(depth: 1, isKept: true)
        try scanner.end()
        return value
      } catch { return nil }
    }
    guard let value else { return nil }
    self = value
  }
}

/// `text` as a JSON string, in double quotes (RFC 8259, section 7). Headers of checkpoints hold it, and so their digests.
public func jsonString(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"", "\\": result += "\\" + String(scalar)
    case "\u{0}"..<"\u{20}": result += "\\u" + zeroPadded(scalar.value, 4, radix: 16)
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
