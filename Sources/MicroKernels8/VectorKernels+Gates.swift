import MicroKernels

// The logistic function, and what multiplies an input by it or by the normal distribution function.

extension VectorKernels {
  @inline(never)
  public static func sigmoid(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int) {
    forEachVector(count) { start, lanes in
      store(logistic(load(input + start, lanes: lanes)), output + start, lanes: lanes)
    }
  }

  @inline(never)
  public static func sigmoidBackward(
    _ gradient: UnsafeMutablePointer<Float>, output: UnsafePointer<Float>, _ count: Int
  ) {
    forEachVector(count) { start, lanes in
      let y = load(output + start, lanes: lanes)
      store(load(gradient + start, lanes: lanes) * (y * (1 - y)), gradient + start, lanes: lanes)
    }
  }

  @inline(never)
  public static func silu(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int) {
    forEachVector(count) { start, lanes in
      let x = load(input + start, lanes: lanes)
      store(x * logistic(x), output + start, lanes: lanes)
    }
  }

  @inline(never)
  public static func siluBackward(
    _ gradient: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, _ count: Int
  ) {
    forEachVector(count) { start, lanes in
      let x = load(input + start, lanes: lanes)
      let s = logistic(x)
      let slope = s * fma(x, 1 - s, Vector(repeating: 1))
      store(load(gradient + start, lanes: lanes) * slope, gradient + start, lanes: lanes)
    }
  }

  @inline(never)
  public static func gelu(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int) {
    forEachVector(count) { start, lanes in
      let x = load(input + start, lanes: lanes)
      store(x * normal(x).distribution, output + start, lanes: lanes)
    }
  }

  @inline(never)
  public static func geluBackward(
    _ gradient: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, _ count: Int
  ) {
    forEachVector(count) { start, lanes in
      let x = load(input + start, lanes: lanes)
      let (distribution, density) = normal(x)
      store(
        load(gradient + start, lanes: lanes) * fma(x, density, distribution), gradient + start, lanes: lanes)
    }
  }
}

/// x where it is not above `limit`, NaN among it; `limit` otherwise.
@inline(__always)
private func limited(_ x: Vector, _ limit: Float) -> Vector {
  x.replacing(with: Vector(repeating: limit), where: x .> limit)
}

@inline(__always)
private func absolute(_ x: Vector) -> Vector { x.replacing(with: -x, where: x .< 0) }

/// 1 / (1 + exp(-x)), from the exponential of a negative number, which neither overflows nor cancels.
@inline(__always)
private func logistic(_ x: Vector) -> Vector {
  // exp(-87) is the last power of e that is a normal number.
  let e = exponential(-limited(absolute(x), 87))
  let one = Vector(repeating: 1)
  return one.replacing(with: e, where: x .< 0) / (1 + e)
}

/// Distribution function and density of the standard normal distribution. The first is erfc(z) / 2 below zero and
/// 1 - erfc(z) / 2 above, z = |x| / sqrt 2, where erfc(z) = exp(-z^2) P(t), t = 1 / (1 + 0.4 z). P is a least-squares fit
/// of relative errors on Chebyshev nodes for z in 0...10, rounded to Float; it is off by at most 8e-8 of itself.
@inline(__always)
private func normal(_ x: Vector) -> (distribution: Vector, density: Vector) {
  let coefficients: (Float, Float, Float, Float, Float, Float, Float, Float, Float) = (
    0.22563776, 0.22637913, 0.20236965, 0.19141513, 0.0846027, 0.080683574, 0.090559445, -0.14358912, 0.0419418
  )
  // The first power of e that is no normal number lies beyond.
  let size = limited(absolute(x), 13.15)
  let z = size * 0.70710678
  let t = 1 / fma(z, Vector(repeating: 0.4), Vector(repeating: 1))
  var p = Vector(repeating: coefficients.8)
  p = fma(p, t, Vector(repeating: coefficients.7))
  p = fma(p, t, Vector(repeating: coefficients.6))
  p = fma(p, t, Vector(repeating: coefficients.5))
  p = fma(p, t, Vector(repeating: coefficients.4))
  p = fma(p, t, Vector(repeating: coefficients.3))
  p = fma(p, t, Vector(repeating: coefficients.2))
  p = fma(p, t, Vector(repeating: coefficients.1))
  p = fma(p, t, Vector(repeating: coefficients.0)) * t
  // From x and not from z, whose rounding would be worth z^2 units in the last place of the exponential, as what rounding
  // leaves of x^2 is.
  let square = size * size
  let left = fma(size, size, -square) * 0.5
  let power = exponential(square * -0.5)
  let e = power - power * left
  let half = e * p * 0.5
  return (half.replacing(with: 1 - half, where: x .> 0), e * 0.3989423)
}
