import CHost
import MicroKernels8

/// Values, and the periods of the bias: one vector, more than one, more than there are values.
private let periods = lengths.flatMap { count in [1, 2, 5].map { (count, $0 * width) } }

func biasLeakyReLU(_ check: inout Check) {
  for numbers in Numbers.allCases {
    for slope in slopes(numbers) {
      for (count, period) in periods {
        check.begin()
        let (values, bias) = (check.operand(count, numbers), check.operand(period, numbers))
        let wanted = (0..<count).map { leaky(.sum(Double(values[$0]), Double(bias[$0 % period])), slope) }
        VectorKernels.biasLeakyReLU(values: values, count: count, bias: bias, period: period, slope: slope)
        check.compare(values, wanted, roundings: numbers == .integers ? 0 : 2)
      }
    }
  }
}

func biasTanhBytes(_ check: inout Check) {
  for (count, period) in periods + [(4096, 2 * width)] {
    for range: Float in [1, 4, 40] {
      for bad: Float? in [nil, .nan, .infinity] {
        check.begin()
        let (values, bias) = (check.operand(count, .reals), check.operand(period, .reals))
        for i in 0..<count { values[i] *= range }
        if let bad { values[count / 2] = bad }
        let bytes = check.array([UInt8](repeating: 77, count: count))
        let finite = VectorKernels.biasTanhBytes(values: values, count: count, bias: bias, period: period, bytes: bytes)
        check.count(finite == (bad == nil), 0)
        for i in 0..<count where bad == nil || i != count / 2 {
          let level = 127.5 * (tanh(Double(values[i] + bias[i % period])) + 1)
          // To nearest, where the level's error of some ten roundings of 255 leaves no doubt.
          check.count(abs(Double(bytes[i]) - level) <= 0.5 + 10 * 255 * 0x1p-24, UInt64(bytes[i]))
        }
        if !Memory.fenceStands(before: bytes) { check.count(false, 0) }
      }
    }
  }
}
