import MicroKernels8

func read(_ check: inout Check) {
  for numbers in Numbers.allCases {
    for count in lengths + [100 * width + 3] {
      check.begin()
      let source = check.operand(count, numbers)
      var wanted = Reference()
      for i in 0..<count { wanted.add(Double(source[i])) }
      check.compare(Double(VectorKernels.read(source, count)), wanted, roundings: numbers == .integers ? 0 : count)
    }
  }
}

func copy(_ check: inout Check) {
  for count in lengths {
    check.begin()
    let (source, destination) = (check.operand(count, .reals), check.blank(count))
    VectorKernels.copy(source, destination, count)
    check.compare(destination, (0..<count).map { .unchanged(source[$0]) }, roundings: 0)
  }
}

func triad(_ check: inout Check) {
  for numbers in Numbers.allCases {
    for count in lengths {
      check.begin()
      let (first, second) = (check.operand(count, numbers), check.operand(count, numbers))
      let destination = check.blank(count)
      let wanted = (0..<count).map { Reference.sum(Double(first[$0]), 0.75 * Double(second[$0])) }
      VectorKernels.triad(first, second, factor: 0.75, destination, count)
      check.compare(destination, wanted, roundings: numbers == .integers ? 0 : 1)
    }
  }
}

func multiplyAdd(_ check: inout Check) {
  for numbers in Numbers.allCases {
    for iterations in [0, 1, 2, 20] {
      check.begin()
      let factors = check.operand(2, numbers)
      var wanted = Reference()
      for chain in 0..<12 * width {
        wanted.add(Double(chain / width))
        for _ in 0..<iterations { wanted.add(Double(factors[0]) * Double(factors[1])) }
      }
      check.compare(
        Double(VectorKernels.multiplyAdd(iterations: iterations, factors: factors)), wanted,
        roundings: numbers == .integers ? 0 : iterations + 4 + width)
    }
  }
}
