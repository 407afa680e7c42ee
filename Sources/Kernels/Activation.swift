/// A function of single elements that follows a linear layer.
public enum Activation: Sendable, Hashable {
  case identity
  /// x where x > 0, otherwise slope * x; 0 <= slope <= 1.
  case leakyReLU(slope: Float)
  case tanh
  /// 1 / (1 + exp(-x)).
  case sigmoid

  /// max(x, 0).
  public static var relu: Activation { .leakyReLU(slope: 0) }
}

/// A function x * gate(x) of single elements, whose gradient follows from the input and not from the output.
public enum GatedUnit: Sendable, Hashable {
  /// x * Phi(x), where Phi is the standard normal's distribution function, exact and not one of its approximations
  /// (Hendrycks and Gimpel 2016, arXiv 1606.08415).
  case gelu
  /// x / (1 + exp(-x)), also known as swish (Elfwing et al. 2017, arXiv 1702.03118).
  case silu
}

extension Context {
  /// data [rows, channels] = activation(data + bias), in place, in one pass over memory.
  /// - Parameter bias: [channels]; nil adds none.
  public func applyBias(
    _ bias: UnsafePointer<Float>?, _ activation: Activation, to data: UnsafeMutablePointer<Float>, rows: Int,
    channels: Int
  ) {
    if bias == nil && activation == .identity { return }
    let (kernels, fold) = (self.kernels, RowFold(channels: channels, width: width))
    let bias = bias.map { repeated("bias", $0, fold) }
    parallelRowBlocks(rows: rows, channels: channels) { block in
      let p = data + block.lowerBound * channels
      if let bias {
        fold.forEach(block) { start, rows, columns in
          kernels.addBias(data + start, bias, rows: rows, channels: columns)
        }
      }
      switch activation {
      case .identity: break
      case .leakyReLU(let slope): kernels.leakyReLU(p, p, block.count * channels, slope: slope)
      case .tanh: kernels.tanh(p, p, block.count * channels)
      case .sigmoid: kernels.sigmoid(p, p, block.count * channels)
      }
    }
  }

  /// The adjoint of `applyBias`, in one pass over memory: multiplies gradient [rows, channels] in place by the
  /// activation's derivative, and sums it over the rows.
  /// - Parameters:
  ///   - output: [rows, channels], what `applyBias` left; not read for `.identity`.
  ///   - biasGradient: [channels], overwritten, or added to where `accumulate`; nil where it is not wanted.
  public func applyBiasBackward(
    _ activation: Activation, gradient: UnsafeMutablePointer<Float>, output: UnsafePointer<Float>, rows: Int,
    channels: Int, biasGradient: UnsafeMutablePointer<Float>?, accumulate: Bool
  ) {
    if biasGradient == nil && activation == .identity { return }
    let (kernels, fold) = (self.kernels, RowFold(channels: channels, width: width))
    let cut = RowCut.tasks(rows: rows, channels: channels)
    let sums = biasGradient == nil ? nil : doubles("column sums", cut.parts * fold.columns)
    parallelRowBlocks(rows: rows, channels: channels) { task, block in
      let g = gradient + block.lowerBound * channels
      let y = output + block.lowerBound * channels
      switch activation {
      case .identity: break
      case .leakyReLU(let slope): kernels.leakyReLUBackward(g, output: y, block.count * channels, slope: slope)
      case .tanh: kernels.tanhBackward(g, output: y, block.count * channels)
      case .sigmoid: kernels.sigmoidBackward(g, output: y, block.count * channels)
      }
      if let sums {
        let taskSums = sums + task * fold.columns
        if block.lowerBound == cut.range(task).lowerBound { taskSums.initialize(repeating: 0, count: fold.columns) }
        fold.forEach(block) { start, rows, columns in
          kernels.addColumnSums(gradient + start, rows: rows, channels: columns, to: taskSums)
        }
      }
    }
    guard let sums, let biasGradient else { return }
    combine(sums, tasks: cut.parts, count: fold.columns)
    for c in 0..<channels {
      let sum = stride(from: c, to: fold.columns, by: channels).reduce(0) { $0 + sums[$1] }
      biasGradient[c] = Float(sum + (accumulate ? Double(biasGradient[c]) : 0))
    }
  }
}

extension Context {
  /// output = unit(input), `count` floats. Overwrites `output`, which may be `input`.
  public func apply(
    _ unit: GatedUnit, _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, count: Int
  ) {
    let kernels = self.kernels
    parallelElements(count) { range in
      let (x, y) = (input + range.lowerBound, output + range.lowerBound)
      switch unit {
      case .gelu: kernels.gelu(x, y, range.count)
      case .silu: kernels.silu(x, y, range.count)
      }
    }
  }

  /// gradient *= unit'(input), `count` floats, in place.
  public func applyBackward(
    _ unit: GatedUnit, gradient: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, count: Int
  ) {
    let kernels = self.kernels
    parallelElements(count) { range in
      let (g, x) = (gradient + range.lowerBound, input + range.lowerBound)
      switch unit {
      case .gelu: kernels.geluBackward(g, input: x, range.count)
      case .silu: kernels.siluBackward(g, input: x, range.count)
      }
    }
  }
}
