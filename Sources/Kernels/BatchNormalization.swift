/// What normalises rows of channels: y = leaky(scale * x + shift), with scale = gamma * inverseDeviation and
/// shift = beta - mean * scale. All arrays are [channels]; they stay the caller's.
public struct Normalization {
  /// Channels of a row.
  public let channels: Int
  /// Of the rows.
  public let mean: UnsafeMutablePointer<Float>
  /// Of the rows, 1 / sqrt(variance + epsilon).
  public let inverseDeviation: UnsafeMutablePointer<Float>
  /// What a value is multiplied by.
  public let scale: UnsafeMutablePointer<Float>
  /// What is added then.
  public let shift: UnsafeMutablePointer<Float>
  /// Of the leaky ReLU; 1 leaves it out.
  public let slope: Float

  /// By its arrays, of unspecified contents.
  public init(
    channels: Int, mean: UnsafeMutablePointer<Float>, inverseDeviation: UnsafeMutablePointer<Float>,
    scale: UnsafeMutablePointer<Float>, shift: UnsafeMutablePointer<Float>, slope: Float
  ) {
    self.channels = channels
    self.mean = mean
    self.inverseDeviation = inverseDeviation
    self.scale = scale
    self.shift = shift
    self.slope = slope
  }
}

extension Context {
  /// Mean and biased variance over the rows of data [rows, channels], in one pass over memory.
  ///
  /// Each cache-sized block takes its moments about its own mean; blocks are merged in Double by the pairwise formula
  /// (Chan, Golub, LeVeque 1983), in fixed order. Overwrites mean [channels] and variance [channels].
  public func batchMoments(
    _ data: UnsafePointer<Float>, rows: Int, channels: Int, mean: UnsafeMutablePointer<Double>,
    variance: UnsafeMutablePointer<Double>
  ) {
    let (kernels, fold) = (self.kernels, RowFold(channels: channels, width: width))
    let tasks = RowCut.tasks(rows: rows, channels: channels)
    let moments = doubles("moments", tasks.parts * 2 * channels)
    let block = scratch("block moments", tasks.parts * 2 * fold.columns)
    parallelRowBlocks(rows: rows, channels: channels) { task, range in
      let taskMean = moments + task * 2 * channels
      let taskSquares = taskMean + channels
      var before = Double(range.lowerBound - tasks.range(task).lowerBound)
      if before == 0 { taskMean.initialize(repeating: 0, count: 2 * channels) }
      fold.forEach(range) { start, rows, columns in
        let blockMean = block + task * 2 * fold.columns
        let blockSquares = blockMean + columns
        kernels.columnMoments(data + start, rows: rows, channels: columns, mean: blockMean, squares: blockSquares)
        for first in stride(from: 0, to: columns, by: channels) {
          for c in 0..<channels {
            merge(
              &taskMean[c], &taskSquares[c], before, Double(blockMean[first + c]), Double(blockSquares[first + c]),
              Double(rows))
          }
          before += Double(rows)
        }
      }
    }
    parallelColumns(channels, rows: 16 * tasks.parts) { columns in
      for c in columns {
        var total = (mean: 0.0, squares: 0.0)
        for task in 0..<tasks.parts {
          let part = moments + task * 2 * channels
          let range = tasks.range(task)
          merge(
            &total.mean, &total.squares, Double(range.lowerBound), part[c], part[channels + c], Double(range.count))
        }
        mean[c] = total.mean
        variance[c] = total.squares / Double(rows)
      }
    }
  }

  /// output = leaky(scale * input + shift) on [rows, channels]. Overwrites `output`, which may be `input`.
  /// - Parameter slope: of the leaky ReLU; 1 leaves it out.
  public func affineLeaky(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, rows: Int, channels: Int,
    scale: UnsafePointer<Float>, shift: UnsafePointer<Float>, slope: Float
  ) {
    let (kernels, fold) = (self.kernels, RowFold(channels: channels, width: width))
    let streams = input != UnsafePointer(output) && usesNonTemporalStores(output, rows: rows, channels: channels)
    let (scale, shift) = (repeated("scale", scale, fold), repeated("shift", shift, fold))
    parallelRowBlocks(rows: rows, channels: channels) { block in
      fold.forEach(block) { start, rows, columns in
        kernels.affineLeaky(
          input + start, output + start, rows: rows, channels: columns, scale: scale, shift: shift, slope: slope,
          streams: streams)
      }
    }
  }

  /// The gradient of `normalization` where mean and deviation are the batch's own (Ioffe and Szegedy 2015), in two passes
  /// over memory: the two sums, then the input's gradient.
  /// - Parameters:
  ///   - gradient: [rows, channels]; of y on entry, of x on return.
  ///   - input: x [rows, channels].
  ///   - normalization: the forward pass's.
  ///   - gammaGradient: [channels], overwritten or added to, as is betaGradient; nil where they are not wanted.
  public func batchNormalizationBackward(
    gradient: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, rows: Int, _ normalization: Normalization,
    gammaGradient: UnsafeMutablePointer<Float>?, betaGradient: UnsafeMutablePointer<Float>?, accumulate: Bool
  ) {
    let sums = batchNormalizationSums(gradient: gradient, input: input, rows: rows, normalization)
    batchNormalizationParameterGradients(
      sums, normalization, gammaGradient: gammaGradient, betaGradient: betaGradient, accumulate: accumulate)
    batchNormalizationInputGradient(
      gradient: gradient, input: input, rows: rows, normalization, sums: sums, batchRows: rows)
  }

  /// The first pass by itself: with d the gradient behind the leaky ReLU, the sums over the rows of d and of
  /// d * (x - mean).
  /// - Returns: [2 channels], valid until the context sums columns again.
  public func batchNormalizationSums(
    gradient: UnsafePointer<Float>, input: UnsafePointer<Float>, rows: Int, _ normalization: Normalization
  ) -> UnsafeMutablePointer<Double> {
    let (kernels, norm, channels) = (self.kernels, normalization, normalization.channels)
    let fold = RowFold(channels: channels, width: width)
    let (scale, shift) = (repeated("scale", norm.scale, fold), repeated("shift", norm.shift, fold))
    let mean = repeated("mean", norm.mean, fold)
    let tasks = RowCut.tasks(rows: rows, channels: channels)
    let sums = doubles("column sums", tasks.parts * 2 * channels)
    parallelRowBlocks(rows: rows, channels: channels) { task, block in
      let taskSums = sums + task * 2 * channels
      if block.lowerBound == tasks.range(task).lowerBound { taskSums.initialize(repeating: 0, count: 2 * channels) }
      fold.forEach(block) { start, rows, columns in
        func add(to sums: UnsafeMutablePointer<Double>) {
          kernels.affineLeakySums(
            gradient: gradient + start, input: input + start, rows: rows, channels: columns, scale: scale,
            shift: shift, mean: mean, slope: norm.slope, gradientSums: sums, productSums: sums + columns)
        }
        if columns == channels { return add(to: taskSums) }
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * columns) { blockSums in
          blockSums.initialize(repeating: 0)
          add(to: blockSums.baseAddress!)
          for i in 0..<columns {
            taskSums[i % channels] += blockSums[i]
            taskSums[channels + i % channels] += blockSums[columns + i]
          }
        }
      }
    }
    combine(sums, tasks: tasks.parts, count: 2 * channels)
    return sums
  }

  /// What the sums over all rows of a batch make of the parameters' gradients.
  public func batchNormalizationParameterGradients(
    _ sums: UnsafePointer<Double>, _ normalization: Normalization, gammaGradient: UnsafeMutablePointer<Float>?,
    betaGradient: UnsafeMutablePointer<Float>?, accumulate: Bool
  ) {
    let channels = normalization.channels
    for c in 0..<channels {
      let products = sums[channels + c] * Double(normalization.inverseDeviation[c])
      if let gammaGradient { gammaGradient[c] = Float(products + (accumulate ? Double(gammaGradient[c]) : 0)) }
      if let betaGradient { betaGradient[c] = Float(sums[c] + (accumulate ? Double(betaGradient[c]) : 0)) }
    }
  }

  /// The second pass by itself, over some rows of a batch of `batchRows`, whose sums are given.
  public func batchNormalizationInputGradient(
    gradient: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, rows: Int, _ normalization: Normalization,
    sums: UnsafePointer<Double>, batchRows: Int
  ) {
    let (kernels, norm, channels) = (self.kernels, normalization, normalization.channels)
    let slant = scratch("normalization slant", 2 * channels)
    let offset = slant + channels
    for c in 0..<channels {
      let deviation = Double(norm.inverseDeviation[c])
      let products = sums[channels + c] * deviation
      slant[c] = Float(-Double(norm.scale[c]) * products * deviation / Double(batchRows))
      offset[c] = Float(-Double(norm.scale[c]) * sums[c] / Double(batchRows))
    }
    let fold = RowFold(channels: channels, width: width)
    let (scale, shift) = (repeated("scale", norm.scale, fold), repeated("shift", norm.shift, fold))
    let mean = repeated("mean", norm.mean, fold)
    let (slants, offsets) = (repeated("slant", slant, fold), repeated("offset", offset, fold))
    parallelRowBlocks(rows: rows, channels: channels) { block in
      fold.forEach(block) { start, rows, columns in
        kernels.normalizationGradient(
          gradient + start, input: input + start, rows: rows, channels: columns, scale: scale, shift: shift,
          mean: mean, slant: slants, offset: offsets, slope: norm.slope)
      }
    }
  }

  /// Merges means [channels] and biased variances [channels] of `otherRows` rows into those of `rows` rows, in Double by
  /// the pairwise formula (Chan, Golub, LeVeque 1983).
  public func mergeMoments(
    mean: UnsafeMutablePointer<Double>, variance: UnsafeMutablePointer<Double>, rows: Int,
    _ otherMean: UnsafePointer<Double>, _ otherVariance: UnsafePointer<Double>, rows otherRows: Int, channels: Int
  ) {
    let (count, otherCount) = (Double(rows), Double(otherRows))
    for c in 0..<channels {
      var squares = variance[c] * count
      merge(&mean[c], &squares, count, otherMean[c], otherVariance[c] * otherCount, otherCount)
      variance[c] = squares / (count + otherCount)
    }
  }
}

/// Merges mean and sum of squares about the mean of `otherCount` samples into those of `count`.
private func merge(
  _ mean: inout Double, _ squares: inout Double, _ count: Double, _ otherMean: Double, _ otherSquares: Double,
  _ otherCount: Double
) {
  let difference = otherMean - mean
  let share = otherCount / (count + otherCount)
  mean += difference * share
  squares += otherSquares + difference * difference * count * share
}
