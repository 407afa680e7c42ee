import MicroKernels

// tanh without libm. Near zero an odd polynomial, elsewhere (1 - e) / (1 + e) with e = exp(-2|x|). The coefficients are
// least-squares fits on Chebyshev nodes, rounded to Float; both polynomials are exact to 0.2 units in the last place.

#if WIDE
  typealias Integers = SIMD16<Int32>
#else
  typealias Integers = SIMD8<Int32>
#endif

extension VectorKernels {
  @inline(never)
  public static func tanh(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int) {
    forEachVector(count) { start, lanes in
      store(tanhOf(load(input + start, lanes: lanes)), output + start, lanes: lanes)
    }
  }
}

@inline(__always)
private func polynomial(_ x: Vector, _ c: (Float, Float, Float, Float, Float)) -> Vector {
  var sum = Vector(repeating: c.4)
  sum = fma(sum, x, Vector(repeating: c.3))
  sum = fma(sum, x, Vector(repeating: c.2))
  sum = fma(sum, x, Vector(repeating: c.1))
  return fma(sum, x, Vector(repeating: c.0))
}

/// exp(x) for -126 ln 2 < x <= 0: x = n ln 2 + r with |r| <= ln 2 / 2, exp(r) = 1 + r + r^2 Q(r).
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

@inline(__always)
private func tanhOf(_ x: Vector) -> Vector {
  let size = x.replacing(with: -x, where: x .< 0)
  // tanh(10) rounds to 1.
  let clamped = size.replacing(with: 10, where: size .> 10)
  let e = exponential(clamped * -2)
  let far = (1 - e) / (1 + e)
  let square = size * size
  let near = fma(
    size * square, polynomial(square, (-0.33333316, 0.13332334, -0.053815354, 0.020894071, -0.006002023)), size)
  let result = far.replacing(with: near, where: size .< 0.6)
  return result.replacing(with: -result, where: x .< 0)
}
