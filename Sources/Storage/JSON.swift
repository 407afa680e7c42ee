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
