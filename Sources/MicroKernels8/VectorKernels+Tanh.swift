import MicroKernels

// tanh without libm. Near zero an odd polynomial, elsewhere (1 - e) / (1 + e) with e = exp(-2|x|). The coefficients are
// least-squares fits on Chebyshev nodes, rounded to Float; the polynomial is exact to 0.2 units in the last place.

extension VectorKernels {
  @inline(never)
  public static func tanh(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int) {
    forEachVector(count) { start, lanes in
      store(tanhOf(load(input + start, lanes: lanes)), output + start, lanes: lanes)
    }
  }
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
