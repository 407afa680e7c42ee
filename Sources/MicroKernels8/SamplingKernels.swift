import MicroKernels

#if WIDE
  private typealias ByteVector = SIMD16<UInt8>
#else
  private typealias ByteVector = SIMD8<UInt8>
#endif

extension VectorKernels {
  @inline(never)
  public static func biasLeakyReLU(
    values: UnsafeMutablePointer<Float>, count: Int, bias: UnsafePointer<Float>, period: Int, slope: Float
  ) {
    let lanes = Vector.scalarCount
    let slopes = Vector(repeating: slope)
    var start = 0
    while start < count {
      let end = min(start + period, count)
      var i = start
      while i + lanes <= end {
        let sum =
          UnsafeRawPointer(values + i).loadUnaligned(as: Vector.self)
          + UnsafeRawPointer(bias + (i - start)).loadUnaligned(as: Vector.self)
        let scaled = sum * slopes
        UnsafeMutableRawPointer(values + i).storeBytes(
          of: sum.replacing(with: scaled, where: sum .< scaled), as: Vector.self)
        i += lanes
      }
      while i < end {
        let sum = values[i] + bias[i - start]
        let scaled = sum * slope
        values[i] = sum < scaled ? scaled : sum
        i += 1
      }
      start = end
    }
  }

  /// Since (tanh x + 1) / 2 = 1 / (1 + exp(-2x)), one exponential and one division make the byte.
  @inline(never)
  public static func biasTanhBytes(
    values: UnsafePointer<Float>, count: Int, bias: UnsafePointer<Float>, period: Int,
    bytes: UnsafeMutablePointer<UInt8>
  ) -> Bool {
    let lanes = Vector.scalarCount
    var finite = Vector.zero
    var start = 0
    while start < count {
      let end = min(start + period, count)
      var i = start
      while i < end {
        let present = min(lanes, end - i)
        var sum = Vector.zero
        if present == lanes {
          sum =
            UnsafeRawPointer(values + i).loadUnaligned(as: Vector.self)
            + UnsafeRawPointer(bias + (i - start)).loadUnaligned(as: Vector.self)
        } else {
          for lane in 0..<present { sum[lane] = values[i + lane] + bias[i - start + lane] }
        }
        // Zero times a finite number is zero; times infinity or NaN it is NaN, and stays so.
        finite += sum * 0
        let level = roundedLevel(sum)
        if present == lanes {
          UnsafeMutableRawPointer(bytes + i).storeBytes(of: level, as: ByteVector.self)
        } else {
          for lane in 0..<present { bytes[i + lane] = level[lane] }
        }
        i += lanes
      }
      start = end
    }
    return finite == .zero
  }

  /// 255 / (1 + exp(-2x)), rounded to nearest.
  @inline(__always)
  private static func roundedLevel(_ x: Vector) -> ByteVector {
    // Beyond 16 the byte is 0 or 255 with room to spare, and the exponential stays far from overflow.
    let bounded = x.clamped(lowerBound: Vector(repeating: -16), upperBound: Vector(repeating: 16))
    let level = 255 / (1 + exponential(bounded * -2))
    // Adding 2^23 leaves the rounded whole number in the low bits of the significand.
    let shifted = level + Vector(repeating: 0x1p23)
    return ByteVector(truncatingIfNeeded: unsafeBitCast(shifted, to: Integers.self))
  }
}
