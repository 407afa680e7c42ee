import MicroKernels8

private let rowCounts = [1, 2, 3, 4, 5, 8]

func columnMoments(_ check: inout Check) {
  for numbers in Numbers.allCases {
    // A mean of whole numbers is exact where the rows are a power of two.
    for rows in rowCounts where numbers == .reals || rows & (rows - 1) == 0 {
      for channels in lengths {
        check.begin()
        let data = check.operand(rows * channels, numbers)
        let (mean, squares) = (check.blank(channels), check.blank(channels))
        var (means, sums) = ([Reference](), [Reference]())
        for c in 0..<channels {
          var average = Reference()
          for r in 0..<rows { average.add(Double(data[r * channels + c]) / Double(rows)) }
          var sum = Reference()
          for r in 0..<rows {
            let x = Double(data[r * channels + c])
            sum.value += (x - average.value) * (x - average.value)
            sum.size += (abs(x) + average.size) * (abs(x) + average.size)
          }
          means.append(average)
          sums.append(sum)
        }
        VectorKernels.columnMoments(data, rows: rows, channels: channels, mean: mean, squares: squares)
        check.compare(mean, means, roundings: numbers == .integers ? 0 : rows + 2)
        // A difference carries the mean's roundings and its own, its square twice as many; then the sum's.
        check.compare(squares, sums, roundings: numbers == .integers ? 0 : 2 * (rows + 3) + rows)
      }
    }
  }
}

/// What the passes of batch normalisation take, and d = gradient * leaky'(scale * input + shift). The sign that it
/// depends on is right: a fused multiply-add rounds once, which changes no sign.
private struct Operands {
  let channels: Int
  let gradient, input, scale, shift, mean: UnsafeMutablePointer<Float>

  init(_ check: inout Check, _ numbers: Numbers, rows: Int, channels: Int) {
    self.channels = channels
    gradient = check.operand(rows * channels, numbers)
    input = check.operand(rows * channels, numbers)
    scale = check.operand(channels, numbers)
    shift = check.operand(channels, numbers)
    mean = check.operand(channels, numbers)
  }

  func affine(_ i: Int) -> Reference {
    .sum(Double(scale[i % channels]) * Double(input[i]), Double(shift[i % channels]))
  }

  func d(_ i: Int, _ slope: Float) -> Double { Double(gradient[i]) * (affine(i).value > 0 ? 1 : Double(slope)) }

  func centred(_ i: Int) -> Reference { .sum(Double(input[i]), -Double(mean[i % channels])) }
}

func affineLeaky(_ check: inout Check) {
  for numbers in Numbers.allCases {
    for slope in slopes(numbers) {
      for rows in rowCounts {
        for channels in lengths {
          for streams in channels % width == 0 ? [false, true] : [false] {
            for inPlace in [false, true] {
              check.begin()
              let operands = Operands(&check, numbers, rows: rows, channels: channels)
              let output = inPlace ? operands.input : check.blank(rows * channels)
              let wanted = (0..<rows * channels).map { leaky(operands.affine($0), slope) }
              VectorKernels.affineLeaky(
                operands.input, output, rows: rows, channels: channels, scale: operands.scale, shift: operands.shift,
                slope: slope, streams: streams)
              check.compare(output, wanted, roundings: numbers == .integers ? 0 : 2)
            }
          }
        }
      }
    }
  }
}

func affineLeakySums(_ check: inout Check) {
  for numbers in Numbers.allCases {
    for slope in slopes(numbers) {
      for rows in rowCounts {
        for channels in lengths {
          check.begin()
          let operands = Operands(&check, numbers, rows: rows, channels: channels)
          var wanted = (0..<channels).map { (gradient: Reference.sum(Double($0)), product: Reference.sum(1)) }
          let gradientSums = check.array(wanted.map { $0.gradient.value })
          let productSums = check.array(wanted.map { $0.product.value })
          for i in 0..<rows * channels {
            wanted[i % channels].gradient.add(operands.d(i, slope))
            wanted[i % channels].product.add(operands.centred(i), times: operands.d(i, slope))
          }
          VectorKernels.affineLeakySums(
            gradient: operands.gradient, input: operands.input, rows: rows, channels: channels, scale: operands.scale,
            shift: operands.shift, mean: operands.mean, slope: slope, gradientSums: gradientSums,
            productSums: productSums)
          check.compare(gradientSums, wanted.map { $0.gradient }, roundings: numbers == .integers ? 0 : rows + 2)
          check.compare(productSums, wanted.map { $0.product }, roundings: numbers == .integers ? 0 : rows + 3)
        }
      }
    }
  }
}

func normalizationGradient(_ check: inout Check) {
  for numbers in Numbers.allCases {
    for slope in slopes(numbers) {
      for rows in rowCounts {
        for channels in lengths {
          check.begin()
          let operands = Operands(&check, numbers, rows: rows, channels: channels)
          let (slant, offset) = (check.operand(channels, numbers), check.operand(channels, numbers))
          let wanted = (0..<rows * channels).map { i in
            let c = i % channels
            var sum = Reference.sum(Double(operands.scale[c]) * operands.d(i, slope), Double(offset[c]))
            sum.add(operands.centred(i), times: Double(slant[c]))
            return sum
          }
          VectorKernels.normalizationGradient(
            operands.gradient, input: operands.input, rows: rows, channels: channels, scale: operands.scale,
            shift: operands.shift, mean: operands.mean, slant: slant, offset: offset, slope: slope)
          check.compare(operands.gradient, wanted, roundings: numbers == .integers ? 0 : 4)
        }
      }
    }
  }
}
