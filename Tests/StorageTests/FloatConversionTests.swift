import Testing

@testable import Storage

/// The referee is the compiler's own Float16.
@Suite struct FloatConversionTests {
  @Test func everyHalfWidensExactly() {
    for bits in UInt16.min...UInt16.max {
      let expected = Float(Float16(bitPattern: bits))
      let found = FloatConversion.widenHalf(bits)
      #expect(found.isNaN ? expected.isNaN : found.bitPattern == expected.bitPattern, "\(bits)")
      if !found.isNaN { #expect(FloatConversion.narrowToHalf(found) == bits) }
    }
  }

  /// Every half, the midpoint to the next one, and the Floats on either side of the midpoint; then a stride through all.
  @Test func narrowingRoundsToNearestEven() {
    var bits: [UInt32] = []
    for half in UInt16(0)..<0x7c00 {
      let next = half == 0x7bff ? Float(65536) : Float(Float16(bitPattern: half + 1))
      let middle = (Float(Float16(bitPattern: half)) + next) / 2
      for value in [middle.nextDown, middle, middle.nextUp] { bits += [value.bitPattern, (-value).bitPattern] }
    }
    bits += stride(from: UInt32(0), to: UInt32.max - 4999, by: 4999)
    for bits in bits {
      let value = Float(bitPattern: bits)
      let found = FloatConversion.narrowToHalf(value)
      let expected = Float16(value)
      #expect(expected.isNaN ? Float16(bitPattern: found).isNaN : found == expected.bitPattern, "\(value)")
    }
  }
}
