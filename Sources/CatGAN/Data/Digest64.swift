// The digest of data sets that runs keep in config.json: a run that goes on compares it. Checkpoints have another, by
// blocks, which can be computed in parallel (Storage/DataDigest.swift). Neither withstands an adversary.

import Storage

/// FNV-1a, 64 bits (Fowler, Noll, Vo): for each byte, exclusive-or, then multiply by the prime.
struct Digest64 {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }

  /// Adds the eight bytes of `word`, lowest first.
  mutating func add(_ word: UInt64) {
    for shift in 0..<8 { add(UInt8(truncatingIfNeeded: word >> (8 * UInt64(shift)))) }
  }

  static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var digest = Digest64()
    for byte in bytes { digest.add(byte) }
    return digest.value
  }

  /// 16 hexadecimal digits.
  var text: String { zeroPadded(value, 16, radix: 16) }
}
