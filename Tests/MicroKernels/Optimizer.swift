import CHost
import MicroKernels8

func adam(_ check: inout Check) {
  let (rate, secondScale, epsilon): (Float, Float, Float) = (0.01, 1.5, 0.001)
  for numbers in Numbers.allCases {
    // Gains that keep the moments of whole numbers exact, and PyTorch's defaults.
    let (gain1, gain2, beta2): (Float, Float, Float) = numbers == .integers ? (0.5, 0.25, 0.75) : (0.1, 0.001, 0.999)
    for count in lengths {
      check.begin()
      let (value, gradient) = (check.operand(count, numbers), check.operand(count, numbers))
      let (first, second) = (check.operand(count, numbers), check.operand(count, numbers))
      var (values, firsts, seconds) = ([Reference](), [Reference](), [Reference]())
      for i in 0..<count {
        second[i] = abs(second[i])
        let (w, g, m, v) = (Double(value[i]), Double(gradient[i]), Double(first[i]), Double(second[i]))
        var moment = Reference.sum(m)
        moment.add(.sum(g, -m), times: Double(gain1))
        let square = Reference.sum(Double(beta2) * v, Double(gain2) * g * g)
        var updated = Reference.sum(w)
        updated.add(moment, times: -Double(rate) / (sqrt(square.value) * Double(secondScale) + Double(epsilon)))
        values.append(updated)
        firsts.append(moment)
        seconds.append(square)
      }
      VectorKernels.adam(
        value: value, gradient: gradient, firstMoment: first, secondMoment: second, count, stepSize: rate,
        secondScale: secondScale, gain1: gain1, gain2: gain2, beta2: beta2, epsilon: epsilon)
      check.compare(first, firsts, roundings: numbers == .integers ? 0 : 2)
      check.compare(second, seconds, roundings: numbers == .integers ? 0 : 3)
      // Of the moment 2, of the square's root 3 / 2 + 1, then two of the divisor, product, quotient, difference.
      check.compare(value, values, roundings: 9)
    }
  }
}

func movingAverage(_ check: inout Check) {
  for numbers in Numbers.allCases {
    let gain: Float = numbers == .integers ? 0.5 : 0.001
    for count in lengths {
      check.begin()
      let (average, value) = (check.operand(count, numbers), check.operand(count, numbers))
      let wanted = (0..<count).map { i in
        var sum = Reference.sum(Double(average[i]))
        sum.add(.sum(Double(value[i]), -Double(average[i])), times: Double(gain))
        return sum
      }
      VectorKernels.movingAverage(average, value: value, count, gain: gain)
      check.compare(average, wanted, roundings: numbers == .integers ? 0 : 2)
    }
  }
}
