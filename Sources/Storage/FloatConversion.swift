/// Conversions between Float and the shorter formats in files, over arrays, written with integers so that they run
/// at the speed of the memory on every processor: the compiler vectorises them, and calls no library function.
public enum FloatConversion {
  /// IEEE binary16 to Float, exact; subnormal numbers, infinities and NaNs included.
  public static func widenHalf(_ half: UInt16) -> Float {
    let magnitude = UInt32(half & 0x7fff) << 13
    // The exponent's bias changes by 127 - 15 = 112; as a product it is right for subnormal numbers too.
    var bits = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
    // An exponent of all ones must stay all ones.
    if magnitude >= 0x0f80_0000 { bits |= 0x7f80_0000 }
    return Float(bitPattern: bits | UInt32(half & 0x8000) << 16)
  }

  /// Float to IEEE binary16, rounded to nearest, ties to even. Magnitudes from 65520 on become infinite, NaN stays NaN.
  public static func narrowToHalf(_ value: Float) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
    let magnitude = value.bitPattern & 0x7fff_ffff
    if magnitude > 0x7f80_0000 { return sign | 0x7e00 }
    if magnitude >= 0x477f_f000 { return sign | 0x7c00 }
    if magnitude < 0x3880_0000 {
      // Below 2^-14 a half is a multiple of 2^-24. Adding 0.5 leaves the sum's last bit at exactly 2^-24, so the
      // addition itself does the rounding.
      let rounded = Float(bitPattern: magnitude) + 0.5
      return sign | UInt16(truncatingIfNeeded: rounded.bitPattern &- Float(0.5).bitPattern)
    }
    // 13 bits are dropped: add just under half of the last kept bit, and the odd bit to break ties towards even.
    let odd = (magnitude >> 13) & 1
    let rounded = (magnitude &- 112 << 23) &+ 0xfff &+ odd
    return sign | UInt16(truncatingIfNeeded: rounded >> 13)
  }

  /// The index of the first infinity or NaN, nil if all are finite.
  static func firstNonFinite(_ values: UnsafePointer<Float>, count: Int) -> Int? {
    // Blocks, because a loop that can leave at any element is not vectorised.
    let block = 4096
    var start = 0
    while start < count {
      let end = min(start + block, count)
      var bad: UInt32 = 0
      for i in start..<end {
        let exponent = values[i].bitPattern & 0x7f80_0000
        bad |= exponent == 0x7f80_0000 ? 1 : 0
      }
      if bad != 0 { return (start..<end).first { !values[$0].isFinite } }
      start = end
    }
    return nil
  }
}
