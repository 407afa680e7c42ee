// TensorBoard's event files, as bytes: TFRecord framing and the few protobuf messages that scalars and images need.
// Fields and numbers are those of tensorflow/core/util/event.proto and framework/summary.proto. Writing the bytes to
// disk is TensorBoardWriter's.

/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), as RFC 3720 B.4 has it.
struct CRC32C {
  private let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
  }

  func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { crc, byte in crc >> 8 ^ table[Int((crc ^ UInt32(byte)) & 0xFF)] }
  }

  /// TFRecord stores checksums rotated and offset, so that a checksum of data that contains checksums stays useful.
  func masked(_ bytes: [UInt8]) -> UInt32 {
    let crc = checksum(bytes)
    return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
  }
}

/// A protobuf message under construction.
struct ProtocolBuffer {
  private(set) var bytes: [UInt8] = []

  mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func field(_ number: Int, integer: Int) {
    varint(UInt64(number) << 3)
    varint(UInt64(bitPattern: Int64(integer)))
  }

  mutating func field(_ number: Int, double: Double) {
    varint(UInt64(number) << 3 | 1)
    bytes += littleEndian(double.bitPattern)
  }

  mutating func field(_ number: Int, float: Float) {
    varint(UInt64(number) << 3 | 5)
    bytes += littleEndian(float.bitPattern)
  }

  mutating func field(_ number: Int, bytes content: [UInt8]) {
    varint(UInt64(number) << 3 | 2)
    varint(UInt64(content.count))
    bytes += content
  }

  mutating func field(_ number: Int, message: (inout ProtocolBuffer) -> Void) {
    var inner = ProtocolBuffer()
    message(&inner)
    field(number, bytes: inner.bytes)
  }
}

func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// Builds the records of one event file.
public struct TensorBoardEncoder {
  private let crc = CRC32C()

  public init() {}

  /// The record that opens every event file.
  public func version(time: Double) -> [UInt8] {
    var event = ProtocolBuffer()
    event.field(1, double: time)
    event.field(3, bytes: Array("brain.Event:2".utf8))
    return framed(event.bytes)
  }

  /// Says that training starts at `step`: TensorBoard's reader in Python then drops what it read of this and later steps.
  public func start(time: Double, step: Int) -> [UInt8] {
    var event = ProtocolBuffer()
    event.field(1, double: time)
    event.field(2, integer: step)
    event.field(7) { $0.field(1, integer: 1) }
    return framed(event.bytes)
  }

  public func scalars(time: Double, step: Int, _ values: [(tag: String, value: Float)]) -> [UInt8] {
    var event = ProtocolBuffer()
    event.field(1, double: time)
    event.field(2, integer: step)
    event.field(5) { summary in
      for (tag, value) in values {
        summary.field(1) {
          $0.field(1, bytes: Array(tag.utf8))
          $0.field(2, float: value)
        }
      }
    }
    return framed(event.bytes)
  }

  /// - Parameter png: an RGB picture as a PNG file's bytes.
  public func image(time: Double, step: Int, tag: String, png: [UInt8], width: Int, height: Int) -> [UInt8] {
    var event = ProtocolBuffer()
    event.field(1, double: time)
    event.field(2, integer: step)
    event.field(5) {
      $0.field(1) { value in
        value.field(1, bytes: Array(tag.utf8))
        value.field(4) { image in
          image.field(1, integer: height)
          image.field(2, integer: width)
          image.field(3, integer: 3)
          image.field(4, bytes: png)
        }
      }
    }
    return framed(event.bytes)
  }

  private func framed(_ event: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(event.count))
    return length + littleEndian(crc.masked(length)) + event + littleEndian(crc.masked(event))
  }
}
