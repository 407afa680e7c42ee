import Kernels
import Random

/// Checks a convolution pass at randomly chosen positions of its result against sums in Double.
///
/// `ConvReference` computes whole results, which takes minutes at the sizes that are worth timing. The random positions
/// always include the corners, where padding goes wrong.
struct Referee {
  /// Products that one check may spend on its sums.
  static let budget = 40_000_000
  static let positions = 16...512

  var shape: ConvShape
  var pass: ConvPass
  /// First operand: the input, or for `.backwardData` the output gradient.
  var first: UnsafePointer<Float>
  /// Second operand: the filter, or for `.backwardFilter` the output gradient.
  var second: UnsafePointer<Float>

  /// Terms of the longest sum behind one value of the result.
  var reduction: Int {
    switch pass {
    case .forward: shape.kernelHeight * shape.kernelWidth * shape.inputChannels
    case .backwardData: shape.kernelHeight * shape.kernelWidth * shape.outputChannels
    case .backwardFilter: shape.batch * shape.outputHeight * shape.outputWidth
    }
  }

  var resultCount: Int {
    switch pass {
    case .forward: shape.outputCount
    case .backwardData: shape.inputCount
    case .backwardFilter: shape.filterCount
    }
  }

  /// Largest |value - exact| over the RMS of the exact values, at the positions tried; infinite where a value is not a
  /// number.
  func error(of result: UnsafePointer<Float>, random: inout RandomGenerator) -> Double {
    let count = min(max(Referee.budget / reduction, Referee.positions.lowerBound), Referee.positions.upperBound)
    var (worst, squares) = (0.0, 0.0)
    let corners = [0, resultCount - 1]
    for trial in 0..<count {
      let index = trial < corners.count ? corners[trial] : random.index(below: resultCount)
      let exact = value(at: index)
      let difference = (Double(result[index]) - exact).magnitude
      if !difference.isFinite { return .infinity }
      worst = max(worst, difference)
      squares += exact * exact
    }
    let rms = (squares / Double(count)).squareRoot()
    return rms > 0 ? worst / rms : worst
  }

  /// The exact value at a flat index of the result: the sum over all products that have its coordinates in common.
  func value(at index: Int) -> Double {
    let s = shape
    let sizes =
      switch pass {
      case .forward: (s.outputChannels, s.outputWidth, s.outputHeight)
      case .backwardData: (s.inputChannels, s.inputWidth, s.inputHeight)
      case .backwardFilter: (s.outputChannels, s.inputChannels, s.kernelWidth)
      }
    let a = index % sizes.0
    let b = index / sizes.0 % sizes.1
    let c = index / sizes.0 / sizes.1 % sizes.2
    let d = index / sizes.0 / sizes.1 / sizes.2
    // Of output position, tap and input position along an axis one is given, and two that fit are looked for.
    func axis(_ given: Int, _ outputs: Int, _ taps: Int, _ stride: Int, _ pad: Int, _ inputs: Int) -> [(Int, Int, Int)]
    {
      (0..<outputs).flatMap { i in (0..<taps).map { (i, $0, i * stride + $0 - pad) } }.filter { i, p, y in
        0..<inputs ~= y && given == (pass == .forward ? i : pass == .backwardData ? y : p)
      }
    }
    let isFilter = pass == .backwardFilter
    let rows = axis(isFilter ? d : c, s.outputHeight, s.kernelHeight, s.strideHeight, s.padTop, s.inputHeight)
    let columns = axis(isFilter ? c : b, s.outputWidth, s.kernelWidth, s.strideWidth, s.padLeft, s.inputWidth)
    let images = isFilter ? 0..<s.batch : d..<d + 1
    let inputChannels = pass == .forward ? 0..<s.inputChannels : isFilter ? b..<b + 1 : a..<a + 1
    let outputChannels = pass == .backwardData ? 0..<s.outputChannels : a..<a + 1
    var sum = 0.0
    for n in images {
      for (i, p, y) in rows {
        for (j, q, x) in columns {
          let input = ((n * s.inputHeight + y) * s.inputWidth + x) * s.inputChannels
          let filter = (p * s.kernelWidth + q) * s.inputChannels
          let output = ((n * s.outputHeight + i) * s.outputWidth + j) * s.outputChannels
          for c in inputChannels {
            for o in outputChannels {
              let weight = (filter + c) * s.outputChannels + o
              let left = pass == .backwardData ? output + o : input + c
              sum += Double(first[left]) * Double(second[isFilter ? output + o : weight])
            }
          }
        }
      }
    }
    return sum
  }
}
