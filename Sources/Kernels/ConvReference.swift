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
}

extension ConvShape {
  /// Calls `body` with the flat indices (input, filter, output) of every product that is not with padding.
  func forEachProduct(_ body: (Int, Int, Int) -> Void) {
    for n in 0..<batch {
      for i in 0..<outputHeight {
        for j in 0..<outputWidth {
          for p in 0..<kernelHeight {
            let y = i * strideHeight + p - padTop
            guard y >= 0 && y < inputHeight else { continue }
            for q in 0..<kernelWidth {
              let x = j * strideWidth + q - padLeft
              guard x >= 0 && x < inputWidth else { continue }
              for c in 0..<inputChannels {
                for o in 0..<outputChannels {
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
