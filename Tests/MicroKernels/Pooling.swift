import MicroKernels8

// Whole numbers of a few values, so that many are equal; results are exact.

func maximum(_ check: inout Check) {
  for count in lengths {
    check.begin()
    let (input, output) = (check.operand(count, .integers), check.operand(count, .integers))
    let wanted = (0..<count).map { Reference.sum(Double(max(input[$0], output[$0]))) }
    VectorKernels.maximum(input, output, count)
    check.compare(output, wanted, roundings: 0)
    // Every pair of a number and none is none.
    for (i, numbers) in [(Float.nan, 1), (1, Float.nan), (.nan, .nan)].prefix(count).enumerated() {
      (input[i], output[i]) = numbers
      VectorKernels.maximum(input, output, count)
      check.count(output[i].isNaN, 0)
    }
  }
}

func routeToEqual(_ check: inout Check) {
  for count in lengths {
    check.begin()
    let (input, output) = (check.operand(count, .integers), check.operand(count, .integers))
    let (rest, gradient) = (check.operand(count, .integers), check.operand(count, .integers))
    var (left, added): ([Reference], [Reference]) = ([], [])
    for i in 0..<count {
      let taken = input[i] == output[i] ? rest[i] : 0
      left.append(.sum(Double(rest[i] - taken)))
      added.append(.sum(Double(gradient[i]), Double(taken)))
    }
    VectorKernels.routeToEqual(input: input, output: output, rest: rest, gradient: gradient, count)
    check.compare(rest, left, roundings: 0)
    check.compare(gradient, added, roundings: 0)
  }
}
