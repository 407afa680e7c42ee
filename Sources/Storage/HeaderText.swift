/// The header as this package writes it.
extension SafeTensors {
  /// What a header says about a tensor, whose data follow those of the one before.
  struct HeaderLine {
    let name: String
    let type: String
    let shape: [Int]
    let byteCount: Int
  }

  /// The digest of the header without the entry that holds it.
  static func headerDigest(_ tensors: [HeaderLine], metadata: [String: String]) -> String {
    var metadata = metadata
    metadata[headerDigestKey] = nil
    return header(tensors, metadata: metadata).withUnsafeBytes(DataDigest.text(of:))
  }

  /// The length and the header, padded with spaces to a multiple of 8.
  static func header(_ tensors: [HeaderLine], metadata: [String: String]) -> [UInt8] {
    var text = "{\"__metadata__\":{"
    text += metadata.sorted { $0.key < $1.key }.map { "\(jsonString($0.key)):\(jsonString($0.value))" }.joined(
      separator: ",")
    text += "}"
    var offset = 0
    for tensor in tensors {
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      text += ",\(jsonString(tensor.name)):{\"dtype\":\(jsonString(tensor.type)),\"shape\":[\(shape)],"
      text += "\"data_offsets\":[\(offset),\(offset + tensor.byteCount)]}"
      offset += tensor.byteCount
    }
    text += "}"
    var bytes = Array(text.utf8)
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: -bytes.count & 7))
    let length = withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { Array($0) }
    return length + bytes
  }
}
