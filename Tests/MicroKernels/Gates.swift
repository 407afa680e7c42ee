import CHost
import MicroKernels8

// The logistic function and what multiplies by it or by the normal distribution function, with the bounds that the contract
// gives, wherever these have normal numbers.

/// Half-widths of the inputs, and how many of them.
private func cases(_ widest: Float) -> [(count: Int, range: Float)] {
  lengths.map { ($0, 1) } + [(4096, 0.01), (4096, 4), (4096, widest)]
}

/// output = wanted(input), of which the wanted is exact and its size what `roundings` refer to.
private func function(
  _ check: inout Check, widest: Float, roundings: Int, _ wanted: (Double) -> Reference,
  _ run: (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
) {
  for (count, range) in cases(widest) {
    check.begin()
    let (input, output) = (check.operand(count, .reals), check.blank(count))
    for i in 0..<count { input[i] *= range }
    run(input, output, count)
    check.compare(output, (0..<count).map { wanted(Double(input[$0])) }, roundings: roundings)
  }
}

/// gradient *= slope(input), likewise.
private func adjoint(
  _ check: inout Check, widest: Float, roundings: Int, _ slope: (Double) -> Reference,
  _ run: (UnsafeMutablePointer<Float>, UnsafePointer<Float>, Int) -> Void
) {
  for (count, range) in cases(widest) {
    check.begin()
    let (gradient, input) = (check.operand(count, .reals), check.operand(count, .reals))
    for i in 0..<count { input[i] *= range }
    var wanted: [Reference] = []
    for i in 0..<count {
      var reference = Reference()
      reference.add(slope(Double(input[i])), times: Double(gradient[i]))
      wanted.append(reference)
    }
    run(gradient, input, count)
    check.compare(gradient, wanted, roundings: roundings)
  }
}

private func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
private func distribution(_ x: Double) -> Double { erfc(-x * 0.7071067811865476) / 2 }
private func density(_ x: Double) -> Double { exp(-x * x / 2) * 0.3989422804014327 }

/// Sizes are units in the last place here.
func sigmoid(_ check: inout Check) {
  function(&check, widest: 80, roundings: 4) { x in
    Reference(value: logistic(x), size: Double(Float(logistic(x)).ulp) / 0x1p-24)
  } _: {
    VectorKernels.sigmoid($0, $1, $2)
  }
}

func sigmoidBackward(_ check: inout Check) {
  adjoint(&check, widest: 1, roundings: 3) { y in
    .sum(y * (1 - y))
  } _: {
    VectorKernels.sigmoidBackward($0, output: $1, $2)
  }
}

/// Four units in the last place are eight roundings at most, and the product is one more.
func silu(_ check: inout Check) {
  function(&check, widest: 40, roundings: 9) { x in
    .sum(x * logistic(x))
  } _: {
    VectorKernels.silu($0, $1, $2)
  }
}

/// s (1 + x (1 - s)): s is off by eight roundings of itself, 1 - s by as many of s and its own, and three follow.
func siluBackward(_ check: inout Check) {
  adjoint(&check, widest: 40, roundings: 20) { x in
    let s = logistic(x)
    return Reference(value: s * (1 + x * (1 - s)), size: s * (1 + abs(x)))
  } _: {
    VectorKernels.siluBackward($0, input: $1, $2)
  }
}

/// 1e-6 is 17 roundings, and the product is one more.
func gelu(_ check: inout Check) {
  function(&check, widest: 12, roundings: 18) { x in
    .sum(x * distribution(x))
  } _: {
    VectorKernels.gelu($0, $1, $2)
  }
}

/// Both terms are off by 17 roundings, and two follow.
func geluBackward(_ check: inout Check) {
  adjoint(&check, widest: 12, roundings: 19) { x in
    .sum(distribution(x), x * density(x))
  } _: {
    VectorKernels.geluBackward($0, input: $1, $2)
  }
}
