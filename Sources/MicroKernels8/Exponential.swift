// The exponential without libm. The coefficients are least-squares fits on Chebyshev nodes, rounded to Float; the polynomial is
// exact to 0.2 units in the last place.

#if WIDE
  typealias Integers = SIMD16<Int32>
#else
  typealias Integers = SIMD8<Int32>
#endif

/// c.0 + c.1 x + ... + c.4 x^4.
@inline(__always)
func polynomial(_ x: Vector, _ c: (Float, Float, Float, Float, Float)) -> Vector {
  var sum = Vector(repeating: c.4)
  sum = fma(sum, x, Vector(repeating: c.3))
  sum = fma(sum, x, Vector(repeating: c.2))
  sum = fma(sum, x, Vector(repeating: c.1))
  return fma(sum, x, Vector(repeating: c.0))
}

/// exp(x) for -126 ln 2 < x < 127 ln 2: x = n ln 2 + r with |r| <= ln 2 / 2, exp(r) = 1 + r + r^2 Q(r).
@inline(__always)
func exponential(_ x: Vector) -> Vector {
  // ln 2 in two parts: the first has trailing zeros, so that n times it is exact.
  let high: Float = 0.693359375
  let low: Float = -2.12194440e-4
  // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
  let magic: Float = 12_582_912
  let shifted = fma(x, Vector(repeating: 1.44269504), Vector(repeating: magic))
  let n = shifted - magic
  var r = fma(n, Vector(repeating: -high), x)
  r = fma(n, Vector(repeating: -low), r)
  let q = polynomial(r, (0.5, 0.16666576, 0.041666467, 0.008363175, 0.0013933644))
  let mantissa = fma(r * r, q, r) + 1
  let power = (unsafeBitCast(shifted, to: Integers.self) &+ 127) &<< 23
  return mantissa * unsafeBitCast(power, to: Vector.self)
}
