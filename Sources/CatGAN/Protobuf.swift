/// A message in the encoding of protocol buffers (https://protobuf.dev/programming-guides/encoding), built field by field. It
/// knows what ONNX and TensorBoard need: whole numbers that are never negative but as two's complement, floats, bytes and
/// messages within.
struct Protobuf {
  private(set) var bytes: [UInt8] = []

  mutating func put(_ field: Int, _ value: Int) {
    key(field, wireType: 0)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func put(_ field: Int, _ value: Float) {
    key(field, wireType: 5)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  mutating func put(_ field: Int, _ value: Double) {
    key(field, wireType: 1)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  mutating func put(_ field: Int, _ text: String) { put(field, Array(text.utf8)) }

  mutating func put(_ field: Int, _ message: Protobuf) { put(field, message.bytes) }

  mutating func put(_ field: Int, _ content: [UInt8]) {
    key(field, wireType: 2)
    varint(UInt64(content.count))
    bytes += content
  }

  private mutating func key(_ field: Int, wireType: Int) { varint(UInt64(field << 3 | wireType)) }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
