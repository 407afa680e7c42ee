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

/// Builds the records of one event file.
package struct TensorBoardEncoder {
  private let crc = CRC32C()

  package init() {}

  /// The record that opens every event file.
  package func version(time: Double) -> [UInt8] {
    var event = Protobuf()
    event.put(1, time)
    event.put(3, "brain.Event:2")
    return framed(event)
  }

  /// Says that training starts at `step`: TensorBoard's reader in Python then drops what it read of this and later steps.
  package func start(time: Double, step: Int) -> [UInt8] {
    var session = Protobuf()
    session.put(1, 1)
    return event(time, step, 7, session)
  }

  package func scalars(time: Double, step: Int, _ values: [(tag: String, value: Float)]) -> [UInt8] {
    var summary = Protobuf()
    for (tag, value) in values {
      var entry = Protobuf()
      entry.put(1, tag)
      entry.put(2, value)
      summary.put(1, entry)
    }
    return event(time, step, 5, summary)
  }

  /// - Parameter png: an RGB picture as a PNG file's bytes.
  package func image(time: Double, step: Int, tag: String, png: [UInt8], width: Int, height: Int) -> [UInt8] {
    var image = Protobuf()
    image.put(1, height)
    image.put(2, width)
    image.put(3, 3)
    image.put(4, png)
    var entry = Protobuf()
    entry.put(1, tag)
    entry.put(4, image)
    var summary = Protobuf()
    summary.put(1, entry)
    return event(time, step, 5, summary)
  }

  private func event(_ time: Double, _ step: Int, _ field: Int, _ content: Protobuf) -> [UInt8] {
    var event = Protobuf()
    event.put(1, time)
    event.put(2, step)
    event.put(field, content)
    return framed(event)
  }

  private func framed(_ event: Protobuf) -> [UInt8] {
    let length = littleEndian(UInt64(event.bytes.count))
    return length + littleEndian(crc.masked(length)) + event.bytes + littleEndian(crc.masked(event.bytes))
  }
}

private func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
