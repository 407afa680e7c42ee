import Storage

/// What an option of a description can be.
protocol JSONValue {
  /// - Parameter what: what it is, for the sentence.
  /// - Throws: `NetworkError` where `json` is something else.
  init(_ json: JSON, _ what: String) throws(NetworkError)
}

extension Int: JSONValue {
  init(_ json: JSON, _ what: String) throws(NetworkError) {
    guard case .number(let number) = json, number == number.rounded() else {
      throw NetworkError("\(what) is to be a whole number")
    }
    // What no Int holds is too large for any use, as the largest is.
    self = Int(exactly: number) ?? (number < 0 ? .min : .max)
  }
}

extension Double: JSONValue {
  init(_ json: JSON, _ what: String) throws(NetworkError) {
    guard case .number(let number) = json else { throw NetworkError("\(what) is to be a number") }
    self = number
  }
}

extension Float: JSONValue {
  init(_ json: JSON, _ what: String) throws(NetworkError) { self = Float(try Double(json, what)) }
}

extension Bool: JSONValue {
  init(_ json: JSON, _ what: String) throws(NetworkError) {
    guard case .boolean(let value) = json else { throw NetworkError("\(what) is to be true or false") }
    self = value
  }
}

extension String: JSONValue {
  init(_ json: JSON, _ what: String) throws(NetworkError) {
    guard case .text(let text) = json else { throw NetworkError("\(what) is to be a text") }
    self = text
  }
}

extension Array: JSONValue where Element: JSONValue {
  init(_ json: JSON, _ what: String) throws(NetworkError) {
    guard case .array(let elements) = json else { throw NetworkError("\(what) is to be a list, [...]") }
    self = []
    for (index, element) in elements.enumerated() { append(try Element(element, "\(what)[\(index)]")) }
  }
}
