import CHost
import MicroKernels8

/// leaky(x): the same number of roundings lies within the same bound, for no slope here is above 1.
func leaky(_ x: Reference, _ slope: Float) -> Reference {
  Reference(value: x.value > 0 ? x.value : x.value * Double(slope), size: x.size)
}

/// Slopes that keep whole numbers exact, and others.
func slopes(_ numbers: Numbers) -> [Float] { numbers == .integers ? [1, 0.5] : [0.2, 0.01] }

/// output[i] = wanted(i) for arrays of all lengths.
private func elements(
  _ check: inout Check, roundings: Int, operands: Int,
  wanted: ([UnsafeMutablePointer<Float>], Int, Numbers) -> Reference,
  run: ([UnsafeMutablePointer<Float>], Int, Numbers) -> Void
) {
  for numbers in Numbers.allCases {
    for count in lengths {
      check.begin()
      let arrays = (0..<operands).map { _ in check.operand(count, numbers) }
      let references = (0..<count).map { wanted(arrays, $0, numbers) }
      run(arrays, count, numbers)
      check.compare(arrays[0], references, roundings: numbers == .integers ? 0 : roundings)
    }
  }
}

func addBias(_ check: inout Check) {
  for numbers in Numbers.allCases {
    for rows in [1, 3] {
      for channels in lengths {
        check.begin()
        let data = check.operand(rows * channels, numbers)
        let bias = check.operand(channels, numbers)
        let wanted = (0..<rows * channels).map { Reference.sum(Double(data[$0]), Double(bias[$0 % channels])) }
        VectorKernels.addBias(data, bias, rows: rows, channels: channels)
        check.compare(data, wanted, roundings: numbers == .integers ? 0 : 1)
      }
    }
  }
}

func leakyReLU(_ check: inout Check) {
  for which in 0..<2 {
    elements(&check, roundings: 1, operands: 2) { arrays, i, numbers in
      leaky(.sum(Double(arrays[1][i])), slopes(numbers)[which])
    } run: { arrays, count, numbers in
      VectorKernels.leakyReLU(arrays[1], arrays[0], count, slope: slopes(numbers)[which])
    }
    elements(&check, roundings: 1, operands: 1) { arrays, i, numbers in
      leaky(.sum(Double(arrays[0][i])), slopes(numbers)[which])
    } run: { arrays, count, numbers in
      VectorKernels.leakyReLU(arrays[0], arrays[0], count, slope: slopes(numbers)[which])
    }
  }
}

func leakyReLUBackward(_ check: inout Check) {
  for which in 0..<2 {
    elements(&check, roundings: 1, operands: 2) { arrays, i, numbers in
      .sum(Double(arrays[0][i]) * (arrays[1][i] > 0 ? 1 : Double(slopes(numbers)[which])))
    } run: { arrays, count, numbers in
      VectorKernels.leakyReLUBackward(arrays[0], output: arrays[1], count, slope: slopes(numbers)[which])
    }
  }
}

/// Within three units in the last place, as documented: sizes are such units here.
func hyperbolicTangent(_ check: inout Check) {
  func reference(_ x: Float) -> Reference {
    let value = tanh(Double(x))
    return Reference(value: value, size: Double(Float(value).ulp) / 0x1p-24)
  }
  // Both formulas and where they meet, and beyond where the result is 1.
  for (count, range) in lengths.map({ ($0, Float(1)) }) + [(4096, 0.01), (4096, 0.7), (4096, 2), (4096, 12)] {
    check.begin()
    let (input, output) = (check.operand(count, .reals), check.blank(count))
    for i in 0..<count { input[i] *= range }
    VectorKernels.tanh(input, output, count)
    check.compare(output, (0..<count).map { reference(input[$0]) }, roundings: 3)
  }
  check.begin()
  let seam: Float = 0.6
  let extremes: [Float] = [
    0, -0, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNormalMagnitude, seam, seam.nextDown, seam.nextUp, 10,
    -10,
  ]
  let input = check.array(extremes)
  let output = check.blank(extremes.count)
  VectorKernels.tanh(input, output, extremes.count)
  check.compare(output, extremes.map(reference), roundings: 3)
}

func tanhBackward(_ check: inout Check) {
  elements(&check, roundings: 4, operands: 2) { arrays, i, _ in
    let (g, y) = (Double(arrays[0][i]), Double(arrays[1][i]))
    return .sum(g * (1 - y) * (1 + y))
  } run: { arrays, count, _ in
    VectorKernels.tanhBackward(arrays[0], output: arrays[1], count)
  }
}

func scaleAndAdd(_ check: inout Check) {
  elements(&check, roundings: 1, operands: 2) { arrays, i, _ in
    .sum(0.75 * Double(arrays[1][i]), -0.5)
  } run: { arrays, count, _ in
    VectorKernels.scaleAndAdd(arrays[1], arrays[0], count, factor: 0.75, addend: -0.5)
  }
}

func addScaled(_ check: inout Check) {
  elements(&check, roundings: 1, operands: 2) { arrays, i, _ in
    .sum(Double(arrays[0][i]), 0.75 * Double(arrays[1][i]))
  } run: { arrays, count, _ in
    VectorKernels.addScaled(arrays[1], arrays[0], count, factor: 0.75)
  }
}

func addColumnSums(_ check: inout Check) {
  for numbers in Numbers.allCases {
    for rows in [1, 3, 4, 5, 9] {
      for channels in lengths {
        check.begin()
        let data = check.operand(rows * channels, numbers)
        let sums = check.array((0..<channels).map { Double($0) })
        let wanted = (0..<channels).map { c in
          var sum = Reference.sum(Double(c))
          for r in 0..<rows { sum.add(Double(data[r * channels + c])) }
          return sum
        }
        VectorKernels.addColumnSums(data, rows: rows, channels: channels, to: sums)
        check.compare(sums, wanted, roundings: numbers == .integers ? 0 : rows)
      }
    }
  }
}

/// Lengths around the runs that are added up in Float, too.
private let runLengths = lengths + [4095, 4096, 4096 + width + 3, 9000]

func dot(_ check: inout Check) {
  for numbers in Numbers.allCases {
    for count in runLengths {
      check.begin()
      let (first, second) = (check.operand(count, numbers), check.operand(count, numbers))
      var wanted = Reference()
      for i in 0..<count { wanted.add(Double(first[i]) * Double(second[i])) }
      check.compare(
        VectorKernels.dot(first, second, count), wanted,
        roundings: numbers == .integers ? 0 : min(count, 4096) / width + 2)
    }
  }
}
