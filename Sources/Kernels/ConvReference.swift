/// The referee: the three passes as plain loops in Double. Slow, and obviously right.
public enum ConvReference {
  /// input [n, h, w, c], filter [kh, kw, c, oc] -> output [n, oh, ow, oc]
  public static func forward(_ shape: ConvShape, input: [Float], filter: [Float]) -> [Double] {
    var output = [Double](repeating: 0, count: shape.outputCount)
    shape.forEachProduct { x, w, y in output[y] += Double(input[x]) * Double(filter[w]) }
    return output
  }

  /// outputGradient [n, oh, ow, oc], filter [kh, kw, c, oc] -> inputGradient [n, h, w, c]
  public static func backwardData(_ shape: ConvShape, outputGradient: [Float], filter: [Float]) -> [Double] {
    var inputGradient = [Double](repeating: 0, count: shape.inputCount)
    shape.forEachProduct { x, w, y in inputGradient[x] += Double(outputGradient[y]) * Double(filter[w]) }
    return inputGradient
  }

  /// input [n, h, w, c], outputGradient [n, oh, ow, oc] -> filterGradient [kh, kw, c, oc]
  public static func backwardFilter(_ shape: ConvShape, input: [Float], outputGradient: [Float]) -> [Double] {
    var filterGradient = [Double](repeating: 0, count: shape.filterCount)
    shape.forEachProduct { x, w, y in filterGradient[w] += Double(input[x]) * Double(outputGradient[y]) }
    return filterGradient
  }

  /// The three tensors of a convolution, of which each pass computes one from the others. Single values of a result are summed
  /// in Double: at the sizes that are worth timing, whole results take minutes.
  public struct Operands {
    /// Of the convolution.
    public let shape: ConvShape
    /// The input or its gradient.
    public let input: Buffer
    /// The filter or its gradient.
    public let filter: Buffer
    /// The output or its gradient.
    public let output: Buffer

    /// Tensors in the layouts of `ConvShape`.
    public init(_ shape: ConvShape, input: Buffer, filter: Buffer, output: Buffer) {
      (self.shape, self.input, self.filter, self.output) = (shape, input, filter, output)
    }

    /// Runs a pass of `convolution`, which overwrites its result.
    public func run(_ convolution: Convolution, _ pass: ConvPass) {
      let (input, filter, output) = (input.pointer, filter.pointer, output.pointer)
      switch pass {
      case .forward: convolution.forward(input: input, filter: filter, output: output)
      case .backwardData: convolution.backwardData(outputGradient: output, filter: filter, inputGradient: input)
      case .backwardFilter: convolution.backwardFilter(input: input, outputGradient: output, filterGradient: filter)
      }
    }

    /// What a pass overwrites.
    public func result(_ pass: ConvPass) -> Buffer {
      switch pass {
      case .forward: output
      case .backwardData: input
      case .backwardFilter: filter
      }
    }

    /// The exact value at a flat index of a pass's result: the sum over all products that have its coordinates in common.
    public func value(_ pass: ConvPass, at index: Int) -> Double {
      var axes = ConvShape.Axes(shape)
      var rest = index
      func fix(_ axis: inout Range<Int>) {
        let coordinate = rest % axis.count
        rest /= axis.count
        axis = coordinate..<coordinate + 1
      }
      switch pass {
      case .forward:
        fix(&axes.outputChannels)
        fix(&axes.outputColumns)
        fix(&axes.outputRows)
        fix(&axes.images)
      case .backwardData:
        fix(&axes.inputChannels)
        fix(&axes.inputColumns)
        fix(&axes.inputRows)
        fix(&axes.images)
      case .backwardFilter:
        fix(&axes.outputChannels)
        fix(&axes.inputChannels)
        fix(&axes.kernelColumns)
        fix(&axes.kernelRows)
      }
      let (input, filter, output) = (input.pointer, filter.pointer, output.pointer)
      var sum = 0.0
      shape.forEachProduct(axes) { x, w, y in
        switch pass {
        case .forward: sum += Double(input[x]) * Double(filter[w])
        case .backwardData: sum += Double(output[y]) * Double(filter[w])
        case .backwardFilter: sum += Double(input[x]) * Double(output[y])
        }
      }
      return sum
    }

    /// Largest |value - exact| of a pass's result over the RMS of the exact values, at the given positions; infinite where a
    /// value is not a number.
    public func error(_ pass: ConvPass, at positions: [Int]) -> Double {
      let result = result(pass).pointer
      var (worst, squares) = (0.0, 0.0)
      for index in positions {
        let exact = value(pass, at: index)
        let difference = (Double(result[index]) - exact).magnitude
        if !difference.isFinite { return .infinity }
        worst = max(worst, difference)
        squares += exact * exact
      }
      let rms = (squares / Double(positions.count)).squareRoot()
      return rms > 0 ? worst / rms : worst
    }
  }
}

extension ConvShape {
  /// Terms of the longest sum behind one value that a pass computes.
  public func reduction(_ pass: ConvPass) -> Int {
    switch pass {
    case .forward: kernelHeight * kernelWidth * inputChannels
    case .backwardData: kernelHeight * kernelWidth * outputChannels
    case .backwardFilter: batch * outputHeight * outputWidth
    }
  }

  /// What the products of a convolution run over.
  struct Axes {
    var images: Range<Int>
    var outputRows: Range<Int>
    var outputColumns: Range<Int>
    var kernelRows: Range<Int>
    var kernelColumns: Range<Int>
    var inputRows: Range<Int>
    var inputColumns: Range<Int>
    var inputChannels: Range<Int>
    var outputChannels: Range<Int>

    /// All products of `shape`.
    init(_ shape: ConvShape) {
      (images, inputChannels, outputChannels) = (0..<shape.batch, 0..<shape.inputChannels, 0..<shape.outputChannels)
      (outputRows, outputColumns) = (0..<shape.outputHeight, 0..<shape.outputWidth)
      (kernelRows, kernelColumns) = (0..<shape.kernelHeight, 0..<shape.kernelWidth)
      (inputRows, inputColumns) = (0..<shape.inputHeight, 0..<shape.inputWidth)
    }
  }

  /// Calls `body` with the flat indices (input, filter, output) of every product within `axes` that is not with padding.
  func forEachProduct(_ axes: Axes? = nil, _ body: (Int, Int, Int) -> Void) {
    let axes = axes ?? Axes(self)
    for n in axes.images {
      for i in axes.outputRows {
        for p in axes.kernelRows {
          let y = i * strideHeight + p - padTop
          guard axes.inputRows.contains(y) else { continue }
          for j in axes.outputColumns {
            for q in axes.kernelColumns {
              let x = j * strideWidth + q - padLeft
              guard axes.inputColumns.contains(x) else { continue }
              for c in axes.inputChannels {
                for o in axes.outputChannels {
                  body(
                    ((n * inputHeight + y) * inputWidth + x) * inputChannels + c,
                    ((p * kernelWidth + q) * inputChannels + c) * outputChannels + o,
                    ((n * outputHeight + i) * outputWidth + j) * outputChannels + o)
                }
              }
            }
          }
        }
      }
    }
  }
}
