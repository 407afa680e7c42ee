import Layers

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Layers in Double, as their definitions read: slow, and obviously right. Images are channels last, weights in the order
/// of files.
enum Referee {
  /// y[n, i, j, o] = b[o] + sum of x[n, i s + p - top, j s + q - left, c] w[o, c, p, q].
  static func convolution(_ s: ConvShape, _ x: [Double], _ w: [Double], _ b: [Double]?) -> [Double] {
    var y = [Double](repeating: 0, count: s.outputCount)
    forEachProduct(s) { input, weight, output in y[output] += x[input] * w[weight] }
    return addBias(y, b)
  }

  /// The adjoint: every input is spread by the kernel.
  static func transposed(_ s: ConvShape, _ x: [Double], _ w: [Double], _ b: [Double]?) -> [Double] {
    var y = [Double](repeating: 0, count: s.inputCount)
    forEachProduct(s) { input, weight, output in y[input] += x[output] * w[weight] }
    return addBias(y, b)
  }

  private static func addBias(_ y: [Double], _ b: [Double]?) -> [Double] {
    guard let b else { return y }
    return y.enumerated().map { $1 + b[$0 % b.count] }
  }

  private static func forEachProduct(_ s: ConvShape, _ body: (Int, Int, Int) -> Void) {
    for n in 0..<s.batch {
      for i in 0..<s.outputHeight {
        for j in 0..<s.outputWidth {
          for p in 0..<s.kernelHeight {
            for q in 0..<s.kernelWidth {
              let (row, column) = (i * s.strideHeight + p - s.padTop, j * s.strideWidth + q - s.padLeft)
              guard 0..<s.inputHeight ~= row, 0..<s.inputWidth ~= column else { continue }
              for c in 0..<s.inputChannels {
                for o in 0..<s.outputChannels {
                  body(
                    ((n * s.inputHeight + row) * s.inputWidth + column) * s.inputChannels + c,
                    ((o * s.inputChannels + c) * s.kernelHeight + p) * s.kernelWidth + q,
                    ((n * s.outputHeight + i) * s.outputWidth + j) * s.outputChannels + o)
                }
              }
            }
          }
        }
      }
    }
  }

  /// The elements of images in the order c, h, w.
  static func planar(_ x: [Double], _ shape: Shape) -> [Double] {
    var y: [Double] = []
    for n in 0..<shape.n {
      for c in 0..<shape.c {
        for pixel in 0..<shape.h * shape.w { y.append(x[(n * shape.h * shape.w + pixel) * shape.c + c]) }
      }
    }
    return y
  }

  static func packed(_ x: [Double], _ shape: Shape) -> [Double] {
    var y = x
    for (i, from) in planar((0..<x.count).map(Double.init), shape).enumerated() { y[Int(from)] = x[i] }
    return y
  }

  /// x [n, c, h, w] flattened to [outputs], plus bias.
  static func dense(_ x: [Double], _ shape: Shape, _ w: [Double], _ b: [Double]) -> [Double] {
    let (x, size) = (planar(x, shape), shape.elements)
    return (0..<shape.n * b.count).map { i in
      let (n, o) = (i / b.count, i % b.count)
      return (0..<size).reduce(b[o]) { $0 + x[n * size + $1] * w[o * size + $1] }
    }
  }

  static func batchNorm(_ x: [Double], _ channels: Int, _ gamma: [Double], _ beta: [Double]) -> [Double] {
    let rows = Double(x.count / channels)
    var (mean, variance) = ([Double](repeating: 0, count: channels), [Double](repeating: 0, count: channels))
    for (i, value) in x.enumerated() { mean[i % channels] += value / rows }
    for (i, value) in x.enumerated() {
      variance[i % channels] += (value - mean[i % channels]) * (value - mean[i % channels]) / rows
    }
    return x.enumerated().map { i, value in
      let c = i % channels
      return (value - mean[c]) / (variance[c] + 1e-5).squareRoot() * gamma[c] + beta[c]
    }
  }

  /// Windows of an image with what a reduction makes of the values that lie inside.
  static func pool(
    _ x: [Double], _ shape: Shape, kernel: Extent, stride: Extent, pad: Int, output: Extent,
    _ reduce: ([Double]) -> Double
  ) -> [Double] {
    var y: [Double] = []
    for n in 0..<shape.n {
      for i in 0..<output.height {
        for j in 0..<output.width {
          for c in 0..<shape.c {
            var values: [Double] = []
            for row in i * stride.height - pad..<i * stride.height - pad + kernel.height {
              for column in j * stride.width - pad..<j * stride.width - pad + kernel.width {
                guard 0..<shape.h ~= row, 0..<shape.w ~= column else { continue }
                values.append(x[((n * shape.h + row) * shape.w + column) * shape.c + c])
              }
            }
            y.append(reduce(values))
          }
        }
      }
    }
    return y
  }

  static func leaky(_ x: [Double], _ slope: Double) -> [Double] { x.map { $0 > 0 ? $0 : slope * $0 } }
  static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
  static func gelu(_ x: Double) -> Double { x * erfc(-x / 2.0.squareRoot()) / 2 }
}
