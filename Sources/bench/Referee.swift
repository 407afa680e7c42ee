import Kernels

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
    let window = shape.kernelHeight * shape.kernelWidth
    switch pass {
    case .forward: return window * shape.inputChannels
    case .backwardData: return window * shape.outputChannels
    case .backwardFilter: return shape.batch * shape.outputHeight * shape.outputWidth
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
  func error(of result: UnsafePointer<Float>, random: inout Random) -> Double {
    let count = min(max(Referee.budget / reduction, Referee.positions.lowerBound), Referee.positions.upperBound)
    var worst = 0.0
    var squares = 0.0
    let corners = [0, resultCount - 1]
    for trial in 0..<count {
      let index = trial < corners.count ? corners[trial] : Int(random.next() % UInt64(resultCount))
      let exact = value(at: index)
      let difference = (Double(result[index]) - exact).magnitude
      if !difference.isFinite { return .infinity }
      worst = max(worst, difference)
      squares += exact * exact
    }
    let rms = (squares / Double(count)).squareRoot()
    return rms > 0 ? worst / rms : worst
  }

  /// The exact value at a flat index of the result.
  func value(at index: Int) -> Double {
    switch pass {
    case .forward: forward(index)
    case .backwardData: backwardData(index)
    case .backwardFilter: backwardFilter(index)
    }
  }

  private func forward(_ index: Int) -> Double {
    let o = index % shape.outputChannels
    let j = index / shape.outputChannels % shape.outputWidth
    let i = index / shape.outputChannels / shape.outputWidth % shape.outputHeight
    let n = index / shape.outputChannels / shape.outputWidth / shape.outputHeight
    var sum = 0.0
    for p in 0..<shape.kernelHeight {
      let y = i * shape.strideHeight + p - shape.padTop
      guard 0..<shape.inputHeight ~= y else { continue }
      for q in 0..<shape.kernelWidth {
        let x = j * shape.strideWidth + q - shape.padLeft
        guard 0..<shape.inputWidth ~= x else { continue }
        let input = first + ((n * shape.inputHeight + y) * shape.inputWidth + x) * shape.inputChannels
        let filter = second + (p * shape.kernelWidth + q) * shape.inputChannels * shape.outputChannels + o
        for c in 0..<shape.inputChannels { sum += Double(input[c]) * Double(filter[c * shape.outputChannels]) }
      }
    }
    return sum
  }

  private func backwardData(_ index: Int) -> Double {
    let c = index % shape.inputChannels
    let x = index / shape.inputChannels % shape.inputWidth
    let y = index / shape.inputChannels / shape.inputWidth % shape.inputHeight
    let n = index / shape.inputChannels / shape.inputWidth / shape.inputHeight
    var sum = 0.0
    for p in 0..<shape.kernelHeight {
      let row = y + shape.padTop - p
      guard row >= 0, row % shape.strideHeight == 0, row / shape.strideHeight < shape.outputHeight else { continue }
      for q in 0..<shape.kernelWidth {
        let column = x + shape.padLeft - q
        guard column >= 0, column % shape.strideWidth == 0, column / shape.strideWidth < shape.outputWidth else {
          continue
        }
        let position =
          (n * shape.outputHeight + row / shape.strideHeight) * shape.outputWidth + column / shape.strideWidth
        let gradient = first + position * shape.outputChannels
        let filter = second + ((p * shape.kernelWidth + q) * shape.inputChannels + c) * shape.outputChannels
        for o in 0..<shape.outputChannels { sum += Double(gradient[o]) * Double(filter[o]) }
      }
    }
    return sum
  }

  private func backwardFilter(_ index: Int) -> Double {
    let o = index % shape.outputChannels
    let c = index / shape.outputChannels % shape.inputChannels
    let q = index / shape.outputChannels / shape.inputChannels % shape.kernelWidth
    let p = index / shape.outputChannels / shape.inputChannels / shape.kernelWidth
    var sum = 0.0
    for n in 0..<shape.batch {
      for i in 0..<shape.outputHeight {
        let y = i * shape.strideHeight + p - shape.padTop
        guard 0..<shape.inputHeight ~= y else { continue }
        for j in 0..<shape.outputWidth {
          let x = j * shape.strideWidth + q - shape.padLeft
          guard 0..<shape.inputWidth ~= x else { continue }
          sum +=
            Double(first[((n * shape.inputHeight + y) * shape.inputWidth + x) * shape.inputChannels + c])
            * Double(second[((n * shape.outputHeight + i) * shape.outputWidth + j) * shape.outputChannels + o])
        }
      }
    }
    return sum
  }
}

/// SplitMix64: numbers for filling benchmark buffers, the same in every run.
struct Random: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension Buffer {
  /// Overwrites with uniform values in [-1, 1).
  func fill(random: inout Random) {
    for i in 0..<count { pointer[i] = Float(random.next() >> 40) * 0x1p-23 - 1 }
  }
}
